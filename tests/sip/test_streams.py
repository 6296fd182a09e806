"""Calls that come over TCP and TLS: the way back, and what follows when a connection is gone.

RFC 3261 sections 17.2, 18.2.2 and 20.14; twilio.md 6, 7, 33, 37.
"""

from __future__ import annotations

import pytest

from gateway.sip import Flow, IncomingCall, InviteSession, Malformed, Request, Response

from .callee import methods, nothing_left
from .harness import EDGE, LOCAL, MEDIA, Caller, World, answer_ours, incoming, statuses

TCP = Flow("tcp", LOCAL, (EDGE[0], 46905), accepted=True)
TLS = Flow("tls", (LOCAL[0], 5061), (EDGE[0], 46906), accepted=True)
STREAMS = pytest.mark.parametrize("flow", [TCP, TLS], ids=["tcp", "tls"])


def ring(world: World, caller: Caller, flow: Flow, **changes: object) -> InviteSession:
    """A call over `flow` that rings."""
    caller.contact = f"<sip:x@172.25.75.240:5060;transport={flow.transport}>"
    caller.record_routes = (f"<sip:54.172.60.0:5060;transport={flow.transport};lr>",)
    text = caller.invite(**changes)  # type: ignore[arg-type]
    world.stack.receive(text.encode(), flow, world.now)
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    caller.hear(world.sent())
    return session


def connected_by(world: World, caller: Caller, flow: Flow) -> InviteSession:
    session = ring(world, caller, flow)
    session.answer(world.now)
    caller.hear(world.sent())
    world.stack.receive(caller.ack().encode(), flow, world.now)
    world.run(33)
    world.log.clear()
    return session


# --- timers (section 17.2) ---------------------------------------------------------------------


@STREAMS
def test_a_refusal_is_not_repeated_but_its_ack_is_waited_for(
    flow: Flow, world: World, caller: Caller
) -> None:
    ring(world, caller, flow).reject(486, world.now)
    world.sent()
    assert world.run(31.9) == []
    assert world.stack.busy
    assert world.run(0.2) == []
    nothing_left(world)


@STREAMS
def test_timer_i_is_zero(flow: Flow, world: World, caller: Caller) -> None:
    ring(world, caller, flow).reject(486, world.now)
    world.sent()
    world.stack.receive(caller.ack_refusal().encode(), flow, world.now)
    world.run(0)
    nothing_left(world)


@STREAMS
def test_timer_j_is_zero(flow: Flow, world: World, caller: Caller) -> None:
    assert statuses(world.receive(caller.request("OPTIONS"), flow)) == [200]
    world.run(0)
    nothing_left(world)


@STREAMS
def test_twilio_06_the_2xx_is_repeated_over_streams_too(
    flow: Flow, world: World, caller: Caller
) -> None:
    """A proxy in between may lose it on another leg (section 13.3.1.4)."""
    ring(world, caller, flow).answer(world.now)
    world.sent()
    assert [at for at, _ in world.run(8)] == [0.5, 1.5, 3.5, 7.5]


# --- the way back ------------------------------------------------------------------------------


@STREAMS
def test_answers_and_requests_of_ours_take_the_invites_connection(
    flow: Flow, world: World, caller: Caller
) -> None:
    session = connected_by(world, caller, flow)
    session.hang_up(world.now)
    ((used, bye),) = world.sent_to()
    assert used == flow
    assert isinstance(bye, Request)
    assert bye.vias[0].transport == flow.transport.upper()
    assert world.stack.uses(flow)
    world.receive(answer_ours(bye), flow)
    assert not world.stack.uses(flow)


@pytest.mark.parametrize(
    ("flow", "via", "remote", "name"),
    [
        (TCP, "54.172.60.0:5070", (EDGE[0], 5070), ""),
        (TCP, "10.0.0.1", (EDGE[0], 5060), ""),
        (TLS, "edge.example.com", (EDGE[0], 5061), "edge.example.com"),
    ],
)
def test_an_answer_whose_connection_is_gone_goes_where_the_via_points(
    flow: Flow, via: str, remote: tuple[str, int], name: str, world: World, caller: Caller
) -> None:
    """Section 18.2.2: to the source address, on the port of the sent-by. Once."""
    session = ring(world, caller, flow, via=via)
    session.reject(486, world.now)
    (refusal,) = world.stack.to_send()
    assert refusal.flow == flow
    world.stack.transport_failed(refusal.key, "connection reset", world.now)
    (again,) = world.stack.to_send()
    assert again.data == refusal.data
    assert (again.flow.remote, again.flow.accepted, again.flow.name) == (remote, False, name)
    world.stack.transport_failed(again.key, "connection refused", world.now)
    assert world.stack.to_send() == []
    nothing_left(world)


@STREAMS
def test_a_finished_answer_finds_its_way_too(flow: Flow, world: World, caller: Caller) -> None:
    """Timer J is over at once, and the network tells of its failure later."""
    world.stack.receive(caller.request("OPTIONS").encode(), flow, world.now)
    (answer,) = world.stack.to_send()
    world.run(1)
    world.stack.transport_failed(answer.key, "connection reset", world.now)
    (again,) = world.stack.to_send()
    assert again.data == answer.data


@STREAMS
def test_a_call_outlives_its_connection(flow: Flow, world: World, caller: Caller) -> None:
    session = connected_by(world, caller, flow)
    world.stack.connection_lost(flow, world.now)
    assert session.state == "confirmed"
    session.hang_up(world.now)
    (bye,) = world.stack.to_send()
    assert bye.flow == flow
    world.stack.transport_failed(bye.key, "the connection is closed", world.now)
    (lookup,) = world.stack.to_resolve()
    assert (lookup.target.host, lookup.target.transport) == (EDGE[0], flow.transport)
    fresh = flow._replace(remote=(EDGE[0], 5060), accepted=False)
    world.stack.resolved(lookup.key, [fresh], world.now)
    ((used, again),) = world.sent_to()
    assert used == fresh
    assert isinstance(again, Request)
    world.receive(answer_ours(again), fresh)
    assert session.state == "over"


@STREAMS
def test_the_next_request_takes_the_new_connection_at_once(
    flow: Flow, world: World, caller: Caller
) -> None:
    session = connected_by(world, caller, flow)
    session.hold(world.now)
    (reinvite,) = world.stack.to_send()
    world.stack.transport_failed(reinvite.key, "the connection is closed", world.now)
    (lookup,) = world.stack.to_resolve()
    fresh = flow._replace(remote=(EDGE[0], 5060), accepted=False)
    world.stack.resolved(lookup.key, [fresh], world.now)
    ((_, again),) = world.sent_to()
    assert isinstance(again, Request)
    world.receive(answer_ours(again, 488), fresh)
    session.hang_up(world.now)
    flows = [used for used, message in world.sent_to() if methods([message]) == ["BYE"]]
    assert flows == [fresh]


@STREAMS
def test_a_peer_that_comes_back_by_a_new_connection_hears_us_there(
    flow: Flow, world: World, caller: Caller
) -> None:
    session = connected_by(world, caller, flow)
    other = flow._replace(remote=(EDGE[0], 50000))
    assert statuses(world.receive(caller.request("OPTIONS"), other)) == [200]
    session.hang_up(world.now)
    assert [used for used, _ in world.sent_to()] == [other]


def test_only_the_same_host_moves_a_call(world: World, caller: Caller) -> None:
    session = connected_by(world, caller, TCP)
    world.receive(caller.request("OPTIONS"), TCP._replace(remote=("54.172.60.1", 50000)))
    session.hang_up(world.now)
    assert world.sent_to()[0][0] == TCP


@STREAMS
def test_a_silent_peer_is_not_left_for_another_way_than_its_own_connection(
    flow: Flow, world: World, caller: Caller
) -> None:
    """A private Contact behind a connection of the peer's: nothing found in DNS is better."""
    session = connected_by(world, caller, flow)
    session.hold(world.now)
    world.sent()
    assert world.run(20) == []
    assert world.stack.to_resolve() == []


# --- what cannot be read -----------------------------------------------------------------------


@STREAMS
def test_twilio_33_without_content_length_a_stream_ends_with_400(
    flow: Flow, world: World, caller: Caller
) -> None:
    text = "\r\n".join(
        line for line in caller.invite(None).split("\r\n") if "Content-Length" not in line
    )
    world.stack.receive(text.encode(), flow, world.now)
    ((used, answer),) = world.sent_to()
    assert used == flow
    assert isinstance(answer, Response)
    assert answer.status == 400
    assert isinstance(world.events()[0], Malformed)
    nothing_left(world)


@STREAMS
@pytest.mark.parametrize("rport", [True, False])
def test_a_bad_request_is_answered_on_its_connection(
    rport: bool, flow: Flow, world: World, caller: Caller
) -> None:
    text = caller.invite().replace("CSeq: 29044 INVITE", "CSeq: INVITE")
    if not rport:
        text = text.replace(";rport\r\n", "\r\n")
    world.stack.receive(text.encode(), flow, world.now)
    (datagram,) = world.stack.to_send()
    assert datagram.flow == flow
    assert datagram.data.startswith(b"SIP/2.0 400 ")


def test_a_datagram_needs_no_content_length(world: World, caller: Caller) -> None:
    text = caller.request("OPTIONS").replace("Content-Length: 0\r\n", "")
    assert statuses(world.receive(text)) == [200]


def test_responses_on_a_stream_need_a_content_length_too(world: World, caller: Caller) -> None:
    session = connected_by(world, caller, TCP)
    session.hang_up(world.now)
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    world.receive(answer_ours(bye).replace("Content-Length: 0\r\n", ""), TCP)
    assert session.state == "closing"


# --- a connection among several ------------------------------------------------------------------


def test_losing_one_connection_leaves_the_others_alone(world: World) -> None:
    first, second = Caller("one"), Caller("two")
    other = TCP._replace(remote=(EDGE[0], 46999))
    one, two = connected_by(world, first, TCP), connected_by(world, second, other)
    one.hang_up(world.now)
    two.hang_up(world.now)
    world.sent()
    world.stack.connection_lost(TCP, world.now)
    world.resolve()
    assert [datagram.flow.accepted for datagram in world.stack.to_send()] == [False]
    assert (one.state, two.state) == ("closing", "closing")
    assert incoming(world, Caller("three")).state == "incoming"
