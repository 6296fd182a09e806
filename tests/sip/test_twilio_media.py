"""SDP, re-INVITE, long calls: items 22-28 of what Twilio sees on the wire, by their numbers."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    MediaChanged,
    NotAcceptable,
    Request,
    SessionEnded,
)

from .harness import (
    MEDIA,
    OFFER,
    Caller,
    World,
    connected,
    incoming,
    statuses,
)


@pytest.mark.parametrize("number", [96, 101, 127])
def test_twilio_22_digits_come_and_go_under_the_offered_number(
    number: int, world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=OFFER.replace("101", str(number)))
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    body = world.sent()[0].body.decode()
    assert f"m=audio 10000 RTP/AVP 0 {number}\r\n" in body
    assert f"a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n" in body
    assert session.media is not None
    assert session.media.telephone_event == session.media.telephone_event_receive == number


def test_twilio_23_without_telephone_event_digits_go_in_band(world: World, caller: Caller) -> None:
    """And never by INFO, which is not in Allow."""
    offer = OFFER.replace(" 101\n", "\n").replace("a=rtpmap:101 telephone-event/8000\n", "")
    session = incoming(world, caller, body=offer.replace("a=fmtp:101 0-16\n", ""))
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    assert session.media is not None
    assert session.media.telephone_event is None
    assert b"telephone-event" not in ok.body
    assert "INFO" not in (ok.headers.get("Allow") or "")


REINVITES = [
    ("a=sendonly", "a=recvonly", False, True),
    ("a=inactive", "a=inactive", False, False),
    ("a=recvonly", "a=sendonly", True, False),
    ("c=IN IP4 0.0.0.0", "a=recvonly", False, True),
]


@pytest.mark.parametrize(("line", "answer", "sending", "receiving"), REINVITES)
def test_twilio_24_hold_and_resume(
    line: str, answer: str, sending: bool, receiving: bool, world: World, caller: Caller
) -> None:
    session = connected(world, caller)
    hold = OFFER.replace("a=sendrecv", line)
    messages = world.receive(caller.reinvite(hold))
    assert statuses(messages) == [100, 200]
    body = messages[-1].body.decode()
    assert f"{answer}\r\n" in body
    assert "o=- 4711 2 IN" in body
    changed = world.event(MediaChanged)
    assert (changed.media.sending, changed.media.receiving) == (sending, receiving)
    world.receive(caller.ack())
    body = world.receive(caller.reinvite())[-1].body.decode()
    assert "a=sendrecv" in body
    assert "o=- 4711 3 IN" in body
    world.receive(caller.ack())
    media = world.event(MediaChanged).media
    assert media.sending
    assert media.receiving
    assert session.media == media
    assert world.run(40) == []


def test_twilio_24_unchanged_reinvite_keeps_the_version(world: World, caller: Caller) -> None:
    connected(world, caller)
    messages = world.receive(caller.reinvite())
    assert "o=- 4711 1 IN" in messages[-1].body.decode()
    assert world.events() == []


def test_twilio_24_new_address_and_port_are_obeyed(world: World, caller: Caller) -> None:
    connected(world, caller)
    moved = OFFER.replace("168.86.138.121", "168.86.140.7").replace("12692", "20002")
    world.receive(caller.reinvite(moved))
    media = world.event(MediaChanged).media
    assert (media.remote, media.remote_rtcp) == (("168.86.140.7", 20002), ("168.86.140.7", 20003))


def test_twilio_24_reinvite_without_sdp_gets_a_full_offer(world: World, caller: Caller) -> None:
    connected(world, caller)
    messages = world.receive(caller.reinvite(None))
    assert "m=audio 10000 RTP/AVP 0 8 101\r\n" in messages[-1].body.decode()
    assert world.events() == []
    world.receive(caller.ack(OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 8")))
    assert world.event(MediaChanged).media.codec.name == "PCMA"


def test_twilio_24_bad_answer_to_a_reinvite_keeps_the_call(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    before = session.media
    world.receive(caller.reinvite(None))
    world.receive(caller.ack())
    assert world.events() == []
    assert (session.state, session.media) == ("confirmed", before)


@pytest.mark.parametrize(
    ("body", "extra", "status"),
    [
        (OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 18"), (), 488),
        (OFFER.replace("RTP/AVP", "RTP/SAVP"), (), 488),
        ("v=1\nhello\n", (), 400),
        ("hello", [("Content-Type", "text/plain")], 415),
        (OFFER, [("Require", "timer")], 420),
    ],
)
def test_twilio_24_a_refused_reinvite_keeps_the_call(
    body: str, extra: list[tuple[str, str]], status: int, world: World, caller: Caller
) -> None:
    session = connected(world, caller)
    before = session.media
    assert statuses(world.receive(caller.reinvite(body, extra=extra)))[-1] == status
    world.receive(caller.ack_refusal())
    assert session.state == "confirmed"
    assert session.media == before
    assert statuses(world.receive(caller.reinvite())) == [100, 200]


def test_twilio_24_a_reinvite_before_the_last_is_finished(world: World, caller: Caller) -> None:
    connected(world, caller)
    world.receive(caller.reinvite())
    late = world.receive(caller.reinvite())[-1]
    assert statuses([late]) == [500]
    assert 0 <= int(late.headers.get("Retry-After") or "-1") <= 10


def test_twilio_24_unacknowledged_reinvite_ends_the_call(world: World, caller: Caller) -> None:
    connected(world, caller)
    world.receive(caller.reinvite())
    sent = world.run(33)
    assert [message.start_line for _, message in sent if isinstance(message, Request)] != []
    assert world.event(SessionEnded).cause is EndCause.ACK_TIMEOUT


@pytest.mark.parametrize("old", [1, 29043])
def test_twilio_24_a_lower_cseq_is_out_of_order(old: int, world: World, caller: Caller) -> None:
    connected(world, caller)
    caller.cseq = old - 1
    assert statuses(world.receive(caller.reinvite()))[-1] == 500


OPUS = "RTP/AVP 96\na=rtpmap:96 opus/48000/2"


@pytest.mark.parametrize(
    ("offer", "codec", "warning"),
    [
        (OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 8 101"), "PCMA", ""),
        (OFFER.replace("RTP/AVP 0 8 101", OPUS), "", "305"),
        (OFFER.replace("m=audio", "m=video"), "", "304"),
        (OFFER.partition("m=audio")[0], "", "304"),
        (OFFER.replace("RTP/AVP", "RTP/SAVP"), "", "302"),
    ],
)
def test_twilio_26_offers(
    offer: str, codec: str, warning: str, world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=offer)
    if codec:
        session.prepare(MEDIA, world.now)
        assert session.media is not None
        assert session.media.codec.name == codec
        return
    with pytest.raises(NotAcceptable) as caught:
        session.prepare(MEDIA, world.now)
    session.reject(caught.value.status, world.now, warning=caught.value.warning)
    (refusal,) = world.sent()
    assert statuses([refusal]) == [488]
    assert (refusal.headers.get("Warning") or "").startswith(f"{warning} tipring ")


def test_twilio_26_delayed_offer(world: World, caller: Caller) -> None:
    session = incoming(world, caller, body=None)
    session.prepare(MEDIA, world.now)
    assert session.media is None
    session.answer(world.now)
    (ok,) = world.sent()
    caller.hear([ok])
    assert b"m=audio 10000 RTP/AVP 0 8 101\r\n" in ok.body
    world.receive(caller.ack(OFFER))
    assert world.event(Answered).session is session
    assert session.media is not None
    assert session.media.remote == ("168.86.138.121", 12692)


@pytest.mark.parametrize("answer", [None, OFFER.replace("RTP/AVP", "RTP/SAVP"), "v=1\nx"])
def test_twilio_26_delayed_offer_with_an_unusable_answer(
    answer: str | None, world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=None)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    (bye,) = world.receive(caller.ack(answer))
    assert bye.start_line.startswith("BYE ")
    assert world.event(SessionEnded).cause is EndCause.NEGOTIATION


def test_twilio_27_session_timers_are_left_alone(world: World, caller: Caller) -> None:
    timers = [("Supported", "timer,100rel"), ("Min-SE", "90"), ("Session-Expires", "90")]
    session = incoming(world, caller, extra=timers)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    messages = world.sent()
    for message in messages:
        for name in ("Require", "Session-Expires", "RSeq", "Supported", "Min-SE"):
            assert name not in message.headers
    caller.hear(messages)
    world.receive(caller.ack())
    world.events()
    assert world.run(3600) == []
    assert session.state == "confirmed"


def test_twilio_27_unknown_require(world: World, caller: Caller) -> None:
    _, refusal = world.receive(caller.invite(extra=[("Require", "100rel, foo")]))
    assert statuses([refusal]) == [420]
    assert refusal.headers.get("Unsupported") == "100rel, foo"


def test_twilio_28_a_day_long_call(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    assert world.run(86400) == []
    assert statuses(world.receive(caller.reinvite())) == [100, 200]
    world.receive(caller.ack())
    session.hang_up(world.now)
    assert world.sent()[0].start_line.startswith("BYE ")
