"""Reliable provisional answers (RFC 3262): ours to callers that require them, and the callee's."""

from __future__ import annotations

import pytest

from gateway.errors import LocalProtocolError
from gateway.sip import (
    Answered,
    EndCause,
    InviteSession,
    MediaChanged,
    Progress,
    Response,
    SessionEnded,
)

from .harness import MEDIA, OFFER, Caller, World, incoming, statuses
from .peer import ANSWER, FULL, final, hold, one, place, requests

RELIABLE = [("Require", "100rel"), ("Supported", "timer")]


@pytest.fixture
def world() -> World:
    return World(FULL)


def ringing(world: World, caller: Caller, body: str | None = OFFER) -> InviteSession:
    return incoming(world, caller, body=body, extra=RELIABLE)


def prack(
    caller: Caller, provisional: Response, body: str | None = None, rack: str | None = None
) -> str:
    """The PRACK for a provisional."""
    caller.hear([provisional])
    caller.cseq += 1
    if rack is None:
        rack = f"{provisional.headers.get('RSeq')} {provisional.cseq.number} INVITE"
    return caller.request("PRACK", extra=[("RAck", rack)], body=body)


def sent_one(world: World) -> Response:
    (message,) = world.sent()
    assert isinstance(message, Response)
    return message


# --- as the called party -----------------------------------------------------------------------


def test_a_reliable_ringing(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    session.ring(world.now)
    first = sent_one(world)
    assert (first.status, first.headers.get("Require")) == (180, "100rel")
    number = int(first.headers.get("RSeq") or "0")
    assert 1 <= number < 2**31
    assert first.headers.get("Contact") is not None
    # T1, doubled without a bound, until the PRACK (section 3).
    repeats = [(at, m.status) for at, m in world.run(16) if isinstance(m, Response)]
    assert repeats == [(at, 180) for at in (0.5, 1.5, 3.5, 7.5, 15.5)]
    (ok,) = world.receive(prack(caller, first))
    assert (statuses([ok]), ok.cseq.method) == ([200], "PRACK")
    assert world.run(40) == []
    again = [m for _, m in world.run(4.2)]
    assert statuses(again) == [180]
    assert isinstance(again[0], Response)
    assert again[0].headers.get("RSeq") == str(number + 1)


def test_a_caller_that_only_could_gets_them_plain(world: World, caller: Caller) -> None:
    session = incoming(world, caller, extra=[("Supported", "100rel")])
    session.ring(world.now)
    assert "RSeq" not in sent_one(world).headers


@pytest.mark.parametrize("rack", ["", "x", "1 1 INVITE", "{rseq} 1 INVITE", "{rseq} {cseq} BYE"])
def test_a_prack_for_something_else_is_481(rack: str, world: World, caller: Caller) -> None:
    ringing(world, caller).ring(world.now)
    first = sent_one(world)
    text = rack.format(rseq=first.headers.get("RSeq"), cseq=caller.cseq)
    assert statuses(world.receive(prack(caller, first, rack=text))) == [481]
    assert statuses(m for _, m in world.run(0.6)) == [180]
    assert statuses(world.receive(prack(caller, first))) == [200]
    assert statuses(world.receive(prack(caller, first))) == [481]


def test_no_prack_at_all_fails_the_call(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    session.ring(world.now)
    sent = [(at, m.status) for at, m in world.run(32) if isinstance(m, Response)]
    assert sent[-1] == (32.0, 504)
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status, session.state) == (EndCause.REJECTED, 504, "over")
    caller.hear([])
    world.receive(caller.ack_refusal())
    world.run(40)
    assert world.stack.next_deadline() is None


def test_two_in_a_row_wait_for_each_other(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.progress(world.now)
    first = sent_one(world)
    assert first.status == 180
    ok, second = world.receive(prack(caller, first))
    assert statuses([ok, second]) == [200, 183]
    assert second.body
    assert int(second.headers.get("RSeq") or "") == int(first.headers.get("RSeq") or "") + 1


def test_the_200_waits_for_the_prack_and_does_not_repeat_the_sdp(
    world: World, caller: Caller
) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    early = sent_one(world)
    assert b"a=sendrecv" in early.body
    session.answer(world.now)
    assert session.state == "accepting"
    assert statuses(m for _, m in world.run(1)) == [183]
    ok, answer = world.receive(prack(caller, early))
    assert statuses([ok, answer]) == [200, 200]
    assert (answer.cseq.method, answer.body) == ("INVITE", b"")
    assert "Content-Type" not in answer.headers
    world.receive(caller.ack(cseq=caller.cseq - 1))
    assert world.event(Answered).session is session
    assert session.media is not None


@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize(("body", "status"), [(None, 200), (OFFER, 500)])
def test_the_200_need_not_wait_for_a_plain_ringing(
    body: str | None, status: int, acknowledged: bool, world: World, caller: Caller
) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    first = sent_one(world)
    session.answer(world.now)
    answer = sent_one(world)
    assert (answer.status, b"a=sendrecv" in answer.body) == (200, True)
    assert statuses(m for _, m in world.run(0.6)) == [200]
    if acknowledged:
        world.receive(caller.ack())
    # Section 3: the PRACK that crossed the 200 must be served, and once.
    assert statuses(world.receive(prack(caller, first, body))) == [status]
    assert statuses(world.receive(prack(caller, first, body))) == [481]
    assert session.state in {"answered", "confirmed"}


def test_without_an_offer_the_first_reliable_answer_makes_one(world: World, caller: Caller) -> None:
    """RFC 3261 section 13.2.1, RFC 3262 section 5: a reliable 180 is the first that is certain."""
    session = ringing(world, caller, None)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    first = sent_one(world)
    assert (first.status, b"a=sendrecv" in first.body) == (180, True)
    session.answer(world.now)
    assert world.sent() == []
    ok, answer = world.receive(prack(caller, first, ANSWER))
    assert statuses([ok, answer]) == [200, 200]
    assert (answer.cseq.method, answer.body) == ("INVITE", b"")
    assert session.media is not None


def test_an_offer_in_a_ringing_is_made_once(world: World, caller: Caller) -> None:
    session = ringing(world, caller, None)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    world.receive(prack(caller, sent_one(world), ANSWER))
    world.run(58)
    (again,) = [m for _, m in world.run(2.2)]
    assert (statuses([again]), again.body) == ([180], b"")


def test_an_offer_in_a_ringing_that_nobody_answers_ends_the_call(
    world: World, caller: Caller
) -> None:
    session = ringing(world, caller, None)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    assert statuses(world.receive(prack(caller, sent_one(world)))) == [200, 488]
    assert world.event(SessionEnded).cause is EndCause.REJECTED


def test_a_183_that_never_left_is_made_up_by_the_200(world: World, caller: Caller) -> None:
    """It waited behind the 180: the answer must not be lost with it."""
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.progress(world.now)
    sent_one(world)
    session.answer(world.now)
    assert b"a=sendrecv" in sent_one(world).body


@pytest.mark.parametrize(
    ("deed", "status", "cause"),
    [
        ("cancel", 487, EndCause.CANCELLED),
        ("bye", 487, EndCause.REMOTE_BYE),
        ("hang up", 480, EndCause.REJECTED),
        ("reject", 486, EndCause.REJECTED),
        ("silence", 504, EndCause.REJECTED),
    ],
)
def test_the_end_between_the_answer_and_its_prack(
    deed: str, status: int, cause: EndCause, world: World, caller: Caller
) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    caller.hear(world.sent())
    session.answer(world.now)
    sent = []
    if deed == "cancel":
        sent = world.receive(caller.cancel())
    elif deed == "bye":
        sent = world.receive(caller.bye())
    elif deed == "hang up":
        session.hang_up(world.now)
    elif deed == "reject":
        session.reject(486, world.now)
    else:
        sent = [m for _, m in world.run(32)]
    sent += world.sent()
    assert statuses(sent)[-1] == status
    assert world.event(SessionEnded).cause is cause
    world.receive(caller.ack_refusal())
    world.run(40)
    assert world.stack.next_deadline() is None


def test_the_minute_is_kept_without_saying_the_sdp_again(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    world.receive(prack(caller, sent_one(world)))
    ((at, again),) = world.run(60)
    assert isinstance(again, Response)
    assert (at, again.status, again.body) == (60.0, 183, b"")


def test_unreliable_early_media_repeats_its_sdp(world: World, caller: Caller) -> None:
    """The answer in the 200 is the one that counts, and is the same."""
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    early = sent_one(world)
    ((_, again),) = world.run(60)
    session.answer(world.now)
    answer = sent_one(world)
    assert early.body == again.body == answer.body != b""


def test_an_offer_of_ours_goes_into_what_is_sure_to_arrive(world: World, caller: Caller) -> None:
    """RFC 3261 section 13.2.1: not into an unreliable 183."""
    session = incoming(world, caller, body=None)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    assert sent_one(world).body == b""


def test_our_offer_in_a_183_is_answered_in_its_prack(world: World, caller: Caller) -> None:
    session = ringing(world, caller, body=None)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    early = sent_one(world)
    assert b"m=audio 10000 RTP/AVP 0 8 101" in early.body
    (ok,) = world.receive(prack(caller, early, ANSWER))
    assert (statuses([ok]), ok.body) == ([200], b"")
    assert world.event(MediaChanged).media.remote == ("168.86.138.121", 12692)
    session.answer(world.now)
    assert sent_one(world).body == b""
    assert session.media is not None


@pytest.mark.parametrize("answer", [None, "v=1\n", ANSWER.replace("RTP/AVP 0", "RTP/AVP 18")])
def test_our_offer_without_a_usable_answer(
    answer: str | None, world: World, caller: Caller
) -> None:
    session = ringing(world, caller, body=None)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    sent = world.receive(prack(caller, sent_one(world), answer))
    assert statuses(sent) == [200, 400 if answer == "v=1\n" else 488]
    assert world.event(SessionEnded).cause is EndCause.REJECTED


def test_a_prack_with_a_new_offer(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    (ok,) = world.receive(prack(caller, sent_one(world), hold()))
    assert b"a=recvonly" in ok.body
    assert not world.event(MediaChanged).media.sending
    session.answer(world.now)
    assert sent_one(world).body == b""


@pytest.mark.parametrize(
    ("body", "early", "status"),
    [(OFFER, False, 500), (OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 18"), True, 488)],
)
def test_offers_in_a_prack_that_cannot_be(
    body: str, early: bool, status: int, world: World, caller: Caller
) -> None:
    session = ringing(world, caller)
    session.prepare(MEDIA, world.now)
    (session.progress if early else session.ring)(world.now)
    assert statuses(world.receive(prack(caller, sent_one(world), body))) == [status]
    session.answer(world.now)
    assert sent_one(world).status == 200


def test_a_prack_body_that_is_no_sdp(world: World, caller: Caller) -> None:
    ringing(world, caller).ring(world.now)
    text = prack(caller, sent_one(world), "hello")
    text = text.replace("application/sdp", "text/plain")
    assert statuses(world.receive(text)) == [415]


def test_a_prack_in_a_call_that_is_up_is_for_nothing(world: World) -> None:
    call, callee = place(world)
    callee.answer()
    assert callee.ask("PRACK", extra=[("RAck", "1 1 INVITE")]).status == 481
    assert call.state == "confirmed"


def test_twilio_34_no_reliable_provisionals_for_twilio(caller: Caller) -> None:
    world = World()
    _, refusal = world.receive(caller.invite(extra=RELIABLE))
    assert isinstance(refusal, Response)
    assert (refusal.status, refusal.headers.get("Unsupported")) == (420, "100rel")


def test_the_order_of_calls(world: World, caller: Caller) -> None:
    session = ringing(world, caller)
    with pytest.raises(LocalProtocolError):
        session.progress(world.now)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    session.answer(world.now)
    for wrong in (session.ring, session.progress, session.answer):
        with pytest.raises(LocalProtocolError):
            wrong(world.now)
    with pytest.raises(LocalProtocolError):
        session.hold(world.now)


# --- as the caller -----------------------------------------------------------------------------


def rel(number: object) -> list[tuple[str, str]]:
    return [("Require", "100rel"), ("RSeq", str(number))]


def test_a_reliable_provisional_gets_its_prack(world: World) -> None:
    call, callee = place(world)
    assert "100rel" in (callee.request.headers.get("Supported") or "")
    ack = one(callee.say(183, ANSWER, rel(4711)), "PRACK")
    assert ack.headers.get("RAck") == f"4711 {callee.request.cseq.number} INVITE"
    assert ack.start_line == "PRACK sip:bob@192.0.2.7:5060 SIP/2.0"
    assert ack.cseq.number == callee.request.cseq.number + 1
    assert ack.to.tag == "bob"
    assert world.event(Progress).status == 183
    assert call.media is not None
    # Until its answer the PRACK is repeated like any other request.
    assert len(requests(m for _, m in world.run(2))) == 2
    callee.reply(ack)
    assert world.run(20) == []


def test_the_same_and_those_out_of_order_are_ignored(world: World) -> None:
    _, callee = place(world)
    callee.reply(one(callee.say(180, "", rel(10)), "PRACK"))
    world.events()
    for number in (10, 9, 12, 4711):
        assert callee.say(183, ANSWER, rel(number)) == []
    assert world.events() == []
    second = one(callee.say(183, ANSWER, rel(11)), "PRACK")
    assert (second.headers.get("RAck") or "").startswith("11 ")
    assert world.event(Progress).status == 183


@pytest.mark.parametrize("number", ["", "x", "-1", "99999999999"])
def test_an_unreadable_rseq_is_as_good_as_none(number: str, world: World) -> None:
    _, callee = place(world)
    assert callee.say(180, "", rel(number)) == []
    assert world.event(Progress).status == 180


def test_each_fork_has_its_own_numbers(world: World) -> None:
    _, bob = place(world)
    carol = bob.fork("carol")
    first = one(bob.say(180, "", rel(5)), "PRACK")
    second = one(carol.say(180, "", rel(5)), "PRACK")
    assert (first.to.tag, second.to.tag) == ("bob", "carol")
    assert first.cseq.number == second.cseq.number


def test_a_call_after_pracks_goes_on_counting(world: World) -> None:
    call, callee = place(world)
    ack = one(callee.say(183, ANSWER, rel(1)), "PRACK")
    callee.reply(ack)
    invite_ack = one(callee.answer(""), "ACK")
    assert invite_ack.cseq.number == callee.request.cseq.number
    call.hang_up(world.now)
    assert one(world.sent(), "BYE").cseq.number == ack.cseq.number + 1


def test_after_hanging_up_nothing_is_acknowledged(world: World) -> None:
    call, callee = place(world)
    call.hang_up(world.now)
    assert requests(callee.say(180, "", rel(1)), "PRACK") == []


def test_a_2xx_to_the_prack_is_final(world: World) -> None:
    _, callee = place(world)
    callee.reply(one(callee.say(180, "", rel(1)), "PRACK"), 481)
    assert world.run(10) == []
    assert final(callee.send("OPTIONS")).status == 200
