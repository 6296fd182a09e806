"""Transactions as tables (RFC 3261 section 17, RFC 6026): `{state: {event: (action, next)}}`.

Server transactions answer requests, client transactions carry ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.sip.context import Context

# RFC 3261 table 4, in seconds.
T1: Final = 0.5
T2: Final = 4.0
T4: Final = 5.0
TIMEOUT: Final = 64 * T1

Table = Mapping[str, Mapping[str, tuple[str, str]]]

# RFC 3261 figure 7 as corrected by RFC 6026 figure 3. `request` is a retransmitted INVITE.
# RFC 6026 absorbs that in "accepted"; here it gets the 2xx again as long as no ACK came, because
# the caller still waits and our next retransmission may be 4 s away.
INVITE_SERVER: Final[Table] = {
    "proceeding": {
        "request": ("repeat", "proceeding"),
        "provisional": ("send", "proceeding"),
        "success": ("send_success", "accepted"),
        "failure": ("send_failure", "completed"),
        "transport": ("nothing", "proceeding"),
    },
    "completed": {
        "request": ("repeat", "completed"),
        "ack": ("confirm", "confirmed"),
        "G": ("repeat_later", "completed"),
        "H": ("nothing", "terminated"),
        "transport": ("nothing", "terminated"),
    },
    "confirmed": {"I": ("nothing", "terminated")},
    "accepted": {
        "request": ("repeat_unacknowledged", "accepted"),
        "success": ("send", "accepted"),
        "ack": ("acknowledged", "accepted"),
        "transport": ("nothing", "accepted"),
        "L": ("nothing", "terminated"),
    },
    "terminated": {},
}

# RFC 3261 figure 8.
NON_INVITE_SERVER: Final[Table] = {
    "trying": {
        "provisional": ("send", "proceeding"),
        "success": ("send_final", "completed"),
        "failure": ("send_final", "completed"),
    },
    "proceeding": {
        "request": ("repeat", "proceeding"),
        "provisional": ("send", "proceeding"),
        "success": ("send_final", "completed"),
        "failure": ("send_final", "completed"),
        "transport": ("nothing", "terminated"),
    },
    "completed": {
        "request": ("repeat", "completed"),
        "J": ("nothing", "terminated"),
        "transport": ("nothing", "terminated"),
    },
    "terminated": {},
}

# RFC 3261 figure 5 as corrected by RFC 6026 figure 2. `cancelled` and its timer `end`: section 9.1
# lets a client stop waiting 64*T1 after its CANCEL. `disconnected` is ours: the stream that the
# INVITE went over is gone; an answer may come over another one (section 18.2.2), but who knows.
INVITE_CLIENT: Final[Table] = {
    "calling": {
        "A": ("repeat_doubling", "calling"),
        "B": ("time_out", "terminated"),
        "provisional": ("proceed", "proceeding"),
        "success": ("succeed", "accepted"),
        "failure": ("refused", "completed"),
        "transport": ("fail", "terminated"),
    },
    "proceeding": {
        "provisional": ("go_on", "proceeding"),
        "success": ("succeed", "accepted"),
        "failure": ("refused", "completed"),
        "cancelled": ("expect_the_end", "proceeding"),
        "disconnected": ("expect_the_end", "proceeding"),
        "end": ("time_out", "terminated"),
    },
    "completed": {
        "failure": ("acknowledge", "completed"),
        "D": ("nothing", "terminated"),
        "transport": ("nothing", "completed"),
    },
    # Every 2xx is handed up: its ACK is the session's business, and another fork may answer, too.
    "accepted": {
        "success": ("inform", "accepted"),
        "M": ("nothing", "terminated"),
    },
    "terminated": {},
}

# RFC 3261 figure 6.
NON_INVITE_CLIENT: Final[Table] = {
    "trying": {
        "E": ("repeat_doubling", "trying"),
        "F": ("time_out", "terminated"),
        "provisional": ("inform", "proceeding"),
        "final": ("finish", "completed"),
        "transport": ("fail", "terminated"),
    },
    "proceeding": {
        "E": ("repeat_slow", "proceeding"),
        "F": ("time_out", "terminated"),
        "provisional": ("inform", "proceeding"),
        "final": ("finish", "completed"),
        "transport": ("fail", "terminated"),
    },
    "completed": {"K": ("nothing", "terminated")},
    "terminated": {},
}


class Machine:
    """A table at work: the only place where a transaction's state changes."""

    __slots__ = ("_context", "_forget", "_table", "_timers", "state")

    def __init__(
        self, context: Context, table: Table, state: str, forget: Callable[[Any], None]
    ) -> None:
        self._context = context
        self._table = table
        self._timers: tuple[str, ...] = ()
        self._forget = forget
        self.state = state

    def feed(self, event: str, now: float, *args: Any) -> bool:
        """Run an event; False when the table has no use for it in this state."""
        entry = self._table[self.state].get(event)
        if entry is None:
            return False
        action, following = entry
        self.state = following
        getattr(self, "_" + action)(now, *args)
        if following == "terminated":
            self._end()
        return True

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        self.feed(name, now)

    def _arm(self, name: str, at: float) -> None:
        if name not in self._timers:
            self._timers += (name,)
        self._context.deadlines.set((name, self), at)

    def _disarm(self, *names: str) -> None:
        for name in names:
            self._context.deadlines.cancel((name, self))

    def _end(self) -> None:
        self._disarm(*self._timers)
        self._timers = ()
        self._forget(self)

    def _nothing(self, now: float, *args: Any) -> None:
        """The event changes the state and nothing else."""

    def abandon(self) -> None:
        """Forget the transaction at once: its timers and its place in the stack."""
        if self.state != "terminated":
            self.state = "terminated"
            self._end()
