"""Provisional answers that are certain to arrive (RFC 3262), for callers that require them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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


class ReliableProvisionals:
    """The reliable provisionals of one INVITE: one is out at a time, the next waits for its PRACK.

    `gave_up(now)` is called when none comes within 64*T1.
    """

    __slots__ = ("_context", "_gave_up", "_interval", "_out", "_queue", "_rseq", "_transaction")

    def __init__(
        self, context: Context, transaction: ServerTransaction, gave_up: Callable[[float], None]
    ) -> None:
        self._context = context
        self._transaction = transaction
        self._gave_up = gave_up
        self._rseq = int(context.tokens.hex(4), 16) & _FIRST_MOST
        self._interval = T1
        self._out = False
        self._queue: list[tuple[int, Lines, bytes]] = []

    @property
    def outstanding(self) -> bool:
        """Whether a provisional still waits for its PRACK."""
        return self._out

    def send(self, status: int, headers: Lines, body: bytes, now: float) -> None:
        """Send a 18x with Require: 100rel and RSeq, at once or after the one before."""
        if self._out:
            self._queue.append((status, headers, body))
            return
        self._rseq += 1
        self._out = True
        self._interval = T1
        lines = [*headers, ("Require", "100rel"), ("RSeq", str(self._rseq))]
        self._transaction.reply(status, now, lines, body)
        self._context.deadlines.set(("repeat", self), now + T1)
        self._context.deadlines.set(("give up", self), now + TIMEOUT)

    def acknowledged(self, prack: Request, invite_cseq: int, now: float) -> bool:
        """A PRACK: whether it is for the provisional that is out."""
        try:
            rseq, number, method = parse_rack(prack.headers.get("rack") or "")
        except RemoteProtocolError:
            return False
        if not self._out or (rseq, number, method) != (self._rseq, invite_cseq, "INVITE"):
            return False
        self.stop()
        if self._queue:
            self.send(*self._queue.pop(0), now)
        return True

    def stop(self) -> None:
        """Nothing is repeated any more."""
        self._out = False
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
            self._queue.clear()
            self._gave_up(now)
