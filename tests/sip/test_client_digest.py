"""Requests of ours that are asked for a password (RFC 3261 section 22, twilio.md 19, 35, 40)."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Account,
    EndCause,
    Flow,
    OutgoingCall,
    Request,
    Response,
    SessionEnded,
    StackSettings,
)
from gateway.sip.digest import parse_params

from .callee import (
    ANSWER,
    CONTACT,
    OURS,
    TO_BOB,
    accept,
    branch,
    in_dialog,
    methods,
    nothing_left,
    only_request,
    place,
    requests,
    respond,
)
from .harness import LOCAL, World, answer_ours

ACCOUNT = Account("a", "alice", "198.51.100.7", "secret")


def challenge(
    nonce: str, *, status: int = 407, more: str = "", realm: str = "r"
) -> list[tuple[str, str]]:
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    return [(name, f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{more}')]


def calling() -> tuple[World, OutgoingCall, Request]:
    world = World(StackSettings(accounts=(ACCOUNT,)))
    return (world, *place(world, "600", "a"))


def challenged(
    world: World, request: Request, nonce: str, *, status: int = 407, more: str = ""
) -> list[Request | Response]:
    extra = challenge(nonce, status=status, more=more)
    return world.receive(respond(request, status, tag=f"tag{nonce}", extra=extra), TO_BOB)


def proof(request: Request, name: str = "proxy-authorization") -> dict[str, str]:
    return parse_params((request.headers.get(name) or "").removeprefix("Digest "))


@pytest.mark.parametrize(
    ("status", "header"), [(401, "authorization"), (407, "proxy-authorization")]
)
def test_twilio_40_a_challenge_is_answered_by_the_same_call_with_a_new_cseq_and_branch(
    status: int, header: str
) -> None:
    world, call, invite = calling()
    ack, again = requests(challenged(world, invite, "n1", status=status))
    assert (ack.method, again.method) == ("ACK", "INVITE")
    assert again.cseq.number == invite.cseq.number + 1
    assert again.call_id == invite.call_id
    assert again.headers.get("from") == invite.headers.get("from")
    assert branch(again) != branch(invite)
    assert again.body == invite.body
    assert proof(again, header)["nonce"] == "n1"
    world.receive(accept(again), TO_BOB)
    assert call.state == "confirmed"


def test_twilio_35_the_to_tag_of_a_407_is_not_used_again() -> None:
    world, _, invite = calling()
    ack, again = requests(challenged(world, invite, "n1"))
    assert ack.to.tag == "tagn1"
    assert again.to.tag == ""
    assert again.headers.get("to") == invite.headers.get("to")


def test_the_ack_to_a_challenge_goes_with_the_challenged_invite() -> None:
    world, _, invite = calling()
    ack, again = requests(challenged(world, invite, "n1"))
    assert branch(ack) == branch(invite)
    assert ack.headers.get("proxy-authorization") is None
    ack, _ = requests(challenged(world, again, "n2"))
    assert ack.headers.get("proxy-authorization") == again.headers.get("proxy-authorization")


def test_the_same_nonce_twice_means_that_the_password_is_wrong() -> None:
    world, call, invite = calling()
    _, again = requests(challenged(world, invite, "n1"))
    assert methods(challenged(world, again, "n1")) == ["ACK"]
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status) == (EndCause.REFUSED, 407)
    assert "password" in call.problem
    world.run(33)
    nothing_left(world)


def test_a_stale_nonce_is_answered_with_the_new_one() -> None:
    world, call, invite = calling()
    _, again = requests(challenged(world, invite, "n1"))
    _, third = requests(challenged(world, again, "n2", more=", stale=true"))
    assert proof(third)["nonce"] == "n2"
    assert third.cseq.number == 3
    world.receive(accept(third), TO_BOB)
    assert call.state == "confirmed"


def test_a_peer_that_asks_for_ever_is_left() -> None:
    world, call, request = calling()
    for number in range(20):
        sent = requests(challenged(world, request, f"n{number}"))
        if len(sent) == 1:
            break
        request = sent[1]
    assert number < 10
    assert call.state == "over"
    assert "many" in call.problem


def test_without_a_password_the_challenge_is_the_answer() -> None:
    world = World()
    call, invite = place(world)
    assert methods(challenged(world, invite, "n1")) == ["ACK"]
    assert world.event(SessionEnded).status == 407
    assert "password" in call.problem


def test_a_proxy_and_the_far_end_may_both_ask() -> None:
    world, call, invite = calling()
    _, again = requests(challenged(world, invite, "n1"))
    _, third = requests(challenged(world, again, "n2", status=401))
    assert proof(third)["nonce"] == "n1"
    assert proof(third, "authorization")["nonce"] == "n2"
    world.receive(accept(third), TO_BOB)
    assert call.state == "confirmed"


def test_the_next_request_begins_with_what_is_known() -> None:
    world, call, invite = calling()
    _, again = requests(challenged(world, invite, "n1"))
    (ack,) = requests(world.receive(accept(again), TO_BOB))
    assert proof(ack) == proof(again)  # section 22.1: the ACK repeats the INVITE's
    call.hang_up(world.now)
    bye = only_request(world)
    assert (proof(bye)["nonce"], proof(bye)["nc"]) == ("n1", "00000002")


def test_a_2xx_that_comes_again_does_not_turn_the_nonce_count_back() -> None:
    world, call, invite = calling()
    _, again = requests(challenged(world, invite, "n1"))
    info = ("Proxy-Authentication-Info", f'nextnonce="n2", cnonce="{proof(again)["cnonce"]}"')
    answer = accept(again, extra=[info])
    world.receive(answer, TO_BOB)
    call.hold(world.now)
    reinvite = only_request(world)
    assert (proof(reinvite)["nonce"], proof(reinvite)["nc"]) == ("n2", "00000001")
    world.receive(answer, TO_BOB)
    world.receive(respond(reinvite, 200, tag="bob1", contact=CONTACT, body=ANSWER), TO_BOB)
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    assert (proof(bye)["nonce"], proof(bye)["nc"]) == ("n2", "00000002")


@pytest.mark.parametrize("deed", ["hold", "hang_up"])
def test_a_challenge_inside_the_dialog(deed: str) -> None:
    world, call, invite = calling()
    world.receive(accept(invite), TO_BOB)
    world.events()
    getattr(call, deed)(world.now)
    request = only_request(world)
    again = requests(challenged(world, request, "n1"))[-1]
    assert again.method == request.method
    assert again.cseq.number == request.cseq.number + 1
    assert again.to.tag == request.to.tag == "bob1"
    assert proof(again)["uri"] == str(again.uri)
    world.receive(respond(again, 200, contact=CONTACT, body=ANSWER), TO_BOB)
    assert call.state == ("confirmed" if deed == "hold" else "over")


MALLORY = Flow("udp", LOCAL, ("192.0.2.66", 5060))


@pytest.mark.parametrize("nonce_known", [False, True])
def test_nobody_else_is_shown_what_the_password_gives(nonce_known: bool) -> None:
    """Section 22.3: the Contact of the one who was called is not the account's proxy."""
    world, call, invite = calling()
    if nonce_known:
        invite = requests(challenged(world, invite, "n1"))[-1]
    world.receive(accept(invite, contact="<sip:bob@192.0.2.66>"), TO_BOB)
    world.events()
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    assert bye.headers.get("proxy-authorization") is None
    extra = challenge("theirs")
    assert world.receive(respond(bye, 407, extra=extra), MALLORY) == []
    assert call.state == "over"


def test_a_redirection_to_somebody_else_takes_no_password_along() -> None:
    world = World(StackSettings(accounts=(ACCOUNT,), redirects=True))
    _, invite = place(world, "600", "a")
    invite = requests(challenged(world, invite, "n1"))[-1]
    there = ("Contact", "<sip:bob@192.0.2.66>")
    again = requests(world.receive(respond(invite, 302, tag="x", extra=[there]), TO_BOB))[-1]
    assert str(again.uri) == "sip:bob@192.0.2.66"
    assert again.headers.get("proxy-authorization") is None


def test_a_bye_that_is_refused_for_its_password_still_ends_the_call() -> None:
    world, call, invite = calling()
    world.receive(accept(invite), TO_BOB)
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    (again,) = requests(challenged(world, bye, "n1", status=401))
    assert challenged(world, again, "n1", status=401) == []
    assert call.state == "over"


def test_an_unwanted_answer_is_ended_with_the_password_too() -> None:
    """The BYE to a fork that answers late may be asked for it as any other request."""
    world, call, invite = calling()
    world.receive(accept(invite), TO_BOB)
    _, bye = requests(world.receive(accept(invite, tag="fork"), TO_BOB))
    (again,) = requests(challenged(world, bye, "n1", status=401))
    assert (again.method, again.to.tag) == ("BYE", "fork")
    assert proof(again, "authorization")["nonce"] == "n1"
    assert call.state == "confirmed"


def test_requests_of_the_peer_go_on_while_ours_is_challenged() -> None:
    world, call, invite = calling()
    world.receive(accept(invite), TO_BOB)
    call.hold(world.now)
    reinvite = requests(world.sent())[0]
    challenged(world, reinvite, "n1")
    (answer,) = world.receive(in_dialog(call, "BYE", 7), TO_BOB)
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert call.state == "over"
    world.run(64)
    nothing_left(world)


def test_a_challenge_that_cannot_be_read_is_the_answer() -> None:
    world, call, invite = calling()
    extra = [("Proxy-Authenticate", "Digest realm=")]
    sent = world.receive(respond(invite, 407, tag="x", extra=extra), TO_BOB)
    assert methods(sent) == ["ACK"]
    assert call.state == "over"
    assert call.problem != ""


def test_a_register_and_a_call_share_the_nonce_and_its_count() -> None:
    account = Account("a", "alice", "example.org", "secret", registrars=("sip:198.51.100.7",))
    world = World(StackSettings(accounts=(account,)))
    world.stack.start(world.now)
    register = only_request(world)
    (again,) = requests(challenged(world, register, "n1", status=401))
    assert proof(again, "authorization")["nc"] == "00000001"
    world.receive(answer_ours(again), TO_BOB)
    world.stack.place_call("600", "a", OURS, world.now)
    assert proof(only_request(world), "authorization")["nc"] == "00000002"
