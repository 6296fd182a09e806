"""Everything that the service may ask of a call, in every state of every kind of call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.errors import LocalProtocolError
from gateway.sip import InviteSession, OutgoingCall, Session, SessionEnded
from gateway.sip.session_table import FINISHED, INCOMING, OUTGOING

from . import test_invite, test_outgoing_call
from .harness import MEDIA, Caller, World

CALLS: dict[str, Callable[[Any, float], None]] = {
    "describe": lambda call, now: call.describe(line="a", call="b", reason="c"),
    "hold": lambda call, now: call.hold(now),
    "resume": lambda call, now: call.resume(now),
    "transfer": lambda call, now: call.transfer("sip:carol@192.0.2.50", now),
    "digit": lambda call, now: call.send_digit_info("5", 100, now),
    "flash": lambda call, now: call.send_flash_info(now),
    "readdress": lambda call, now: call.readdress(now),
    "ring": lambda call, now: call.ring(now),
    "progress": lambda call, now: call.progress(now),
    "answer": lambda call, now: call.answer(now),
    "reject": lambda call, now: call.reject(486, now),
    "give_up_waiting": lambda call, now: call.give_up_waiting(now),
}
OF_INCOMING = {"ring", "progress", "answer", "reject"}
ALWAYS = {"describe", "readdress", "give_up_waiting"}

# In which states a call makes sense; in FINISHED ones it does nothing, else it is our mistake.
WORKS = {
    "hold": {"answered", "confirmed"},
    "resume": {"incoming", "ringing", "accepting", "answered", "confirmed", "calling"},
    "transfer": {"confirmed"},
    "digit": {"confirmed"},
    "flash": {"confirmed"},
    "ring": {"incoming", "ringing"},
    "progress": {"incoming", "ringing"},
    "answer": {"incoming", "ringing"},
    "reject": {"incoming", "ringing", "accepting"},
}

STATES = [("incoming", state) for state in INCOMING] + [("outgoing", state) for state in OUTGOING]


def reach(kind: str, state: str, world: World) -> Session:
    """A call in that state."""
    if kind == "outgoing":
        return test_outgoing_call.reach(state, world)
    call = test_invite.reach(state, world, Caller())
    if state == "incoming":
        call.prepare(MEDIA, world.now)
    return call


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("kind", "state"), STATES)
def test_what_the_service_may_ask(kind: str, state: str, name: str, world: World) -> None:
    call = reach(kind, state, world)
    if name in OF_INCOMING and not isinstance(call, InviteSession):
        return
    world.sent()
    world.events()
    sends = name not in ALWAYS
    if state in FINISHED or (sends and state in WORKS[name]) or not sends:
        CALLS[name](call, world.now)
        if state in FINISHED and name != "give_up_waiting":
            assert world.sent() == []
            assert call.state == state
    else:
        with pytest.raises(LocalProtocolError):
            CALLS[name](call, world.now)
        assert world.sent() == []
        assert call.state == state
    # Whatever it was, hanging up ends it, once and for good.
    call.hang_up(world.now)
    ended = [event for event in world.events() if isinstance(event, SessionEnded)]
    assert len(ended) == (0 if state in FINISHED else 1)
    world.run(200)
    assert call.state == "over"
    assert world.stack.next_deadline() is None
    assert world.stack.counters["dialogs"] == 0


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_every_property_can_be_read(kind: str, state: str, world: World) -> None:
    call: Any = reach(kind, state, world)
    for name in (
        "call_id", "flow", "request", "remote_party", "local_party", "requested_user", "x_headers",
        "identity_headers", "caller", "twilio", "media", "state", "history", "facts", "contact",
        "on_hold", "account", "problem",
    ):  # fmt: skip
        getattr(call, name)


@pytest.mark.parametrize("table", [INCOMING, OUTGOING])
def test_the_tables_name_actions_that_exist(table: dict[str, dict[str, tuple[str, str]]]) -> None:
    kind = InviteSession if table is INCOMING else OutgoingCall
    for events in table.values():
        for action, _ in events.values():
            assert hasattr(kind, f"_do_{action}"), action


@pytest.mark.parametrize("table", [INCOMING, OUTGOING])
def test_every_state_can_be_reached_and_left(
    table: dict[str, dict[str, tuple[str, str]]],
) -> None:
    first = "incoming" if table is INCOMING else "calling"
    seen, left = {first}, [first]
    while left:
        for _, state in table[left.pop()].values():
            if state not in seen:
                seen.add(state)
                left.append(state)
    assert seen == set(table)
    for state in table:
        assert state == "over" or any(s == "over" for s in _reachable(table, state))


def _reachable(table: dict[str, dict[str, tuple[str, str]]], state: str) -> set[str]:
    found: set[str] = set()
    left = [state]
    while left:
        for _, following in table[left.pop()].values():
            if following not in found:
                found.add(following)
                left.append(following)
    return found
