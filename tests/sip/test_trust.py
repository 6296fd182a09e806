"""Who is let in beside the allow-list: exactly while there is a reason, and never longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip import Account, Flow, OutgoingCall, Request, Response, StackSettings
from gateway.sip.trust import Guests, Trust

from .callee import (
    BOB,
    CONTACT,
    OURS,
    TO_BOB,
    accept,
    in_dialog,
    nothing_left,
    only_request,
    place,
    requests,
    respond,
    up,
)
from .harness import FLOW, Caller, World, answer_ours

HOST = BOB[0]


def hear(world: World, data: str, flow: Flow = TO_BOB) -> list[Request | Response]:
    """What the stack sends to a message of somebody outside the allow-list."""
    world.stack.receive(data.encode(), flow, world.now, known=False)
    return world.sent()


def test_nobody_is_admitted_at_first(world: World) -> None:
    assert not world.stack.admits(HOST)


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "BYE", "REGISTER", "CANCEL"])
def test_a_stranger_gets_not_one_byte(method: str, world: World, caller: Caller) -> None:
    text = caller.invite() if method == "INVITE" else caller.request(method)
    assert hear(world, text, FLOW) == []
    assert world.events() == []
    assert world.stack.counters["unwanted_requests"] == 1
    nothing_left(world)


@pytest.mark.parametrize("data", ["nonsense", "INVITE sip:x SIP/2.0\r\nVia: x\r\n\r\n"])
def test_a_strangers_nonsense_is_neither_answered_nor_told(data: str, world: World) -> None:
    assert hear(world, data, FLOW) == []
    assert world.events() == []


def test_whom_we_asked_may_answer_but_not_ask(world: World, caller: Caller) -> None:
    _, invite = place(world)
    assert world.stack.admits(HOST)
    assert hear(world, caller.request("OPTIONS")) == []
    assert world.events() == []
    assert hear(world, respond(invite, 180, tag="x", contact=CONTACT)) == []
    assert len(world.events()) == 1


def test_a_refused_call_is_a_reason_until_timer_d(world: World) -> None:
    _, invite = place(world)
    hear(world, respond(invite, 486, tag="x"))
    world.run(31.9)
    assert world.stack.admits(HOST)
    world.run(0.2)
    assert not world.stack.admits(HOST)


def test_the_peer_of_a_call_that_we_placed_may_ask(world: World) -> None:
    call, invite = place(world)
    hear(world, accept(invite))
    world.run(33)
    assert world.stack.admits(HOST)
    (answer,) = hear(world, in_dialog(call, "OPTIONS", 1))
    assert isinstance(answer, Response)
    assert answer.status == 200


def test_an_early_dialog_is_a_reason_too(world: World) -> None:
    call, invite = place(world)
    hear(world, respond(invite, 183, tag="bob1", contact=CONTACT))
    (answer,) = hear(world, in_dialog(call, "OPTIONS", 1))
    assert isinstance(answer, Response)
    assert answer.status == 200


def test_the_bye_that_ends_a_call_is_answered_again_when_it_comes_again(world: World) -> None:
    """Our 200 may be lost, and the call that was the reason to listen is over."""
    call, invite = place(world)
    hear(world, accept(invite))
    world.run(33)
    bye = in_dialog(call, "BYE", 1)
    (first,) = hear(world, bye)
    (second,) = hear(world, bye)
    assert bytes(first) == bytes(second)
    assert hear(world, in_dialog(call, "BYE", 2)) == []
    world.run(33)
    nothing_left(world)


def test_who_answers_from_elsewhere_in_the_dialog_is_our_peer_too(world: World) -> None:
    """A proxy that does not stay in the way: from the 2xx on, the phone itself speaks to us."""
    phone = TO_BOB._replace(remote=("198.51.100.99", 5060))
    call, invite = place(world)
    hear(world, accept(invite, contact="<sip:bob@198.51.100.99:5060>"))
    world.run(33)
    (answer,) = hear(world, in_dialog(call, "BYE", 1), phone)
    assert isinstance(answer, Response)
    assert answer.status == 200
    world.run(33)
    nothing_left(world)


def test_a_peer_cannot_name_hosts_without_end(world: World) -> None:
    call = up(world)
    for number in range(100):
        contact = f"<sip:bob@198.18.0.{number}:5060>"
        text = in_dialog(call, "OPTIONS", number + 1, extra=[("Contact", contact)])
        world.receive(text, TO_BOB)
        call.hold(world.now) if number % 2 else call.resume(world.now)
        for request in requests(world.sent()):
            if request.method == "INVITE":
                flow = world.log[-1][1]
                world.receive(respond(request, 200, contact=contact), flow)
    world.run(64)
    admitted = [number for number in range(100) if world.stack.admits(f"198.18.0.{number}")]
    assert len(admitted) <= 8


# --- registrars and proxies of accounts ---------------------------------------------------------

ACCOUNT = Account("a", "alice", "example.org", registrars=("sip:198.51.100.7",))


def test_a_registrar_may_call_us(caller: Caller) -> None:
    world = World(StackSettings(accounts=(ACCOUNT,)))
    world.stack.start(world.now)
    hear(world, answer_ours(only_request(world)))
    assert world.stack.admits(HOST)
    (trying, *_) = hear(world, caller.invite(uri="sip:alice@203.0.113.5"))
    assert isinstance(trying, Response)
    assert trying.status == 100


def test_before_start_a_registrar_is_nobody(caller: Caller) -> None:
    world = World(StackSettings(accounts=(ACCOUNT,)))
    assert not world.stack.admits(HOST)
    assert hear(world, caller.invite()) == []


# --- however a call ends, nobody is admitted afterwards -----------------------------------------


def refused(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(respond(invite, 603, tag="x"), TO_BOB)


def silent(world: World, call: OutgoingCall, invite: Request) -> None:
    """Nobody ever answers."""


def cancelled(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(respond(invite, 180, tag="x", contact=CONTACT), TO_BOB)
    call.hang_up(world.now)
    world.receive(respond(invite, 487, tag="x"), TO_BOB)


def cancelled_unheard(world: World, call: OutgoingCall, invite: Request) -> None:
    call.hang_up(world.now)


def crossed(world: World, call: OutgoingCall, invite: Request) -> None:
    call.hang_up(world.now)
    world.receive(accept(invite), TO_BOB)


def we_hang_up(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(accept(invite), TO_BOB)
    call.hang_up(world.now)


def they_hang_up(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(accept(invite), TO_BOB)
    world.receive(in_dialog(call, "BYE", 1), TO_BOB)


def forked(world: World, call: OutgoingCall, invite: Request) -> None:
    for tag in ("bob1", "b", "c"):
        world.receive(accept(invite, tag=tag), TO_BOB)
    call.hang_up(world.now)


def unusable(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(respond(invite, 200, tag="bob1", contact=CONTACT), TO_BOB)


def challenged(world: World, call: OutgoingCall, invite: Request) -> None:
    extra = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    world.receive(respond(invite, 401, tag="x", extra=extra), TO_BOB)


def unavailable(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(respond(invite, 503, tag="x"), TO_BOB)


def held(world: World, call: OutgoingCall, invite: Request) -> None:
    world.receive(accept(invite), TO_BOB)
    call.hold(world.now)
    call.hang_up(world.now)


ENDINGS: list[Callable[[World, OutgoingCall, Request], None]] = [
    refused, silent, cancelled, cancelled_unheard, crossed, we_hang_up, they_hang_up, forked,
    unusable, challenged, unavailable, held,
]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_however_a_call_ends(
    ending: Callable[[World, OutgoingCall, Request], None], world: World
) -> None:
    call, invite = place(world)
    assert world.stack.admits(HOST)
    ending(world, call, invite)
    world.sent()
    world.run(100)
    assert call.state == "over"
    nothing_left(world)


# --- the counts themselves ----------------------------------------------------------------------

HOSTS = st.sampled_from("abc")


@given(st.lists(st.tuples(st.sampled_from(["ask", "vouch", "guest"]), HOSTS, st.integers(0, 3))))
def test_reasons_are_counted(reasons: list[tuple[str, str, int]]) -> None:
    """Every host is admitted while one of its reasons is left, whatever the order of their ends."""
    trust = Trust()
    guests = [Guests(trust) for _ in range(4)]
    asked: list[str] = []
    vouched: list[str] = []
    for kind, host, guest in reasons:
        if kind == "ask":
            trust.asked(host)
            asked.append(host)
        elif kind == "vouch":
            trust.vouch(host)
            vouched.append(host)
        else:
            guests[guest].welcome(host)
        assert trust.admits(host)
    for host in asked:
        assert trust.admits(host)
        trust.answered(host)
    for one in guests:
        one.leave()
        one.leave()
        one.welcome("a")  # too late: the call is over
    for host in "abc":
        assert trust.admits(host) == trust.may_ask(host) == (host in vouched)
    for host in vouched:
        trust.unvouch(host)
    assert not any(trust.admits(host) or trust.may_ask(host) for host in "abc")


def test_a_look_up_is_no_reason(world: World) -> None:
    world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    assert not world.stack.admits("example.org")
