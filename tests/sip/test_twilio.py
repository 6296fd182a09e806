"""What Twilio sees on the wire, item by item; the numbers are those of the project's checklist."""

from __future__ import annotations

import re

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    Flow,
    HeaderFacts,
    InboundAuth,
    IncomingCall,
    LocalMedia,
    MediaChanged,
    NotAcceptable,
    Refused,
    Request,
    Response,
    SessionEnded,
    SessionOver,
    StackSettings,
)

from .harness import (
    EDGE,
    FLOW,
    LOCAL,
    MEDIA,
    OFFER,
    RECORD_ROUTES,
    Caller,
    World,
    answer_ours,
    connected,
    incoming,
    statuses,
)


def reason_header(facts: HeaderFacts) -> list[tuple[str, str]]:
    return [("X-Gateway-Reason", facts.reason), ("X-Gateway-Status", facts.status)]


def line_header(facts: HeaderFacts) -> list[tuple[str, str]]:
    return [("X-Gateway-Line", facts.line)]


WITH_HEADERS = StackSettings(final_headers=reason_header, ok_headers=line_header)


def answered(world: World, caller: Caller) -> Response:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (message,) = world.sent()
    assert isinstance(message, Response)
    caller.hear([message])
    return message


# --- call stands or falls ----------------------------------------------------------------------


def test_twilio_01_trying_goes_first(world: World, caller: Caller) -> None:
    (first,) = world.receive(caller.invite())
    assert isinstance(first, Response)
    assert (first.status, first.reason, first.to.tag) == (100, "Trying", "")


def test_twilio_02_every_via_in_order_and_text(world: World, caller: Caller) -> None:
    flow = FLOW._replace(remote=("54.172.60.0", 46905))
    text = caller.invite()
    world.stack.receive(text.encode(), flow, world.now)
    ((target, message),) = world.sent_to()
    sent = [line[5:] for line in text.split("\r\n") if line.startswith("Via: ")]
    got = message.headers.get_all("Via")
    assert got[1:] == sent[1:]
    assert got[0] == sent[0].replace(";rport", ";rport=46905") + ";received=54.172.60.0"
    assert target.remote == ("54.172.60.0", 46905)


@pytest.mark.parametrize(
    "routes",
    [
        RECORD_ROUTES,
        RECORD_ROUTES[:1],
        (", ".join(RECORD_ROUTES),),
        ("<sip:107.21.231.147:5060;lr;ftag=31945052_6772d868>", "<sip:a;lr>,<sip:b;r2=on;lr>"),
    ],
)
def test_twilio_03_record_route_is_copied_byte_by_byte(
    routes: tuple[str, ...], world: World, caller: Caller
) -> None:
    caller.record_routes = routes
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    messages = world.sent()
    assert statuses(messages) == [180, 200]
    for message in messages:
        assert tuple(message.headers.get_all("Record-Route")) == routes


FLOW_V6 = Flow("udp", ("2001:db8::9", 5060), ("2001:db8::1", 5060))


@pytest.mark.parametrize(
    ("public", "flow", "contact"),
    [
        (None, FLOW, "<sip:+11234567890@203.0.113.5:5060;transport=udp>"),
        ("gw.example.net", FLOW, "<sip:+11234567890@gw.example.net:5060;transport=udp>"),
        ("2001:db8::5", FLOW_V6, "<sip:+11234567890@[2001:db8::5]:5060;transport=udp>"),
        # An address of the other family would lead nowhere.
        ("2001:db8::5", FLOW, "<sip:+11234567890@203.0.113.5:5060;transport=udp>"),
        ("198.51.100.7", FLOW_V6, "<sip:+11234567890@[2001:db8::9]:5060;transport=udp>"),
        ("gw.example.net", FLOW_V6, "<sip:+11234567890@gw.example.net:5060;transport=udp>"),
        (
            "gw.example.net",
            Flow("tls", ("10.0.0.2", 5061), EDGE),
            "<sip:+11234567890@gw.example.net:5061;transport=tls>",
        ),
    ],
)
def test_twilio_04_contact_is_the_listener(public: str | None, flow: Flow, contact: str) -> None:
    world = World(StackSettings(public_host=public))
    world.receive(Caller().invite(), flow)
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    assert [message.headers.get("Contact") for message in world.sent()] == [contact, contact]


def test_twilio_05_answer(world: World, caller: Caller) -> None:
    body = answered(world, caller).body.decode().split("\r\n")
    assert body == [
        "v=0",
        "o=- 4711 1 IN IP4 203.0.113.5",
        "s=-",
        "c=IN IP4 203.0.113.5",
        "t=0 0",
        "m=audio 10000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


def test_twilio_06_ack_is_matched_by_dialog_alone(world: World, caller: Caller) -> None:
    answered(world, caller)
    ack = caller.ack().replace("54.172.60.0:5060", "198.51.100.77:9999")
    ack = ack.replace("<sip:+10987654321@example.pstn.twilio.com:5060>", "<sip:x@y>")
    world.receive(ack, FLOW._replace(remote=("198.51.100.77", 1234)))
    assert isinstance(world.event(Answered), Answered)
    assert world.run(40) == []


def test_twilio_06_success_repeats_then_bye(world: World, caller: Caller) -> None:
    answered(world, caller)
    sent = world.run(32)
    assert [at for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32.0]
    assert isinstance(sent[-1][1], Request)
    assert world.event(SessionEnded).cause is EndCause.ACK_TIMEOUT


@pytest.mark.parametrize("number", [-1, 1])
def test_twilio_06_an_ack_with_another_cseq_is_not_ours(
    number: int, world: World, caller: Caller
) -> None:
    answered(world, caller)
    world.receive(caller.ack(cseq=caller.cseq + number))
    assert world.events() == []


def test_twilio_07_bye_route_set(world: World, caller: Caller) -> None:
    connected(world, caller).hang_up(world.now)
    ((flow, bye),) = world.sent_to()
    assert bye.start_line == "BYE sip:+10987654321@172.25.75.240:5060;transport=udp SIP/2.0"
    assert tuple(bye.headers.get_all("Route")) == RECORD_ROUTES
    assert flow.remote == ("54.172.60.0", 5060)
    assert len(bye.vias) == 1
    assert bye.vias[0].host == "203.0.113.5"
    assert re.fullmatch(r"z9hG4bK[0-9a-f]{20}", bye.vias[0].branch)
    assert bye.from_.tag == caller.to_tag
    assert bye.from_.uri.user == "+11234567890"
    assert bye.to.tag == caller.from_tag
    assert bye.cseq == (1, "BYE")
    assert bye.headers.get("Max-Forwards") == "70"


@pytest.mark.parametrize(
    ("routes", "uri", "sent_routes", "hop"),
    [
        (
            ("<sip:edge.example;lr>, <sip:inner.example:5070;lr>",),
            "sip:+10987654321@172.25.75.240:5060;transport=udp",
            ["<sip:edge.example;lr>", "<sip:inner.example:5070;lr>"],
            ("edge.example", 5060),
        ),
        (
            ("<sip:strict.example:5062>", "<sip:inner.example;lr>"),
            "sip:strict.example:5062",
            [
                "<sip:inner.example;lr>",
                "<sip:+10987654321@172.25.75.240:5060;transport=udp>",
            ],
            ("strict.example", 5062),
        ),
        ((), "sip:+10987654321@172.25.75.240:5060;transport=udp", [], EDGE),
        (
            ("<nonsense>",),
            "sip:+10987654321@172.25.75.240:5060;transport=udp",
            ["<nonsense>"],
            EDGE,
        ),
    ],
)
def test_twilio_07_next_hop(
    routes: tuple[str, ...],
    uri: str,
    sent_routes: list[str],
    hop: tuple[str, int],
    world: World,
    caller: Caller,
) -> None:
    caller.record_routes = routes
    connected(world, caller).hang_up(world.now)
    ((flow, bye),) = world.sent_to()
    assert isinstance(bye, Request)
    assert (str(bye.uri), bye.headers.get_all("Route"), flow.remote) == (uri, sent_routes, hop)


def test_twilio_07_a_connection_is_its_own_way_back(caller: Caller) -> None:
    world = World()
    flow = Flow("tls", ("203.0.113.5", 5061), ("54.172.60.0", 58540))
    caller.hear(world.receive(caller.invite(), flow))
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack(), flow)
    session.hang_up(world.now)
    ((used, bye),) = world.sent_to()
    assert used == flow
    assert bye.vias[0].transport == "TLS"


def test_twilio_08_bye_from_the_peer(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    bye = caller.bye()
    assert statuses(world.receive(bye)) == [200]
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.session) == (EndCause.REMOTE_BYE, session)
    assert ended.request is not None
    assert statuses(world.receive(bye)) == [200]
    first, second = [data for _, _, data in world.log][-2:]
    assert first == second
    assert world.events() == []
    assert statuses(world.receive(caller.bye())) == [481]


def test_twilio_08_bye_for_an_unknown_dialog(world: World, caller: Caller) -> None:
    caller.to_tag = "nobody"
    assert statuses(world.receive(caller.bye())) == [481]
    assert world.event(Refused).status == 481


def test_twilio_09_cancel(caller: Caller) -> None:
    world = World(WITH_HEADERS)
    session = incoming(world, caller)
    session.ring(world.now)
    caller.hear(world.sent())
    ok, terminated = world.receive(caller.cancel())
    assert statuses([ok, terminated]) == [200, 487]
    assert ok.cseq.method == "CANCEL"
    assert terminated.cseq.method == "INVITE"
    assert terminated.to.tag == ok.to.tag == caller.to_tag
    assert terminated.headers.get("X-Gateway-Reason") == "cancelled"
    assert len(terminated.vias) == 2
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status) == (EndCause.CANCELLED, 487)
    world.receive(caller.ack_refusal())
    assert world.run(40) == []


def test_twilio_09_cancel_after_the_answer_means_nothing(world: World, caller: Caller) -> None:
    answered(world, caller)
    assert statuses(world.receive(caller.cancel())) == [200]
    assert world.events() == []
    world.receive(caller.ack())
    assert isinstance(world.event(Answered), Answered)


def test_twilio_09_cancel_without_a_match(world: World, caller: Caller) -> None:
    caller.invite()
    assert statuses(world.receive(caller.cancel())) == [481]


def test_twilio_10_ringing_goes_on_for_ten_minutes(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.ring(world.now)
    world.sent()
    sent = world.run(605)
    assert [at for at, _ in sent] == [60.0 * minute for minute in range(1, 11)]
    assert set(statuses(message for _, message in sent)) == {180}
    assert session.state == "ringing"
    assert statuses(world.receive(caller.cancel())) == [200, 487]
    assert world.run(60) != []
    assert world.stack.next_deadline() is None


def test_twilio_13_the_same_invite_by_another_way_is_482(world: World, caller: Caller) -> None:
    world.receive(caller.invite())
    assert statuses(world.receive(caller.invite())) == [100, 482]
    assert len([event for event in world.events() if isinstance(event, IncomingCall)]) == 1


def test_twilio_13_repeats_get_the_last_response(world: World, caller: Caller) -> None:
    text = caller.invite()
    caller.hear(world.receive(text))
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    world.sent()
    assert statuses(world.receive(text)) == [180]
    session.answer(world.now)
    caller.hear(world.sent())
    assert statuses(world.receive(text)) == [200]
    world.receive(caller.ack())
    assert world.receive(text) == []


def test_twilio_14_configured_headers_on_the_200(caller: Caller) -> None:
    def headers(facts: HeaderFacts) -> list[tuple[str, str]]:
        return [
            ("X-Gateway-Line", facts.line),
            ("X-gateway-LINE", "twice"),
            ("X-Odd", "a\r\nX-Evil: b\x00\u00e9c"),
            ("X Bad", "no token"),
            ("X-Big", "x" * 2000),
            ("Contact", "<sip:evil@example.com>"),
            ("l", "0"),
            ("X-Call", f"{facts.call} {facts.codec} {facts.sid}"),
        ]

    world = World(StackSettings(ok_headers=headers))
    session = incoming(world, caller)
    session.describe(line="phone1", call="c42")
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (message,) = world.sent()
    custom = [(name, value) for name, value in message.headers if name.lower().startswith("x")]
    assert custom == [
        ("X-Gateway-Line", "phone1"),
        ("X-Odd", "aX-Evil: bc"),
        ("X-Call", "c42 PCMU CA" + "fedcba9876543210" * 2),
    ]
    assert sum(len(name) + len(value) + 4 for name, value in custom) < 1024


@pytest.mark.parametrize("status", [404, 480, 486, 488, 603])
def test_twilio_15_configured_headers_on_every_refusal(status: int, caller: Caller) -> None:
    world = World(WITH_HEADERS)
    incoming(world, caller).reject(status, world.now, reason="because")
    (message,) = world.sent()
    assert message.headers.get("X-Gateway-Reason") == "because"
    assert message.headers.get("X-Gateway-Status") == str(status)


def test_twilio_15_configured_headers_on_both_kinds_of_bye(caller: Caller) -> None:
    world = World(WITH_HEADERS)
    session = connected(world, caller)
    world.run(61.5)
    session.hang_up(world.now, reason="phone-hung-up")
    (bye,) = world.sent()
    assert bye.headers.get("X-Gateway-Reason") == "phone-hung-up"
    other = Caller("other-call")
    connected(world, other).describe(reason="far-end")
    (ok,) = world.receive(other.bye())
    assert ok.headers.get("X-Gateway-Reason") == "far-end"


@pytest.mark.parametrize("auth", [None, InboundAuth("tipring", {"alice": "s"})])
def test_twilio_15_configured_headers_on_the_stacks_own_refusals(auth: InboundAuth | None) -> None:
    """All but 401 and 407, which are no answer to the call yet."""
    world = World(StackSettings(auth=auth, final_headers=reason_header))
    answers = world.receive(Caller().invite(extra=[] if auth else [("Require", "100rel")]))
    assert statuses(answers) == [100, 401 if auth else 420]
    assert answers[-1].headers.get("X-Gateway-Reason") == (None if auth else "bad-extension")


def test_twilio_15_duration_and_codec_in_the_facts(caller: Caller) -> None:
    world = World(StackSettings(final_headers=lambda f: [("X-D", f"{f.duration}s {f.codec}")]))
    session = connected(world, caller)
    world.run(90.7)
    session.hang_up(world.now)
    assert world.sent()[0].headers.get("X-D") == "90s PCMU"


def test_twilio_18_no_challenge_without_configured_users(world: World, caller: Caller) -> None:
    assert statuses(world.receive(caller.invite())) == [100]


# --- SDP, re-INVITE, long calls ----------------------------------------------------------------


@pytest.mark.parametrize("number", [96, 101, 127])
def test_twilio_22_digits_come_and_go_under_the_offered_number(
    number: int, world: World, caller: Caller
) -> None:
    session = incoming(world, caller, body=OFFER.replace("101", str(number)))
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    body = world.sent()[0].body.decode()
    assert f"m=audio 10000 RTP/AVP 0 {number}\r\n" in body
    assert f"a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-16\r\n" in body
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


# --- header content, parsing, robustness ---------------------------------------------------------

GOOD_CALL = "CA" + "0123456789abcdef" * 2
OTHER_CALL = "CA" + "f" * 32


@pytest.mark.parametrize(
    ("headers", "call_sid", "problems"),
    [
        ([("X-Twilio-CallSid", GOOD_CALL)], GOOD_CALL, 0),
        ([("x-twilio-CALLSID", GOOD_CALL)], GOOD_CALL, 0),
        ([], "", 0),
        ([("X-Twilio-CallSid", "")], "", 1),
        ([("X-Twilio-CallSid", GOOD_CALL[:-1])], "", 1),
        ([("X-Twilio-CallSid", "AC" + GOOD_CALL[2:])], "", 1),
        ([("X-Twilio-CallSid", GOOD_CALL), ("X-Twilio-CallSid", OTHER_CALL)], GOOD_CALL, 1),
        ([("X-Twilio-CallSid", "x"), ("X-Twilio-CallSid", OTHER_CALL)], OTHER_CALL, 2),
    ],
)
def test_twilio_30_identifiers(
    headers: list[tuple[str, str]], call_sid: str, problems: int, world: World, caller: Caller
) -> None:
    caller.x_headers = tuple(headers)
    session = incoming(world, caller)
    assert session.twilio.call_sid == call_sid
    assert len(session.twilio.problems) == problems
    assert session.x_headers == headers


def test_twilio_30_call_sid_from_ack_and_bye(world: World, caller: Caller) -> None:
    caller.x_headers = ()
    answered(world, caller)
    ack = caller.ack().replace("\r\nContent-Length", f"\r\nX-Twilio-CallSid: {GOOD_CALL}\r\nl", 1)
    world.receive(ack)
    session = world.event(Answered).session
    assert session.twilio.call_sid == GOOD_CALL
    account = "AC" + "1" * 32
    world.receive(caller.bye([("X-Twilio-AccountSid", account)]))
    assert session.twilio.account_sid == account


def test_twilio_31_custom_headers_are_exposed_raw(world: World, caller: Caller) -> None:
    custom = [("X-foo_bar", "a%2Cb%3Bc%3Dd"), ("x-FOO", "\u00e9"), ("X-Empty", "")]
    extra = [*custom, ("User-to-User", "56a390f3;encoding=hex"), ("P-Weird", ";;,,")]
    session = incoming(world, caller, extra=extra)
    assert session.x_headers == [*caller.x_headers, *custom]
    assert session.identity_headers == [("User-to-User", "56a390f3;encoding=hex")]


@pytest.mark.parametrize(
    ("from_", "display", "user"),
    [
        ('"Bob" <sip:bob@sip.twilio.com>;tag=x', "Bob", "bob"),
        ("<sip:+15551234567@sip.twilio.com>;tag=x", "", "+15551234567"),
        ('"" <sip:anonymous@anonymous.invalid>;tag=x', "", "anonymous"),
        ("<sip:Restricted@sip.twilio.com>;tag=x", "", "Restricted"),
        ("<sip:bob@>;tag=x", "", "bob"),
        ("<sip:sip.twilio.com>;tag=x", "", None),
        ('"J\u00fcrgen \u6f22\u5b57" <sip:j@x>;tag=x', "J\u00fcrgen \u6f22\u5b57", "j"),
        (f"<sip:{'a' * 254}@x>;tag=x", "", "a" * 254),
        ("<sip:*98@x>;tag=x", "", "*98"),
    ],
)
def test_twilio_32_callers(
    from_: str, display: str, user: str | None, world: World, caller: Caller
) -> None:
    text = re.sub(r"(?m)^From: .*\r$", lambda _: f"From: {from_}\r", caller.invite())
    world.receive(text)
    session = world.event(IncomingCall).session
    assert session.remote_party.display_name == display
    assert session.remote_party.uri.user == user


@pytest.mark.parametrize(
    ("from_", "privacy", "expected"),
    [
        ('"Bob" <sip:+15551234567@x>', "", ("Bob", "+15551234567", False)),
        ('"+15551234567" <sip:+15551234567@x>', "", ("", "+15551234567", False)),
        ("<sip:+1-555-123@x>", "none", ("", "+1-555-123", False)),
        ("<sip:%2B1555;phone-context=x@x>", "", ("", "+1555", False)),
        ("<sip:bob@>", "", ("bob", "", False)),
        ('"J\u00fcrgen\t\u6f22" <sip:j@x>', "", ("J\u00fcrgen \u6f22", "", False)),
        ('"" <sip:anonymous@anonymous.invalid>', "", ("", "", True)),
        ("<sip:Restricted@x>", "", ("", "", True)),
        ("<sip:x.twilio.com>", "", ("", "", True)),
        ('"Bob" <sip:+1555@x>', "user;id", ("", "", True)),
        (f"<sip:{'a' * 254}@x>", "", ("a" * 64, "", False)),
    ],
)
def test_twilio_32_caller_id(
    from_: str, privacy: str, expected: tuple[str, str, bool], world: World, caller: Caller
) -> None:
    extra = [("Privacy", privacy)] if privacy else []
    extra += [
        ("P-Asserted-Identity", "<sip:+19998887777@184.150.215.12:5060>"),
        ("Diversion", "<sip:+16665554444@twilio.com>;reason=unconditional"),
    ]
    text = re.sub(
        r"(?m)^From: .*\r$", lambda _: f"From: {from_};tag=x\r", caller.invite(extra=extra)
    )
    world.receive(text)
    assert world.event(IncomingCall).session.caller == expected


def test_twilio_33_requests_up_to_a_whole_datagram(world: World, caller: Caller) -> None:
    text = caller.invite(extra=[("X-Pad", "x" * 60000)])
    assert len(text) > 60000
    assert statuses(world.receive(text)) == [100]
    assert len(world.event(IncomingCall).session.x_headers) == 4


@pytest.mark.parametrize("hops", ["0", "0068", "300", "many"])
def test_twilio_33_max_forwards_is_for_proxies(hops: str, world: World, caller: Caller) -> None:
    text = caller.invite().replace("Max-Forwards: 60", f"Max-Forwards: {hops}")
    assert statuses(world.receive(text)) == [100]


def test_twilio_34_options_outside_a_dialog(world: World) -> None:
    (ok,) = world.receive(Caller().request("OPTIONS"))
    assert statuses([ok]) == [200]
    assert ok.headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    assert ok.headers.get("Accept") == "application/sdp"
    assert len(ok.to.tag) >= 8


def test_twilio_34_options_while_ringing_and_inside_the_call(world: World, caller: Caller) -> None:
    incoming(world, caller).ring(world.now)
    assert statuses(world.receive(Caller("other").request("OPTIONS"))) == [180, 200]
    second = Caller("0002second")
    connected(world, second)
    second.cseq += 1
    (ok,) = world.receive(second.request("OPTIONS"))
    assert statuses([ok]) == [200]
    assert ok.to.tag == second.to_tag
    second.to_tag = "unknown"
    assert statuses(world.receive(second.request("OPTIONS"))) == [481]


@pytest.mark.parametrize(
    "method",
    [
        "INFO",
        "UPDATE",
        "MESSAGE",
        "PRACK",
        "SUBSCRIBE",
        "NOTIFY",
        "REFER",
        "REGISTER",
        "PUBLISH",
        "FOO!",
    ],
)
def test_twilio_34_unsupported_methods(method: str, world: World, caller: Caller) -> None:
    (refusal,) = world.receive(Caller("lone").request(method))
    assert statuses([refusal]) == [405]
    assert refusal.headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    connected(world, caller)
    caller.cseq += 1
    assert statuses(world.receive(caller.request(method))) == [405]


def test_twilio_35_route_set_is_fixed_and_target_is_not(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    caller.record_routes = ("<sip:54.172.60.0;lr;twnat=sip:207.6.10.148:19446>",)
    caller.contact = "<sip:+10987654321@172.25.99.99:5062>"
    world.receive(caller.reinvite())
    world.receive(caller.ack())
    session.hang_up(world.now)
    (bye,) = world.sent()
    assert bye.start_line == "BYE sip:+10987654321@172.25.99.99:5062 SIP/2.0"
    assert tuple(bye.headers.get_all("Route")) == RECORD_ROUTES


def test_twilio_35_tags_are_new_for_each_dialog(world: World) -> None:
    tags = set()
    for number in range(20):
        caller = Caller(f"{number:04}")
        incoming(world, caller).reject(486, world.now)
        caller.hear(world.sent())
        assert re.fullmatch(r"[0-9a-f]{16}", caller.to_tag)
        tags.add(caller.to_tag)
    assert len(tags) == 20


def test_twilio_36_header_hygiene(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    messages = world.sent()
    for message in messages:
        assert message.headers.get("Server") == "tipring/0.1.0"
        assert "User-Agent" not in message.headers
        assert "Supported" not in message.headers
        assert message.headers.get("Content-Length") == str(len(message.body))
    assert messages[-1].headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    for _, _, data in world.log:
        head = data.partition(b"\r\n\r\n")[0]
        assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r")


def test_twilio_39_reason_header_on_our_bye(world: World, caller: Caller) -> None:
    connected(world, caller).hang_up(world.now, reason="rtp-timeout")
    (bye,) = world.sent()
    assert bye.headers.get("Reason") == 'Q.850;cause=102;text="rtp-timeout"'


def test_our_side_hears_the_end_of_its_bye(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    world.receive(answer_ours(bye, 481, "Gone"))
    assert world.event(SessionOver) == SessionOver(session, 481)
    assert world.stack.counters["dialogs"] == 0


def test_media_may_move_between_calls(world: World) -> None:
    for port in (10000, 10002):
        caller = Caller(f"{port}")
        session = incoming(world, caller)
        session.prepare(LocalMedia(LOCAL[0], port, session_id=port), world.now)
        session.answer(world.now)
        assert f"m=audio {port} ".encode() in world.sent()[0].body
