"""The transaction tables, event by event, and their timers on virtual time."""

from __future__ import annotations

import pytest

from gateway.sip import Flow, IncomingCall, Limits, SessionEnded, SessionOver, StackSettings
from gateway.sip.events import EndCause
from gateway.sip.transaction import INVITE_SERVER, NON_INVITE_CLIENT, NON_INVITE_SERVER, Table

from .harness import FLOW, MEDIA, Caller, World, answer_ours, connected, incoming, statuses

TABLES = {"INVITE server": INVITE_SERVER, "server": NON_INVITE_SERVER, "client": NON_INVITE_CLIENT}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tables_are_closed(table: Table) -> None:
    """Every next state exists, and every state but the last has a way out."""
    for state, events in table.items():
        assert all(following in table for _, following in events.values())
        assert events or state == "terminated"
        if events:
            assert any(following != state for _, following in events.values())


@pytest.mark.parametrize(
    ("table", "state", "event", "following"),
    [
        (INVITE_SERVER, "proceeding", "provisional", "proceeding"),
        (INVITE_SERVER, "proceeding", "success", "accepted"),
        (INVITE_SERVER, "proceeding", "failure", "completed"),
        (INVITE_SERVER, "completed", "ack", "confirmed"),
        (INVITE_SERVER, "completed", "H", "terminated"),
        (INVITE_SERVER, "confirmed", "I", "terminated"),
        (INVITE_SERVER, "accepted", "success", "accepted"),
        (INVITE_SERVER, "accepted", "L", "terminated"),
        (NON_INVITE_SERVER, "trying", "success", "completed"),
        (NON_INVITE_SERVER, "trying", "provisional", "proceeding"),
        (NON_INVITE_SERVER, "completed", "J", "terminated"),
        (NON_INVITE_CLIENT, "trying", "provisional", "proceeding"),
        (NON_INVITE_CLIENT, "trying", "final", "completed"),
        (NON_INVITE_CLIENT, "trying", "F", "terminated"),
        (NON_INVITE_CLIENT, "proceeding", "E", "proceeding"),
        (NON_INVITE_CLIENT, "completed", "K", "terminated"),
    ],
)
def test_figures_of_the_standard(table: Table, state: str, event: str, following: str) -> None:
    assert table[state][event][1] == following


def test_refusal_is_repeated_by_timer_g_until_timer_h(world: World, caller: Caller) -> None:
    incoming(world, caller).reject(486, world.now)
    assert statuses(world.sent()) == [486]
    times = [at for at, message in world.run(40)]
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert world.stack.counters["transactions"] == 0
    assert world.stack.next_deadline() is None


def test_ack_stops_timer_g_and_timer_i_absorbs_repeats(world: World, caller: Caller) -> None:
    incoming(world, caller).reject(486, world.now)
    caller.hear(world.sent())
    ack = caller.ack_refusal()
    assert world.receive(ack) == []
    assert world.receive(ack) == []
    assert world.run(4.9) == []
    assert world.stack.counters["transactions"] == 1
    assert world.run(0.2) == []
    assert world.stack.counters["transactions"] == 0


def test_repeated_invite_gets_the_last_provisional(world: World, caller: Caller) -> None:
    text = caller.invite()
    assert statuses(world.receive(text)) == [100]
    assert statuses(world.receive(text)) == [100]
    assert len(world.events()) == 1


def test_repeated_invite_gets_the_same_final(world: World, caller: Caller) -> None:
    text = caller.invite()
    world.receive(text)
    (call,) = world.events()
    call.session.reject(486, world.now)  # type: ignore[union-attr]
    world.sent()
    world.receive(text)
    raw = [data for _, _, data in world.log]
    assert raw[-1] == raw[-2]
    assert raw[-1].startswith(b"SIP/2.0 486 ")


def test_success_is_repeated_by_the_session_until_ack(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    assert [at for at, _ in world.run(10)] == [0.5, 1.5, 3.5, 7.5]
    assert world.receive(caller.ack()) == []
    assert world.run(30) == []


@pytest.mark.parametrize("flow", [FLOW, FLOW._replace(transport="tcp", accepted=True)])
def test_timer_l_absorbs_repeats_for_64_t1_on_every_transport(
    flow: Flow, world: World, caller: Caller
) -> None:
    """RFC 6026 section 8.7: until then a repeated INVITE is no new call, and its ACK no riddle."""
    text = caller.invite().encode()
    world.stack.receive(text, flow, world.now)
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    world.sent()
    session.answer(world.now)
    (ok,) = world.sent()
    caller.hear([ok])
    # As long as no ACK came, the caller that repeats its INVITE is told again.
    world.stack.receive(text, flow, world.now)
    assert statuses(world.sent()) == [200]
    world.stack.receive(caller.ack().encode(), flow, world.now)
    world.events()
    world.run(31.9)
    for late in (text, caller.ack().encode()):
        world.stack.receive(late, flow, world.now)
        assert world.sent() == []
        assert world.events() == []
    assert world.stack.counters["transactions"] == 1
    world.run(0.1)
    assert world.stack.counters["transactions"] == 0
    assert session.state == "confirmed"


def test_no_ack_for_64_t1_ends_the_call_with_bye(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    sent = world.run(32)
    assert statuses(message for _, message in sent) == [200] * 10
    at, bye = sent[-1]
    assert at == 32.0
    assert bye.start_line.startswith("BYE ")
    assert world.event(SessionEnded).cause is EndCause.ACK_TIMEOUT


def test_bye_is_repeated_by_timer_e_until_timer_f(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    world.sent()
    assert [at for at, _ in world.run(40)] == [
        0.5,
        1.5,
        3.5,
        7.5,
        11.5,
        15.5,
        19.5,
        23.5,
        27.5,
        31.5,
    ]
    assert SessionOver(session, None) in world.events()
    assert world.stack.counters["transactions"] == 0
    assert world.stack.counters["dialogs"] == 0
    assert world.stack.next_deadline() is None


def test_provisional_slows_timer_e(world: World, caller: Caller) -> None:
    connected(world, caller).hang_up(world.now)
    (bye,) = world.sent()
    world.receive(answer_ours(bye, 100, "Trying"))  # type: ignore[arg-type]
    assert [at for at, _ in world.run(13)] == [0.5, 4.5, 8.5, 12.5]


def test_final_response_ends_timer_e_and_timer_k_absorbs_repeats(
    world: World, caller: Caller
) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    (bye,) = world.sent()
    answer = answer_ours(bye)  # type: ignore[arg-type]
    world.receive(answer)
    world.receive(answer)
    overs = [event for event in world.events() if isinstance(event, SessionOver)]
    assert overs == [SessionOver(session, 200)]
    assert world.run(4.9) == []
    assert world.run(30) == []
    assert world.stack.counters["transactions"] == 0


@pytest.mark.parametrize("method", ["OPTIONS", "BYE", "CANCEL", "REGISTER"])
def test_repeated_requests_get_the_same_bytes_for_64_t1(method: str, world: World) -> None:
    text = Caller().request(method)
    world.receive(text)
    world.run(31.9)
    world.receive(text)
    first, second = (data for _, _, data in world.log)
    assert first == second
    world.run(0.2)
    assert world.stack.counters["transactions"] == 0


def test_rfc_2543_requests_match_without_a_branch(world: World, caller: Caller) -> None:
    """No magic cookie: Request-URI, tags, Call-ID, CSeq and the top Via make the match."""
    text = caller.invite(branch="1")
    world.receive(text)
    assert statuses(world.receive(text)) == [100]
    (call,) = world.events()
    call.session.reject(486, world.now)  # type: ignore[union-attr]
    caller.hear(world.sent())
    world.receive(caller.ack_refusal())
    assert world.run(10) == []


@pytest.mark.parametrize(
    ("via", "rport", "source", "target"),
    [
        ("54.172.60.0:5060", True, ("54.172.60.0", 46905), ("54.172.60.0", 46905)),
        ("54.172.60.0:5060", False, ("54.172.60.0", 46905), ("54.172.60.0", 5060)),
        ("54.172.60.0", False, ("54.172.60.0", 46905), ("54.172.60.0", 5060)),
        ("10.0.0.1:5070", False, ("54.172.60.0", 46905), ("54.172.60.0", 5070)),
        ("10.0.0.1;maddr=192.0.2.9", False, ("54.172.60.0", 46905), ("54.172.60.0", 5060)),
    ],
)
def test_where_responses_go(
    via: str, rport: bool, source: tuple[str, int], target: tuple[str, int], world: World
) -> None:
    host, _, more = via.partition(";")
    text = Caller().request("OPTIONS", via=host)
    if not rport:
        text = text.replace(";rport\r\n", f";{more}\r\n" if more else "\r\n")
    world.stack.receive(text.encode(), FLOW._replace(remote=source), world.now)
    ((flow, _),) = world.sent_to()
    assert flow.remote == target


def test_finished_transactions_make_room_oldest_first() -> None:
    world = World(StackSettings(limits=Limits(transactions=5)))
    for number in range(12):
        assert statuses(world.receive(Caller(f"{number:04}").request("OPTIONS"))) == [200]
    assert world.stack.counters["transactions"] == 5
    assert world.stack.counters["evicted"] == 7


def test_a_full_house_refuses_newcomers_and_keeps_its_calls() -> None:
    world = World(StackSettings(limits=Limits(transactions=3)))
    callers = [Caller(f"{number:04}call") for number in range(3)]
    sessions = [incoming(world, caller) for caller in callers]
    (answer,) = world.receive(Caller("late").invite())
    assert statuses([answer]) == [503]
    assert answer.headers.get("Retry-After") == "5"
    assert world.receive(Caller("ping").request("OPTIONS")) == []
    assert world.stack.counters["overloaded"] == 2
    sessions[0].prepare(MEDIA, world.now)
    sessions[0].answer(world.now)
    callers[0].hear(world.sent())
    world.receive(callers[0].ack())
    assert statuses(world.receive(callers[0].bye())) == [200]


def test_more_calls_than_allowed_are_busy() -> None:
    world = World(StackSettings(limits=Limits(dialogs=1)))
    incoming(world, Caller("0000one"))
    assert statuses(world.receive(Caller("0001two").invite())) == [100, 486]


@pytest.mark.parametrize("late", [40.0, 200.0])
@pytest.mark.parametrize("deed", ["reject", "answer", "hang_up", "ring"])
def test_a_stalled_loop_finds_every_timer_due_at_once(
    deed: str, late: float, world: World, caller: Caller
) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    world.receive(Caller("ping").request("OPTIONS"))
    {
        "reject": lambda: session.reject(486, world.now),
        "answer": lambda: session.answer(world.now),
        "hang_up": lambda: session.hang_up(world.now),
        "ring": lambda: session.ring(world.now),
    }[deed]()
    world.now += late
    world.stack.handle_deadline(world.now)
    session.hang_up(world.now)
    for _ in range(3):
        world.now += late
        world.stack.handle_deadline(world.now)
    assert world.stack.next_deadline() is None
    assert world.stack.counters["transactions"] == 0


def test_a_response_that_cannot_be_sent_ends_its_transaction(world: World, caller: Caller) -> None:
    incoming(world, caller).reject(486, world.now)
    for datagram in world.stack.to_send():
        world.stack.transport_failed(datagram.key, "unreachable", world.now)
    assert world.stack.counters["transactions"] == 0
    assert world.stack.next_deadline() is None


def test_a_bye_that_cannot_be_sent_is_over(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    for datagram in world.stack.to_send():
        world.stack.transport_failed(datagram.key, "unreachable", world.now)
    assert SessionOver(session, None) in world.events()
    assert world.stack.counters["dialogs"] == 0


def test_an_answer_that_never_leaves_ends_as_a_transport_failure(
    world: World, caller: Caller
) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    for datagram in world.stack.to_send():
        world.stack.transport_failed(datagram.key, "unreachable", world.now)
    world.run(33)
    assert world.event(SessionEnded).cause is EndCause.TRANSPORT
