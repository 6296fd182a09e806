"""The client transactions, state by state and timer by timer (RFC 3261 section 17.1, RFC 6026)."""

from __future__ import annotations

import pytest

from gateway.sip import EndCause, Flow, Request, SessionEnded, SessionOver, parse
from gateway.sip.transaction import INVITE_CLIENT, NON_INVITE_CLIENT, Table

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
    up,
)
from .harness import LOCAL, World, answer_ours

TCP = Flow("tcp", LOCAL, BOB)


@pytest.mark.parametrize("table", [INVITE_CLIENT, NON_INVITE_CLIENT], ids=["INVITE", "others"])
def test_tables_are_closed(table: Table) -> None:
    for state, events in table.items():
        assert all(following in table for _, following in events.values())
        assert events or state == "terminated"
        if events:
            assert any(following != state for _, following in events.values())


@pytest.mark.parametrize(
    ("state", "event", "following"),
    [
        ("calling", "A", "calling"),
        ("calling", "B", "terminated"),
        ("calling", "provisional", "proceeding"),
        ("calling", "success", "accepted"),
        ("calling", "failure", "completed"),
        ("calling", "transport", "terminated"),
        ("proceeding", "provisional", "proceeding"),
        ("proceeding", "success", "accepted"),
        ("proceeding", "failure", "completed"),
        ("completed", "failure", "completed"),
        ("completed", "D", "terminated"),
        ("accepted", "success", "accepted"),
        ("accepted", "M", "terminated"),
    ],
)
def test_figure_5_as_rfc_6026_corrects_it(state: str, event: str, following: str) -> None:
    assert INVITE_CLIENT[state][event][1] == following


@pytest.mark.parametrize("event", ["A", "B"])
def test_a_provisional_stops_timers_a_and_b(event: str) -> None:
    assert event not in INVITE_CLIENT["proceeding"]


# --- timers A and B -----------------------------------------------------------------------------


def test_timer_a_doubles_without_a_bound_and_timer_b_ends_it(world: World) -> None:
    call, invite = place(world)
    sent = world.run(40)
    assert [at for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert {bytes(message) for _, message in sent} == {bytes(invite)}
    assert world.events() == [SessionEnded(call, EndCause.NO_RESPONSE, None, None)]
    nothing_left(world)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_on_a_stream_nothing_is_repeated_and_timer_b_ends_it(transport: str, world: World) -> None:
    place(world, f"sip:bob@198.51.100.7;transport={transport}")
    assert world.run(31.9) == []
    assert world.stack.counters["dialogs"] == 1
    world.run(0.2)
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    nothing_left(world)


def test_a_provisional_ends_all_repetition(world: World) -> None:
    _, invite = place(world)
    world.receive(respond(invite, 100), TO_BOB)
    assert world.run(600) == []
    assert world.stack.counters["dialogs"] == 1


# --- finals: timers D and M ---------------------------------------------------------------------


def test_a_refusal_is_acknowledged_each_time_until_timer_d(world: World) -> None:
    _, invite = place(world)
    refusal = respond(invite, 486, tag="x")
    (first,) = world.receive(refusal, TO_BOB)
    world.run(31.9)
    (second,) = world.receive(refusal, TO_BOB)
    assert bytes(first) == bytes(second)
    world.run(0.2)
    assert world.receive(refusal, TO_BOB) == []
    assert world.stack.counters["unmatched_responses"] == 1
    nothing_left(world)


def test_the_ack_to_a_refusal_is_the_invites_own(world: World) -> None:
    """Section 17.1.1.3: same Request-URI, Via, From, Call-ID, CSeq number, Route; their To."""
    world.stack.place_call("sip:bob@198.51.100.7;transport=tcp", None, OURS, world.now)
    invite = only_request(world)
    (ack,) = world.receive(respond(invite, 603, tag="x"), TCP)
    assert isinstance(ack, Request)
    assert (ack.method, str(ack.uri)) == ("ACK", str(invite.uri))
    for name in ("via", "from", "call-id", "max-forwards"):
        assert ack.headers.get_all(name) == invite.headers.get_all(name)
    assert ack.headers.get("to") == f"{invite.headers.get('to')};tag=x"
    assert (ack.cseq.number, ack.cseq.method) == (invite.cseq.number, "ACK")
    assert ack.body == b""
    assert ack.headers.get("contact") is None


def test_a_refusal_on_a_stream_is_over_at_once(world: World) -> None:
    _, invite = place(world, "sip:bob@198.51.100.7;transport=tcp")
    world.receive(respond(invite, 486, tag="x"), TCP)
    world.run(0)
    nothing_left(world)


def test_timer_m_keeps_the_transaction_for_other_forks(world: World) -> None:
    call, invite = place(world)
    world.receive(accept(invite), TO_BOB)
    world.run(31.9)
    assert methods(world.receive(accept(invite), TO_BOB)) == ["ACK"]
    assert methods(world.receive(accept(invite, tag="fork"), TO_BOB)) == ["ACK", "BYE"]
    world.run(0.2)
    assert world.receive(accept(invite), TO_BOB) == []
    assert call.state == "confirmed"


def test_after_a_2xx_other_finals_mean_nothing(world: World) -> None:
    call, invite = place(world)
    world.receive(accept(invite), TO_BOB)
    assert world.receive(respond(invite, 486, tag="y"), TO_BOB) == []
    assert call.state == "confirmed"


def test_after_a_refusal_a_2xx_means_nothing(world: World) -> None:
    """A proxy that sends both is broken; the call is over, and nobody has heard an answer."""
    call, invite = place(world)
    world.receive(respond(invite, 486, tag="y"), TO_BOB)
    assert world.receive(accept(invite), TO_BOB) == []
    assert call.state == "over"


# --- requests that are not INVITE: timers E, F, K -----------------------------------------------

EVERY_T2 = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_timer_e_doubles_up_to_t2_until_timer_f(world: World) -> None:
    call = up(world)
    call.hang_up(world.now)
    bye = only_request(world)
    sent = world.run(40)
    assert [at for at, _ in sent] == EVERY_T2
    assert {bytes(message) for _, message in sent} == {bytes(bye)}
    assert SessionOver(call, None) in world.events()
    nothing_left(world)


def test_a_provisional_makes_timer_e_slow(world: World) -> None:
    up(world).hang_up(world.now)
    bye = only_request(world)
    world.receive(answer_ours(bye, 100, "Trying"), TO_BOB)
    assert [at for at, _ in world.run(40)] == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    nothing_left(world)


@pytest.mark.parametrize(("flow", "left"), [(TO_BOB, 1), (TCP, 0)], ids=["udp", "tcp"])
def test_timer_k_absorbs_repeats_for_t4_on_udp_and_not_at_all_on_streams(
    flow: Flow, left: int, world: World
) -> None:
    call, invite = place(world, f"sip:bob@198.51.100.7;transport={flow.transport}")
    contact = f"<sip:bob@198.51.100.7:5060;transport={flow.transport}>"
    world.receive(accept(invite, contact=contact), flow)
    world.run(33)  # timer M is over
    call.hang_up(world.now)
    (bye,) = requests(world.sent())
    world.receive(answer_ours(bye), flow)
    world.run(4.9 if left else 0)
    assert world.stack.counters["transactions"] == left
    world.run(0.2)
    nothing_left(world)


# --- which response belongs to it ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (";branch=z9hG4bK", ";branch=z9hG4bKx"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        ("From: ", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK9\r\nFrom: "),
    ],
    ids=["another branch", "another method", "more Vias than ours"],
)
def test_a_response_matches_by_branch_and_method_and_has_one_via(
    old: str, new: str, world: World
) -> None:
    """Sections 17.1.3 and 8.1.3.3."""
    call, invite = place(world)
    answer = accept(invite)
    assert old in answer
    assert world.receive(answer.replace(old, new, 1), TO_BOB) == []
    assert world.stack.counters["unmatched_responses"] == 1
    assert call.state == "calling"


def test_a_response_from_another_host_than_asked_is_dropped(world: World) -> None:
    call, invite = place(world)
    stranger = TO_BOB._replace(remote=("192.0.2.66", 5060))
    assert world.receive(accept(invite), stranger) == []
    assert call.state == "calling"


def test_a_response_from_another_port_of_that_host_is_taken(world: World) -> None:
    """Twilio's edges and many NATs answer from other ports."""
    call, invite = place(world)
    world.receive(accept(invite), TO_BOB._replace(remote=(BOB[0], 40000)))
    assert call.state == "confirmed"


def test_each_request_has_its_own_branch(world: World) -> None:
    call, invite = place(world)
    (ack,) = world.receive(accept(invite), TO_BOB)
    call.hang_up(world.now)
    bye = only_request(world)
    assert len({branch(invite), branch(ack), branch(bye)}) == 3


# --- the network refuses ------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_invite_that_cannot_be_sent_ends_the_call_in_words(transport: str, world: World) -> None:
    call = world.stack.place_call(
        f"sip:bob@198.51.100.7;transport={transport}", None, OURS, world.now
    )
    world.resolve()
    (datagram,) = world.stack.to_send()
    world.stack.transport_failed(datagram.key, "connection refused", world.now)
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    assert call.problem == "connection refused"
    nothing_left(world)


def test_a_late_failure_of_a_repetition_does_not_end_a_call_that_rings(world: World) -> None:
    call = world.stack.place_call("sip:bob@198.51.100.7", None, OURS, world.now)
    world.resolve()
    (datagram,) = world.stack.to_send()
    invite = parse(datagram.data)
    assert isinstance(invite, Request)
    world.receive(respond(invite, 180, tag="x"), TO_BOB)
    world.stack.transport_failed(datagram.key, "unreachable", world.now)
    assert call.state == "calling"
    assert world.stack.next_deadline() is None


def test_a_stream_that_is_lost_before_any_answer_ends_the_call(world: World) -> None:
    place(world, "sip:bob@198.51.100.7;transport=tcp")
    world.stack.connection_lost(TCP, world.now)
    assert world.event(SessionEnded).cause is EndCause.NO_RESPONSE
    nothing_left(world)


def test_a_stream_that_is_lost_while_it_rings_leaves_64_t1(world: World) -> None:
    """Section 18.2.2: the answer may come over a connection that the peer opens."""
    call, invite = place(world, "sip:bob@198.51.100.7;transport=tcp")
    world.receive(respond(invite, 180, tag="x"), TCP)
    world.stack.connection_lost(TCP, world.now)
    world.run(31.9)
    assert call.state == "calling"
    world.run(0.2)
    assert call.state == "over"
    nothing_left(world)


def test_an_answer_by_another_connection_keeps_a_call_whose_stream_was_lost(world: World) -> None:
    call, invite = place(world, "sip:bob@198.51.100.7;transport=tcp")
    world.receive(respond(invite, 180, tag="x"), TCP)
    world.stack.connection_lost(TCP, world.now)
    theirs = TCP._replace(remote=(BOB[0], 51000), accepted=True)
    world.receive(respond(invite, 180, tag="x"), theirs)
    world.run(600)
    world.receive(accept(invite), theirs)
    assert call.state == "confirmed"


# --- a loop that was stalled --------------------------------------------------------------------


@pytest.mark.parametrize("stall", [10.0, 40.0, 3600.0])
@pytest.mark.parametrize("heard", [None, 100, 180, 486])
def test_all_timers_due_at_once(heard: int | None, stall: float, world: World) -> None:
    call, invite = place(world)
    if heard:
        world.receive(respond(invite, heard, tag="x"), TO_BOB)
    world.now += stall
    world.run(0)
    call.hang_up(world.now)
    for _ in range(4):
        world.now += stall
        world.run(0)
    assert call.state == "over"
    nothing_left(world)
