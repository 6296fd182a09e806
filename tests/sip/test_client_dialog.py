"""Dialogs that our calls make, the ACK to their 2xx, and other forks (RFC 3261 sections 12, 13.2).

twilio.md 7, 35, 36.
"""

from __future__ import annotations

import pytest

from gateway.sip import (
    Account,
    Flow,
    OutgoingCall,
    Request,
    Response,
    SessionEnded,
    StackSettings,
    Target,
)

from .callee import (
    ANSWER,
    BOB,
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
    up,
)
from .harness import LOCAL, World, answer_ours

PRIVATE = "<sip:+15551234567@10.1.2.3:5060;transport=udp;x=1>"
ROUTES = ("<sip:198.51.100.7;lr;ftag=1>", "<sip:10.0.0.9:5070;lr;r2=on>")


def answered(
    world: World, *, contact: str = CONTACT, routes: tuple[str, ...] = ()
) -> tuple[OutgoingCall, Request, Request]:
    call, invite = place(world)
    extra = [("Record-Route", route) for route in routes]
    (ack,) = requests(world.receive(accept(invite, contact=contact, extra=extra), TO_BOB))
    return call, invite, ack


# --- the ACK to a 2xx ---------------------------------------------------------------------------


def test_the_ack_has_a_branch_of_its_own_and_the_invites_cseq(world: World) -> None:
    _, invite, ack = answered(world)
    assert branch(ack) != branch(invite)
    assert (ack.cseq.number, ack.cseq.method) == (invite.cseq.number, "ACK")
    assert ack.headers.get("from") == invite.headers.get("from")
    assert ack.to.tag == "bob1"
    assert ack.call_id == invite.call_id
    assert ack.body == b""


@pytest.mark.parametrize("contact", [CONTACT, PRIVATE])
def test_twilio_07_the_contact_of_the_2xx_is_the_request_uri_even_when_private(
    contact: str, world: World
) -> None:
    call, _, ack = answered(world, contact=contact)
    assert f"<{ack.uri}>" == contact
    assert world.log[-1][1] == TO_BOB
    call.hang_up(world.now)
    bye = only_request(world)
    assert f"<{bye.uri}>" == contact
    assert world.log[-1][1] == TO_BOB


def test_twilio_35_record_route_of_the_2xx_is_the_route_in_reverse(world: World) -> None:
    call, _, ack = answered(world, contact=PRIVATE, routes=ROUTES[::-1])
    assert ack.headers.get_all("route") == list(ROUTES)
    call.hang_up(world.now)
    assert only_request(world).headers.get_all("route") == list(ROUTES)


def test_twilio_35_the_route_set_of_a_call_we_placed_is_fixed_and_the_target_is_not(
    world: World,
) -> None:
    call, _, _ = answered(world, contact=PRIVATE, routes=ROUTES[::-1])
    call.hold(world.now)
    reinvite = only_request(world)
    moved = "<sip:elsewhere@10.9.9.9>"
    extra = [("Record-Route", "<sip:192.0.2.1;lr>")]
    answer = respond(reinvite, 200, contact=moved, body=ANSWER, extra=extra)
    (ack,) = requests(world.receive(answer, TO_BOB))
    assert f"<{ack.uri}>" == moved
    assert ack.headers.get_all("route") == list(ROUTES)


def test_a_strict_router_stands_in_the_request_uri(world: World) -> None:
    """Section 12.2.1.1: without lr, it is the target and our target the last route."""
    strict = ("<sip:10.0.0.9;lr>", "<sip:198.51.100.7;x=1>")
    _, _, ack = answered(world, contact=PRIVATE, routes=strict)
    assert str(ack.uri) == "sip:198.51.100.7;x=1"
    assert ack.headers.get_all("route") == ["<sip:10.0.0.9;lr>", PRIVATE]


def test_each_repeated_2xx_gets_the_same_ack(world: World) -> None:
    call, invite = place(world)
    answer = accept(invite)
    (first,) = world.receive(answer, TO_BOB)
    for _ in range(3):
        world.run(4)
        (again,) = world.receive(answer, TO_BOB)
        assert bytes(again) == bytes(first)
    assert call.state == "confirmed"


def test_a_repeated_2xx_is_acknowledged_while_our_bye_is_out_and_after_it(world: World) -> None:
    call, invite, _ = answered(world)
    call.hang_up(world.now)
    bye = only_request(world)
    assert methods(world.receive(accept(invite), TO_BOB)) == ["ACK"]
    world.receive(answer_ours(bye), TO_BOB)
    assert methods(world.receive(accept(invite), TO_BOB)) == ["ACK"]
    world.run(33)
    nothing_left(world)


def test_the_ack_to_a_reinvite_has_the_reinvites_cseq_and_is_repeated_too(world: World) -> None:
    call = up(world)
    call.hold(world.now)
    reinvite = only_request(world)
    answer = respond(reinvite, 200, contact=CONTACT, body=ANSWER)
    (first,) = requests(world.receive(answer, TO_BOB))
    assert first.cseq.number == reinvite.cseq.number == 2
    assert branch(first) != branch(reinvite)
    (second,) = world.receive(answer, TO_BOB)
    assert bytes(second) == bytes(first)


@pytest.mark.parametrize(
    "damage",
    [("Contact: <sip:bob@198.51.100.7:5060>\r\n", ""), ("Contact: <sip", "Contact: <<sip")],
    ids=["no Contact", "a broken Contact"],
)
def test_a_2xx_that_says_no_way_is_acknowledged_where_the_invite_went(
    damage: tuple[str, str], world: World
) -> None:
    """Without an ACK the far end would hold an open line to nobody."""
    call, invite = place(world)
    answer = accept(invite)
    assert damage[0] in answer
    (ack,) = requests(world.receive(answer.replace(*damage), TO_BOB))
    assert str(ack.uri) == str(invite.uri)
    assert call.state == "confirmed"
    call.hang_up(world.now)
    assert str(only_request(world).uri) == str(invite.uri)


def test_requests_in_the_dialog_count_on(world: World) -> None:
    call = up(world)
    call.hold(world.now)
    reinvite = only_request(world)
    world.receive(respond(reinvite, 200, contact=CONTACT, body=ANSWER), TO_BOB)
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    assert (reinvite.cseq.number, bye.cseq.number) == (2, 3)


# --- forks --------------------------------------------------------------------------------------


def test_the_second_2xx_of_a_forked_invite_is_acknowledged_and_ended(world: World) -> None:
    call, invite, first = answered(world)
    contact = "<sip:bob@198.51.100.8:5060>"
    world.stack.receive(accept(invite, tag="b", contact=contact).encode(), TO_BOB, world.now)
    (to_ack, ack), (to_bye, bye) = world.sent_to()
    assert methods([ack, bye]) == ["ACK", "BYE"]
    assert to_ack.remote == to_bye.remote == ("198.51.100.8", 5060)
    assert isinstance(ack, Request)
    assert branch(ack) != branch(first)
    assert methods(world.receive(accept(invite, tag="b", contact=contact), TO_BOB)) == ["ACK"]
    assert call.state == "confirmed"
    assert world.stack.counters["unwanted_answers"] == 1


def test_a_thousand_forks_do_not_make_a_thousand_dialogs(world: World) -> None:
    _, invite, _ = answered(world)
    before = world.stack.counters["transactions"]
    for number in range(1000):
        world.receive(accept(invite, tag=f"fork{number}"), TO_BOB)
    assert world.stack.counters["transactions"] - before == 16
    world.run(64)
    assert world.stack.counters["transactions"] == 0


def test_a_thousand_ringing_forks_do_not_either(world: World) -> None:
    call, invite = place(world)
    for number in range(1000):
        world.receive(respond(invite, 180, tag=f"f{number}", contact=CONTACT), TO_BOB)
    world.receive(accept(invite, tag="f999"), TO_BOB)
    assert call.state == "confirmed"
    assert world.stack.counters["dialogs"] == 1


def test_huge_tags_are_taken_as_they_are(world: World) -> None:
    tag = "t" * 50_000
    call, invite = place(world)
    (ack,) = requests(world.receive(accept(invite, tag=tag), TO_BOB))
    assert ack.to.tag == tag
    assert call.state == "confirmed"


# --- what the peer sends ------------------------------------------------------------------------


def test_a_bye_of_the_peer_ends_the_call(world: World) -> None:
    call = up(world)
    (answer,) = world.receive(in_dialog(call, "BYE", 1), TO_BOB)
    assert isinstance(answer, Response)
    assert answer.status == 200
    world.event(SessionEnded)
    world.run(33)
    nothing_left(world)


@pytest.mark.parametrize("tag", ["", "somebody"])
def test_a_bye_of_nobody_we_know_is_481(tag: str, world: World) -> None:
    call = up(world)
    (answer,) = world.receive(in_dialog(call, "BYE", 1, tag=tag), TO_BOB)
    assert isinstance(answer, Response)
    assert answer.status == 481
    assert call.state == "confirmed"


# --- streams ------------------------------------------------------------------------------------

TCP = Flow("tcp", LOCAL, BOB)
TCP_CONTACT = "<sip:bob@198.51.100.7:5060;transport=tcp>"


def up_by_tcp(world: World, contact: str = TCP_CONTACT) -> OutgoingCall:
    call, invite = place(world, "sip:bob@198.51.100.7;transport=tcp")
    world.receive(accept(invite, contact=contact), TCP)
    world.run(33)
    world.events()
    return call


def test_requests_take_the_connection_that_the_invite_took(world: World) -> None:
    call = up_by_tcp(world)
    call.hang_up(world.now)
    only_request(world)
    assert world.log[-1][1] == TCP
    assert world.stack.uses(TCP)


def test_a_private_contact_is_reached_by_the_connection_alone(world: World) -> None:
    call = up_by_tcp(world, "<sip:bob@10.0.0.7:5060;transport=tcp>")
    call.hang_up(world.now)
    only_request(world)
    assert world.log[-1][1] == TCP


def test_an_ack_whose_connection_is_gone_opens_another_once(world: World) -> None:
    call = world.stack.place_call("sip:bob@198.51.100.7;transport=tcp", None, OURS, world.now)
    invite = only_request(world)
    world.stack.receive(accept(invite, contact=TCP_CONTACT).encode(), TCP, world.now)
    (ack,) = world.stack.to_send()
    world.stack.transport_failed(ack.key, "connection reset", world.now)
    world.resolve()
    (again,) = world.stack.to_send()
    assert again.data == ack.data
    world.stack.transport_failed(again.key, "connection refused", world.now)
    assert world.sent() == []
    assert methods(world.receive(accept(invite, contact=TCP_CONTACT), TCP)) == ["ACK"]
    assert call.state == "confirmed"


def test_a_call_whose_connection_is_gone_looks_the_peer_up(world: World) -> None:
    call = up_by_tcp(world)
    world.stack.connection_lost(TCP, world.now)
    assert call.state == "confirmed"
    call.hang_up(world.now)
    (bye,) = world.stack.to_send()
    world.stack.transport_failed(bye.key, "connection reset", world.now)
    again = only_request(world)
    assert again.method == "BYE"
    world.receive(answer_ours(again), TCP)
    assert call.state == "over"


def test_a_peer_that_comes_back_by_a_new_connection_is_answered_there_from_then_on(
    world: World,
) -> None:
    call = up_by_tcp(world)
    theirs = TCP._replace(remote=(BOB[0], 50123), accepted=True)
    world.receive(in_dialog(call, "OPTIONS", 5), theirs)
    assert world.log[-1][1] == theirs
    assert world.stack.uses(theirs)
    assert not world.stack.uses(TCP)


def test_sips_is_called_by_tls_with_the_name_for_its_certificate(world: World) -> None:
    world.stack.place_call("sips:bob@198.51.100.7", None, OURS, world.now)
    invite = only_request(world)
    flow = world.log[-1][1]
    assert (flow.transport, flow.remote, flow.name) == ("tls", (BOB[0], 5061), BOB[0])
    assert invite.vias[0].transport == "TLS"
    # Section 8.1.1.8: our Contact, too.
    assert (invite.headers.get("Contact") or "").startswith("<sips:")


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        # RFC 3263 section 4.1: NAPTR may name the servers, as long as they speak TLS.
        ("sips:bob@example.com", Target("example.com", None, None, True)),
        ("sips:bob@example.com;transport=tcp", Target("example.com", None, "tls", True)),
        ("sip:bob@example.com;transport=tls", Target("example.com", None, "tls", True)),
        ("sip:bob@example.com", Target("example.com")),
    ],
)
def test_what_is_looked_up(uri: str, target: Target, world: World) -> None:
    world.stack.place_call(uri, None, OURS, world.now)
    (lookup,) = world.stack.to_resolve()
    assert lookup.target == target


# --- twilio.md 36: hygiene of our requests ------------------------------------------------------


def test_twilio_36_hygiene_of_requests() -> None:
    account = Account("a", "alice", "198.51.100.7", "secret")
    world = World(StackSettings(accounts=(account,)))
    call, invite = place(world, "600", "a")
    world.receive(accept(invite), TO_BOB)
    call.hold(world.now)
    call.hang_up(world.now)
    world.sent()
    assert len(world.log) == 4
    for _, _, data in world.log:
        head, _, body = data.partition(b"\r\n\r\n")
        text = head.decode()
        assert "\n" not in text.replace("\r\n", "")
        lines = text.split("\r\n")[1:]
        names = [line.partition(":")[0] for line in lines]
        assert len(names) == len(set(names))
        assert f"Content-Length: {len(body)}" in lines
        assert "Max-Forwards: 70" in lines
        assert not any(line.endswith((":", ": ")) for line in lines)
        assert names[0] == "Via"
        assert "Server" not in names
        assert ("User-Agent" in names) == (not text.startswith("ACK"))
        assert (body == b"") == ("Content-Type" not in names)


def test_twilio_35_our_tags_are_new_for_each_call_and_tokens(world: World) -> None:
    tags = {place(world)[1].from_.tag for _ in range(50)}
    assert len(tags) == 50
    assert all(len(tag) >= 8 and tag.isalnum() for tag in tags)
