"""Floods from a source that may speak to us: what they cost is bounded, and calls go on."""

from __future__ import annotations

import tracemalloc

import pytest

from gateway.sip import Flow, Limits, StackSettings

from .callee import CONTACT, TO_BOB, in_dialog, place, respond, up
from .harness import FLOW, Caller, World, connected, incoming, statuses

LIMITS = Limits(transactions=64)


@pytest.fixture
def small() -> World:
    return World(StackSettings(limits=LIMITS))


def flood(world: World, count: int, **changes: str) -> None:
    for number in range(count):
        caller = Caller(f"flood{number}")
        for name, value in changes.items():
            setattr(caller, name, value)
        world.stack.receive(caller.request("OPTIONS").encode(), flow_of(number), world.now)
        world.stack.to_send()


def flow_of(number: int) -> Flow:

    return FLOW._replace(remote=(FLOW.remote[0], 1024 + number % 50000))


def test_requests_without_end_keep_their_number(small: World) -> None:
    flood(small, 1000)
    assert small.stack.counters["transactions"] == 64


def test_huge_headers_count_for_more_than_one(small: World) -> None:
    flood(small, 200, from_tag="t" * 50_000)
    assert 0 < small.stack.counters["transactions"] <= 64 * 4096 // 50_000


def test_one_huge_request_is_still_served(small: World) -> None:
    flood(small, 100)
    caller = Caller("huge")
    caller.from_tag = "t" * 60_000
    assert statuses(small.receive(caller.request("OPTIONS"))) == [200]


def test_what_a_flood_holds_in_memory(world: World) -> None:
    """64 KB in each datagram, from many ports: some 4 KB for each of 1024 transactions, and what
    the answers to them weigh."""
    tracemalloc.start()
    try:
        flood(world, 600, from_tag="t" * 60_000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 40e6


def test_calls_that_ring_do_not_keep_what_is_over_from_making_room() -> None:
    world = World(StackSettings(limits=Limits(transactions=60, dialogs=50)))
    sessions = [incoming(world, Caller(f"ring{number:03}")) for number in range(50)]
    flood(world, 200)
    newcomer = Caller("newcomer").request("OPTIONS")
    assert statuses(world.receive(newcomer)) == [200]
    assert world.stack.counters.get("overloaded", 0) == 0
    assert all(session.state == "incoming" for session in sessions)
    assert world.stack.counters["transactions"] == 60


@pytest.mark.parametrize("method", ["OPTIONS", "UPDATE", "INFO", "BYE"])
def test_a_flood_inside_a_call_is_bounded_and_another_call_can_end(method: str) -> None:
    world = World(StackSettings(profile="full", limits=LIMITS))
    first, second = Caller("first"), Caller("second")
    connected(world, first)
    other = connected(world, second)
    for _ in range(1000):
        first.cseq += 1
        world.receive(first.request(method))
    assert world.stack.counters["transactions"] <= 2 * 64
    assert statuses(world.receive(second.bye())) == [200]
    assert other.state == "over"


def test_a_flood_of_reinvites_that_are_refused_is_bounded() -> None:
    world = World(StackSettings(limits=LIMITS))
    caller = Caller("caller")
    session = connected(world, caller)
    for _ in range(1000):
        world.receive(caller.reinvite("v=0\n"))
    assert world.stack.counters["transactions"] <= 2 * 64
    assert session.state == "confirmed"
    assert statuses(world.receive(caller.bye())) == [200]


def test_cancels_for_nothing(small: World) -> None:
    for number in range(1000):
        caller = Caller(f"c{number}")
        small.receive(caller.request("CANCEL"))
    assert small.stack.counters["transactions"] == 64


def test_a_flood_of_answers_to_our_invite_makes_nothing(world: World) -> None:
    call, invite = place(world)
    for number in range(2000):
        world.receive(respond(invite, 100 + number % 99, tag=f"t{number}"), TO_BOB)
    assert world.stack.counters["transactions"] == 1
    assert world.stack.counters["dialogs"] == 1
    assert call.state == "calling"


def test_reliable_provisionals_without_end_are_acknowledged_as_far_as_the_peer_answers() -> None:
    world = World(StackSettings(profile="full"))
    call, invite = place(world)
    for number in range(1, 1000):
        extra = [("Require", "100rel"), ("RSeq", str(number))]
        text = respond(invite, 180, tag="x", contact=CONTACT, extra=extra)
        world.receive(text, TO_BOB)
    assert world.stack.counters["transactions"] == 1 + 4
    assert call.state == "calling"


def test_requests_of_our_own_find_room_in_a_flood() -> None:
    world = World(StackSettings(limits=LIMITS))
    call = up(world)
    flood(world, 500)
    call.hang_up(world.now)
    (bye,) = world.sent()
    assert bye.start_line.startswith("BYE ")


def test_a_peer_of_a_call_that_is_full_of_requests_can_still_hang_up() -> None:
    world = World(StackSettings(limits=LIMITS))
    call = up(world)
    for number in range(1, 500):
        world.receive(in_dialog(call, "OPTIONS", number), TO_BOB)
    assert statuses(world.receive(in_dialog(call, "BYE", 500), TO_BOB)) == [200]
