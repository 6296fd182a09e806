"""The two client transactions: what carries a request of ours, and repeats it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from gateway.sip.context import Context
from gateway.sip.message import Response
from gateway.sip.request_text import RequestText
from gateway.sip.transaction import (
    INVITE_CLIENT,
    NON_INVITE_CLIENT,
    T1,
    T2,
    T4,
    TIMEOUT,
    Machine,
    Table,
)
from gateway.sip.wire import Flow

NO_RESPONSE: Final = "no response"
"""Why a request failed that left and was not answered; other reasons are the network's."""


class TransactionUser(Protocol):
    """Who wanted the request sent."""

    def response(self, response: Response, now: float) -> None:
        """A response came; of a final one each repeated 2xx to an INVITE comes, too."""

    def failed(self, why: str, now: float) -> None:
        """No response came in time, or the network refused: `why` in words."""


class Nobody:
    """The user of a request whose answer changes nothing (a CANCEL)."""

    def response(self, response: Response, now: float) -> None:
        """Nothing follows."""

    def failed(self, why: str, now: float) -> None:
        """Nothing follows."""


class ClientTransaction(Machine):
    """Carries one request of ours over `flow`; `key` is what its responses match by."""

    __slots__ = ("_data", "_interval", "_until", "_user", "flow", "key", "text")

    def __init__(
        self,
        context: Context,
        table: Table,
        state: str,
        text: RequestText,
        flow: Flow,
        user: TransactionUser,
        forget: Callable[[Any], None],
    ) -> None:
        super().__init__(context, table, state, forget)
        self.text = text
        self.key = (text.branch, text.method)
        self.flow = flow
        self._user = user
        self._data = text.data()
        self._interval = T1
        self._until = 0.0

    @property
    def waiting(self) -> bool:
        """Whether a final response is still to come."""
        return self.state not in {"completed", "accepted", "terminated"}

    def start(self, now: float) -> None:
        """Send the request and arm its timers."""
        raise NotImplementedError

    def received(self, message: Response, now: float) -> None:
        """A response that matches this transaction."""
        raise NotImplementedError

    def hand_over(self, user: TransactionUser) -> None:
        """Somebody else hears what comes from now on."""
        self._user = user

    def disconnected(self, why: str, now: float) -> None:
        """The stream that carried the request is gone (section 18.4)."""
        if not self.feed("transport", now, why):
            self.feed("disconnected", now)

    def _end(self) -> None:
        self._context.trust.answered(self.flow.remote[0])
        super()._end()

    def _launch(self, now: float, repeat: str, give_up: str) -> None:
        # Section 17.1: repeated only where the transport does not repeat by itself.
        self._context.trust.asked(self.flow.remote[0])
        if not self.flow.reliable:
            self._arm(repeat, now + T1)
        self._until = now + TIMEOUT
        self._arm(give_up, self._until)
        self._context.send(self._data, self.flow, self)

    def _repeat(self, name: str, now: float) -> None:
        if now >= self._until:
            # A loop that was stalled: by now the peer may have forgotten the request, and would
            # take it for a new one.
            return
        self._context.count("retransmitted")
        self._context.send(self._data, self.flow, self)
        self._arm(name, now + self._interval)

    # actions of the tables

    def _inform(self, now: float, message: Response) -> None:
        self._user.response(message, now)

    def _time_out(self, now: float) -> None:
        self._user.failed(NO_RESPONSE, now)

    def _fail(self, now: float, why: str = "the network refused") -> None:
        self._user.failed(why, now)


class NonInviteClient(ClientTransaction):
    """RFC 3261 section 17.1.2."""

    __slots__ = ()

    def __init__(
        self,
        context: Context,
        text: RequestText,
        flow: Flow,
        user: TransactionUser,
        forget: Callable[[Any], None],
    ) -> None:
        super().__init__(context, NON_INVITE_CLIENT, "trying", text, flow, user, forget)

    def start(self, now: float) -> None:
        """Send the request; timers E and F."""
        self._launch(now, "E", "F")

    def received(self, message: Response, now: float) -> None:
        self.feed("provisional" if message.status < 200 else "final", now, message)

    def _repeat_doubling(self, now: float) -> None:
        self._interval = min(2 * self._interval, T2)
        self._repeat("E", now)

    def _repeat_slow(self, now: float) -> None:
        self._interval = T2
        self._repeat("E", now)

    def _finish(self, now: float, message: Response) -> None:
        self._disarm("E", "F")
        self._arm("K", now if self.flow.reliable else now + T4)
        self._user.response(message, now)


class InviteClient(ClientTransaction):
    """RFC 3261 section 17.1.1 with RFC 6026 section 7.2."""

    __slots__ = ("_ack", "_cancelled")

    def __init__(
        self,
        context: Context,
        text: RequestText,
        flow: Flow,
        user: TransactionUser,
        forget: Callable[[Any], None],
    ) -> None:
        super().__init__(context, INVITE_CLIENT, "calling", text, flow, user, forget)
        self._ack = b""
        self._cancelled = False

    def start(self, now: float) -> None:
        """Send the INVITE; timers A and B."""
        self._launch(now, "A", "B")

    def received(self, message: Response, now: float) -> None:
        status = message.status
        event = "provisional" if status < 200 else "success" if status < 300 else "failure"
        self.feed(event, now, message)

    def cancel(self, now: float) -> NonInviteClient | None:
        """The CANCEL to send (section 9.1): same hop, same branch, and the end is due in 64*T1.

        None before the first provisional, after the final, and when it was sent before.
        """
        if self._cancelled or not self.feed("cancelled", now):
            return None
        self._cancelled = True
        return NonInviteClient(self._context, self.text.cancel(), self.flow, Nobody(), self._forget)

    def _repeat_doubling(self, now: float) -> None:
        # Timer A doubles without a bound (section 17.1.1.2); timer B ends it.
        self._interval *= 2
        self._repeat("A", now)

    def _proceed(self, now: float, message: Response) -> None:
        self._disarm("A", "B")
        self._user.response(message, now)

    def _go_on(self, now: float, message: Response) -> None:
        if not self._cancelled:
            self._disarm("end")  # it came although the stream was gone
        self._user.response(message, now)

    def _succeed(self, now: float, message: Response) -> None:
        self._disarm("A", "B", "end")
        self._arm("M", now + TIMEOUT)
        self._user.response(message, now)

    def _refused(self, now: float, message: Response) -> None:
        self._disarm("A", "B", "end")
        self._arm("D", now if self.flow.reliable else now + TIMEOUT)
        self._ack = self.text.ack(message)
        self._acknowledge(now, message)
        self._user.response(message, now)

    def _acknowledge(self, now: float, message: Response) -> None:
        self._context.send(self._ack, self.flow, self)

    def _expect_the_end(self, now: float) -> None:
        self._arm("end", now + TIMEOUT)
