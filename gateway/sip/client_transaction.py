"""The non-INVITE client transaction; the INVITE one will stand beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.sip.context import Context
from gateway.sip.message import Response
from gateway.sip.transaction import NON_INVITE_CLIENT, T1, T2, T4, TIMEOUT, Machine
from gateway.sip.wire import Flow

DoneCallback = Callable[[int | None, Response | None, float], None]


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
        done: DoneCallback,
        forget: Callable[[Any], None],
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
