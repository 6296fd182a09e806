"""Our 2xx to an INVITE on its way: repeated until the ACK (RFC 3261 section 13.3.1.4).

At T1, 2*T1 and so on up to T2, whatever the transport; after 64*T1 without an ACK, `gave_up`.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.sip.context import Context
from gateway.sip.message import Request
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.transaction import T1, T2, TIMEOUT


class Success:
    """One 2xx that waits for its ACK. `offered`: it carried our offer, the ACK has the answer."""

    __slots__ = ("_context", "_cseq", "_gave_up", "_interval", "offered", "transaction")

    def __init__(
        self,
        context: Context,
        transaction: ServerTransaction,
        cseq: int,
        *,
        offered: bool,
        gave_up: Callable[[float], None],
    ) -> None:
        self._context = context
        self._cseq = cseq
        self._gave_up = gave_up
        self._interval = T1
        self.transaction = transaction
        self.offered = offered

    def start(self, now: float) -> None:
        """The 2xx has just been sent."""
        self._context.deadlines.set(("repeat", self), now + T1)
        self._context.deadlines.set(("give up", self), now + TIMEOUT)

    def stop(self) -> None:
        """The ACK came, or the call is over."""
        self._context.deadlines.cancel(("repeat", self))
        self._context.deadlines.cancel(("give up", self))

    def answers(self, ack: Request) -> bool:
        """Whether an ACK of the dialog is for this 2xx: its CSeq number is the INVITE's."""
        return ack.cseq.number == self._cseq

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        if name == "repeat":
            self.transaction.repeat_success(now)
            self._interval = min(2 * self._interval, T2)
            self._context.deadlines.set(("repeat", self), now + self._interval)
        else:
            self.stop()
            self._gave_up(now)
