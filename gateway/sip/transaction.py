"""Transactions as tables (RFC 3261 section 17, RFC 6026): `{state: {event: (action, next)}}`.

Server transactions answer requests, client transactions carry ours. The INVITE client machine is
a third table beside these; its timers A, B, D and M have their place in `Timers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from gateway.sip.context import Context
from gateway.sip.message import Request, Response
from gateway.sip.serializer import reason_phrase, reply_head, response
from gateway.sip.wire import Flow

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
        "H": ("give_up", "terminated"),
        "transport": ("give_up", "terminated"),
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
        "transport": ("give_up", "terminated"),
    },
    "completed": {
        "request": ("repeat", "completed"),
        "J": ("nothing", "terminated"),
        "transport": ("give_up", "terminated"),
    },
    "terminated": {},
}

# RFC 3261 figure 6.
NON_INVITE_CLIENT: Final[Table] = {
    "trying": {
        "E": ("repeat_doubling", "trying"),
        "F": ("time_out", "terminated"),
        "provisional": ("nothing", "proceeding"),
        "final": ("finish", "completed"),
        "transport": ("fail", "terminated"),
    },
    "proceeding": {
        "E": ("repeat_slow", "proceeding"),
        "F": ("time_out", "terminated"),
        "provisional": ("nothing", "proceeding"),
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
        self, context: Context, table: Table, state: str, forget: Callable[[], None]
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
        action, self.state = entry
        getattr(self, "_" + action)(now, *args)
        if self.state == "terminated":
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
        self._forget()

    def _nothing(self, now: float, *args: Any) -> None:
        """The event changes the state and nothing else."""

    def abandon(self) -> None:
        """Forget the transaction at once: its timers and its place in the stack."""
        if self.state != "terminated":
            self.state = "terminated"
            self._end()


class ServerOwner(Protocol):
    """The user of a server transaction (RFC 3261 calls it TU)."""

    def final_unacknowledged(self, transaction: ServerTransaction, now: float) -> None:
        """No ACK came for a 3xx-6xx (timer H), or it could not be sent."""


class ServerTransaction(Machine):
    """Answers one request. `reply` builds and sends; retransmissions are the table's business."""

    __slots__ = (
        "_head",
        "_interval",
        "_last",
        "acknowledged",
        "flow",
        "owner",
        "request",
        "to_tag",
    )

    def __init__(
        self,
        context: Context,
        request: Request,
        flow: Flow,
        reply_flow: Flow,
        forget: Callable[[], None],
    ) -> None:
        invite = request.method == "INVITE"
        super().__init__(
            context,
            INVITE_SERVER if invite else NON_INVITE_SERVER,
            "proceeding" if invite else "trying",
            forget,
        )
        self.request = request
        self.flow = reply_flow
        self.owner: ServerOwner | None = None
        self.to_tag = request.to.tag
        self.acknowledged = False
        self._head = reply_head(request, flow.remote)
        self._last = b""
        self._interval = T1

    @property
    def answered(self) -> bool:
        """Whether a final response has been given."""
        return self.state not in {"trying", "proceeding"}

    def reply(
        self,
        status: int,
        now: float,
        headers: list[tuple[str, str]] | tuple[()] = (),
        body: bytes = b"",
        *,
        reason: str | None = None,
    ) -> None:
        """Answer the request. The To-tag is given with the first response above 100."""
        to = self.request.headers.get("to") or ""
        if not self.request.to.tag and status > 100:
            if not self.to_tag:
                self.to_tag = self._context.tokens.hex(8)
            to = f"{to};tag={self.to_tag}"
        data = response(status, reason or reason_phrase(status), self._head, to, headers, body)
        event = "provisional" if status < 200 else "success" if status < 300 else "failure"
        self.feed(event, now, data)

    def repeat_success(self, now: float) -> None:
        """Send the 2xx again: its retransmission belongs to the session (section 13.3.1.4)."""
        if self.state == "accepted":
            self._repeat(now)

    # actions of the tables

    def _send(self, now: float, data: bytes) -> None:
        self._last = data
        self._context.send(data, self.flow, self)

    def _repeat(self, now: float) -> None:
        if self._last:
            self._context.count("retransmitted")
            self._context.send(self._last, self.flow, self)

    def _repeat_unacknowledged(self, now: float) -> None:
        if not self.acknowledged:
            self._repeat(now)

    def _acknowledged(self, now: float) -> None:
        self.acknowledged = True

    def _send_success(self, now: float, data: bytes) -> None:
        self._send(now, data)
        self._arm("L", now + TIMEOUT)

    def _send_failure(self, now: float, data: bytes) -> None:
        self._send(now, data)
        if not self.flow.reliable:
            self._arm("G", now + T1)
        self._arm("H", now + TIMEOUT)

    def _send_final(self, now: float, data: bytes) -> None:
        self._send(now, data)
        self._arm("J", now if self.flow.reliable else now + TIMEOUT)

    def _repeat_later(self, now: float) -> None:
        self._repeat(now)
        self._interval = min(2 * self._interval, T2)
        self._arm("G", now + self._interval)

    def _confirm(self, now: float) -> None:
        self._disarm("G", "H")
        self._arm("I", now if self.flow.reliable else now + T4)

    def _give_up(self, now: float) -> None:
        if self.owner is not None:
            self.owner.final_unacknowledged(self, now)


class ClientTransaction(Machine):
    """Carries one non-INVITE request of ours. `done(status, response, now)` is called once."""

    __slots__ = ("_data", "_done", "_interval", "branch", "flow", "method")

    def __init__(
        self,
        context: Context,
        method: str,
        branch: str,
        data: bytes,
        flow: Flow,
        done: Callable[[int | None, Response | None, float], None],
        forget: Callable[[], None],
    ) -> None:
        super().__init__(context, NON_INVITE_CLIENT, "trying", forget)
        self.method = method
        self.branch = branch
        self.flow = flow
        self._data = data
        self._done = done
        self._interval = T1

    def start(self, now: float) -> None:
        """Send the request and arm timers E and F (RFC 3261 section 17.1.2.2)."""
        self._context.send(self._data, self.flow, self)
        if not self.flow.reliable:
            self._arm("E", now + T1)
        self._arm("F", now + TIMEOUT)

    def received(self, message: Response, now: float) -> None:
        """A response that matches this transaction."""
        self.feed("provisional" if message.status < 200 else "final", now, message)

    # actions of the table

    def _repeat(self, now: float) -> None:
        self._context.count("retransmitted")
        self._context.send(self._data, self.flow, self)
        self._arm("E", now + self._interval)

    def _repeat_doubling(self, now: float) -> None:
        self._interval = min(2 * self._interval, T2)
        self._repeat(now)

    def _repeat_slow(self, now: float) -> None:
        self._interval = T2
        self._repeat(now)

    def _finish(self, now: float, message: Response) -> None:
        self._disarm("E", "F")
        self._arm("K", now if self.flow.reliable else now + T4)
        self._done(message.status, message, now)

    def _time_out(self, now: float) -> None:
        self._done(None, None, now)

    def _fail(self, now: float) -> None:
        self._done(None, None, now)
