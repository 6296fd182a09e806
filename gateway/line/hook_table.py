"""The hook machine's table: states, what can happen in each, and which timer runs there."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from gateway.line.pulse import NS_PER_MS


class Hook(Enum):
    """Where the loop is."""

    ON_HOOK = "on-hook"
    LIFTING = "lifting"  # closed, not yet long enough
    OFF_HOOK = "off-hook"
    OPENING = "opening"  # open, not yet long enough
    OPEN = "open"  # a pulse, a flash or a hang-up: time will tell
    CLOSING = "closing"  # closed again, not yet long enough


class Symbol(Enum):
    """What happened to the loop."""

    CLOSED = "loop closed"
    OPENED = "loop opened"
    TRIPPED = "ring trip"
    PERSISTED = "persisted"
    LAPSED = "too long for a flash"
    TRAIN_OVER = "no further pulse"


TRANSITIONS: Final[Mapping[Hook, Mapping[Symbol, Hook]]] = {
    Hook.ON_HOOK: {Symbol.CLOSED: Hook.LIFTING, Symbol.TRIPPED: Hook.OFF_HOOK},
    Hook.LIFTING: {
        Symbol.OPENED: Hook.ON_HOOK,
        Symbol.PERSISTED: Hook.OFF_HOOK,
        Symbol.TRIPPED: Hook.OFF_HOOK,
    },
    Hook.OFF_HOOK: {Symbol.OPENED: Hook.OPENING, Symbol.TRAIN_OVER: Hook.OFF_HOOK},
    Hook.OPENING: {Symbol.CLOSED: Hook.OFF_HOOK, Symbol.PERSISTED: Hook.OPEN},
    Hook.OPEN: {Symbol.CLOSED: Hook.CLOSING, Symbol.LAPSED: Hook.ON_HOOK},
    Hook.CLOSING: {Symbol.OPENED: Hook.OPEN, Symbol.PERSISTED: Hook.OFF_HOOK},
}

# The timer of each state: what it means when it runs out.
TIMERS: Final[Mapping[Hook, Symbol]] = {
    Hook.LIFTING: Symbol.PERSISTED,
    Hook.OFF_HOOK: Symbol.TRAIN_OVER,  # armed only while a train is counted
    Hook.OPENING: Symbol.PERSISTED,
    Hook.OPEN: Symbol.LAPSED,
    Hook.CLOSING: Symbol.PERSISTED,
}

# How long a timer waits for an edge of its own instant. Persistence does not: it stands between
# lifting the handset and the answer.
GRACE_NS: Final[Mapping[Symbol, int]] = {
    Symbol.PERSISTED: 0,
    Symbol.LAPSED: 2 * NS_PER_MS,
    Symbol.TRAIN_OVER: 2 * NS_PER_MS,
}
