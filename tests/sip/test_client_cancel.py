"""Taking back an INVITE of ours (RFC 3261 section 9.1), at every moment of its life."""

from __future__ import annotations

import pytest

from gateway.sip import Account, EndCause, Flow, OutgoingCall, Request, SessionEnded, StackSettings

from .callee import (
    BOB,
    OURS,
    TO_BOB,
    accept,
    branch,
    methods,
    nothing_left,
    only_request,
    place,
    requests,
    respond,
)
from .harness import LOCAL, World, answer_ours

CHALLENGE = [("Proxy-Authenticate", 'Digest realm="r", nonce="n1", qop="auth"')]


def ended_once(world: World) -> SessionEnded:
    return world.event(SessionEnded)


def ringing(world: World) -> tuple[OutgoingCall, Request]:
    call, invite = place(world)
    world.receive(respond(invite, 180, tag="x"), TO_BOB)
    world.events()
    return call, invite


def test_cancel_is_the_invites_own(world: World) -> None:
    """Same Request-URI, Via and branch, From, To without tag, Call-ID and CSeq number."""
    call, invite = ringing(world)
    call.hang_up(world.now)
    cancel = only_request(world)
    assert (cancel.method, str(cancel.uri)) == ("CANCEL", str(invite.uri))
    for name in ("via", "from", "to", "call-id", "max-forwards"):
        assert cancel.headers.get_all(name) == invite.headers.get_all(name)
    assert (cancel.cseq.number, cancel.cseq.method) == (invite.cseq.number, "CANCEL")
    assert cancel.to.tag == ""
    assert cancel.body == b""
    for name in ("contact", "require", "proxy-require", "content-type", "authorization"):
        assert cancel.headers.get(name) is None


def test_cancel_takes_the_invites_route(world: World) -> None:
    account = Account("a", "u", "example.org", proxies=("sip:198.51.100.7",))
    world = World(StackSettings(accounts=(account,)))
    call, invite = place(world, "600", "a")
    world.receive(respond(invite, 180, tag="x"), TO_BOB)
    call.hang_up(world.now)
    cancel = only_request(world)
    assert cancel.headers.get_all("route") == invite.headers.get_all("route") != []


def test_it_waits_for_the_first_provisional(world: World) -> None:
    call, invite = place(world)
    call.hang_up(world.now)
    assert ended_once(world).cause is EndCause.CANCELLED
    assert world.sent() == []
    assert methods(world.receive(respond(invite, 100), TO_BOB)) == ["CANCEL"]


def test_the_487_is_acknowledged_and_everything_is_over(world: World) -> None:
    call, invite = ringing(world)
    call.hang_up(world.now)
    cancel = only_request(world)
    assert world.receive(respond(cancel, 200, tag="x"), TO_BOB) == []
    (ack,) = world.receive(respond(invite, 487, tag="x"), TO_BOB)
    assert methods([ack]) == ["ACK"]
    assert branch(ack) == branch(invite)
    assert call.state == "over"
    world.run(33)
    nothing_left(world)


@pytest.mark.parametrize("status", [100, 180, 183, 199])
def test_each_later_provisional_does_not_cancel_again(status: int, world: World) -> None:
    call, invite = ringing(world)
    call.hang_up(world.now)
    only_request(world)
    assert world.receive(respond(invite, status, tag="x"), TO_BOB) == []
    assert world.stack.counters["transactions"] == 2


def test_cancel_is_repeated_by_timer_e_until_it_is_answered(world: World) -> None:
    call, _ = ringing(world)
    call.hang_up(world.now)
    cancel = only_request(world)
    assert [at for at, _ in world.run(4)] == [0.5, 1.5, 3.5]
    world.receive(answer_ours(cancel), TO_BOB)
    assert world.run(10) == []


def test_no_final_within_64_t1_of_the_cancel_is_the_end(world: World) -> None:
    call, invite = ringing(world)
    world.run(100)
    call.hang_up(world.now)
    cancel = only_request(world)
    world.receive(answer_ours(cancel), TO_BOB)
    world.run(20)
    world.receive(respond(invite, 180, tag="x"), TO_BOB)  # buys no time
    world.run(11.9)
    assert call.state == "cancelling"
    world.run(0.2)
    assert call.state == "over"
    nothing_left(world)


@pytest.mark.parametrize("status", [481, 500, 408])
def test_a_refused_cancel_changes_nothing(status: int, world: World) -> None:
    call, invite = ringing(world)
    call.hang_up(world.now)
    cancel = only_request(world)
    world.receive(answer_ours(cancel, status), TO_BOB)
    assert call.state == "cancelling"
    world.receive(respond(invite, 487, tag="x"), TO_BOB)
    assert call.state == "over"


@pytest.mark.parametrize("provisional", [True, False], ids=["after CANCEL", "before any 1xx"])
def test_an_answer_that_crosses_is_acknowledged_and_ended(provisional: bool, world: World) -> None:
    call, invite = place(world)
    if provisional:
        world.receive(respond(invite, 180, tag="bob1"), TO_BOB)
    call.hang_up(world.now)
    assert methods(world.sent()) == (["CANCEL"] if provisional else [])
    assert ended_once(world).cause is EndCause.CANCELLED
    ack, bye = requests(world.receive(accept(invite), TO_BOB))
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert (ack.cseq.number, bye.cseq.number) == (1, 2)
    assert ack.to.tag == bye.to.tag == "bob1"
    world.receive(answer_ours(bye), TO_BOB)
    assert methods(world.receive(accept(invite), TO_BOB)) == ["ACK"]
    assert call.state == "over"
    world.run(33)
    nothing_left(world)


@pytest.mark.parametrize("status", [200, 300, 404, 486, 600])
def test_never_after_a_final(status: int, world: World) -> None:
    call, invite = ringing(world)
    world.receive(respond(invite, status, tag="bob1", contact="<sip:bob@198.51.100.7>"), TO_BOB)
    call.hang_up(world.now)
    assert "CANCEL" not in methods(world.sent())
    assert "CANCEL" not in methods(message for _, message in world.run(40))


def test_while_the_next_hop_is_looked_up_nothing_is_sent(world: World) -> None:
    call = world.stack.place_call("sip:bob@example.org", None, OURS, world.now)
    call.hang_up(world.now)
    assert ended_once(world).cause is EndCause.CANCELLED
    assert call.state == "over"
    assert world.sent() == []
    nothing_left(world)


def test_while_another_way_is_looked_up(world: World) -> None:
    """The connection of the registration is gone, its host is looked up, and the phone hangs up."""
    account = Account("a", "u", "example.org", registrars=("sip:r.example.org",))
    world = World(StackSettings(accounts=(account,)))
    world.dns["r.example.org"] = [TO_BOB._replace(transport="tcp")]
    world.stack.start(world.now)
    world.receive(respond(only_request(world), 200), TO_BOB._replace(transport="tcp"))
    world.events()
    call = world.stack.place_call("600", "a", OURS, world.now)
    (datagram,) = world.stack.to_send()
    world.stack.transport_failed(datagram.key, "connection lost", world.now)
    call.hang_up(world.now)
    assert call.state == "over"
    assert ended_once(world).cause is EndCause.CANCELLED
    assert methods(world.sent()) == []


@pytest.mark.parametrize("heard", [False, True], ids=["retry unheard", "retry proceeding"])
def test_during_the_retry_with_a_password(heard: bool, world: World) -> None:
    account = Account("a", "u", "198.51.100.7", "p")
    world = World(StackSettings(accounts=(account,)))
    call, invite = place(world, "600", "a")
    _, retry = requests(world.receive(respond(invite, 407, tag="x", extra=CHALLENGE), TO_BOB))
    if heard:
        world.receive(respond(retry, 180, tag="y"), TO_BOB)
    call.hang_up(world.now)
    sent = world.sent() if heard else world.receive(respond(retry, 100), TO_BOB)
    (cancel,) = requests(sent)
    assert cancel.method == "CANCEL"
    assert branch(cancel) == branch(retry)
    assert cancel.cseq.number == retry.cseq.number == 2


def test_a_challenge_to_a_cancelled_invite_is_the_end(world: World) -> None:
    account = Account("a", "u", "198.51.100.7", "p")
    world = World(StackSettings(accounts=(account,)))
    call, invite = place(world, "600", "a")
    call.hang_up(world.now)
    assert methods(world.receive(respond(invite, 407, tag="x", extra=CHALLENGE), TO_BOB)) == ["ACK"]
    assert call.state == "over"
    world.run(33)
    nothing_left(world)


def test_a_cancelled_invite_goes_to_no_other_hop(world: World) -> None:
    world.dns["example.org"] = [TO_BOB, TO_BOB._replace(remote=("198.51.100.8", 5060))]
    call, _ = place(world, "sip:bob@example.org")
    call.hang_up(world.now)
    sent = world.run(40)
    assert {flow.remote for _, flow, _ in world.log} == {BOB}
    assert methods(message for _, message in sent) == ["INVITE"] * 6
    assert call.state == "over"
    nothing_left(world)


def test_a_cancel_that_cannot_be_sent_leaves_64_t1(world: World) -> None:
    call, invite = place(world, "sip:bob@198.51.100.7;transport=tcp")
    tcp = Flow("tcp", LOCAL, BOB)
    world.receive(respond(invite, 180, tag="x"), tcp)
    call.hang_up(world.now)
    (datagram,) = world.stack.to_send()
    world.stack.transport_failed(datagram.key, "connection reset", world.now)
    assert call.state == "cancelling"
    world.run(32.1)
    assert call.state == "over"
    nothing_left(world)


def test_hanging_up_twice_cancels_once(world: World) -> None:
    call, _ = ringing(world)
    call.hang_up(world.now)
    call.hang_up(world.now)
    assert methods(world.sent()) == ["CANCEL"]
    ended_once(world)
