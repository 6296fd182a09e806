"""Provisional answers that are certain to arrive (RFC 3262), for callers that require them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.context import Context
from gateway.sip.extension_headers import parse_rack
from gateway.sip.grammar import split_list
from gateway.sip.message import Message, Request
from gateway.sip.request_text import Lines
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.transaction import T1, TIMEOUT

_FIRST_MOST: Final = 0x3FFFFFFF  # section 3: the first RSeq is random, below 2**31; room to count


def wants_reliable(request: Message) -> bool:
    """Whether the caller requires 100rel."""
    values = request.headers.get_all("require")
    return any(tag.lower() == "100rel" for value in values for tag in split_list(value))


class Provisional(NamedTuple):
    """A 18x: its status, header lines and body. `offered`: that is an offer of ours."""

    status: int
    headers: Lines
    body: bytes
    offered: bool


class ReliableProvisionals:
    """The reliable provisionals of one INVITE: one is out at a time, the next waits for its PRACK.

    `gave_up(now)` is called when none comes within 64*T1.
    """

    __slots__ = (
        "_context", "_gave_up", "_interval", "_queue", "_rseq", "_transaction", "out", "settled",
    )  # fmt: skip

    def __init__(
        self, context: Context, transaction: ServerTransaction, gave_up: Callable[[float], None]
    ) -> None:
        self._context = context
        self._transaction = transaction
        self._gave_up = gave_up
        self._rseq = int(context.tokens.hex(4), 16) & _FIRST_MOST
        self._interval = T1
        self._queue: list[Provisional] = []
        self.out: Provisional | None = None
        """The one that waits for its PRACK."""
        self.settled = False
        """Whether one with our SDP has arrived."""

    @property
    def holds_up(self) -> bool:
        """Whether a 2xx has to wait: not before the PRACK of what carried SDP (section 3)."""
        return self.out is not None and bool(self.out.body)

    def send(self, provisional: Provisional, now: float) -> None:
        """Send a 18x with Require: 100rel and RSeq, at once or after the one before."""
        if self.out is not None:
            self._queue.append(provisional)
            return
        self._rseq += 1
        self.out = provisional
        self._interval = T1
        lines = [*provisional.headers, ("Require", "100rel"), ("RSeq", str(self._rseq))]
        self._transaction.reply(provisional.status, now, lines, provisional.body)
        self._context.deadlines.set(("repeat", self), now + T1)
        self._context.deadlines.set(("give up", self), now + TIMEOUT)

    def take(self, prack: Request, invite_cseq: int) -> Provisional | None:
        """The provisional that a PRACK is for; None where it is for none that waits.

        The next in the queue is sent by `go_on`, after the answer to the PRACK.
        """
        try:
            rack = parse_rack(prack.headers.get("rack") or "")
        except RemoteProtocolError:
            return None
        if self.out is None or rack != (self._rseq, invite_cseq, "INVITE"):
            return None
        arrived, self.out = self.out, None
        self.settled = self.settled or bool(arrived.body)
        self._be_quiet()
        return arrived

    def go_on(self, now: float) -> None:
        """Send what has waited."""
        if self.out is None and self._queue:
            self.send(self._queue.pop(0), now)

    def stop(self) -> None:
        """Nothing is repeated or sent any more: the INVITE has its final answer.

        A PRACK of what is out may still be on its way and must be served (section 3).
        """
        self._be_quiet()
        self._queue.clear()

    def _be_quiet(self) -> None:
        for name in ("repeat", "give up"):
            self._context.deadlines.cancel((name, self))

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        if name == "repeat":
            self._transaction.repeat_provisional(now)
            self._interval *= 2
            self._context.deadlines.set(("repeat", self), now + self._interval)
        else:
            self.stop()
            self._gave_up(now)
