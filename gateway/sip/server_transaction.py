"""The two server transactions: what answers a request, and repeats the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.sip.context import Context
from gateway.sip.matching import TransactionKey, merge_key
from gateway.sip.message import Request
from gateway.sip.serializer import reason_phrase, reply_head, response
from gateway.sip.transaction import (
    INVITE_SERVER,
    NON_INVITE_SERVER,
    T1,
    T2,
    T4,
    TIMEOUT,
    Machine,
)
from gateway.sip.wire import Flow


class ServerTransaction(Machine):
    """Answers one request. `reply` builds and sends; retransmissions are the table's business.

    `owner` is whoever acts on the request, `flow` the way back, `key` what the request matches by.
    The request itself is not kept: a flood of them stays for 64*T1, so little must stay of each.
    """

    __slots__ = (
        "_head",
        "_interval",
        "_last",
        "_sent_by",
        "_source",
        "_tagged",
        "_to",
        "acknowledged",
        "flow",
        "key",
        "merge_key",
        "owner",
        "size",
        "to_tag",
    )

    def __init__(
        self,
        context: Context,
        request: Request,
        flow: Flow,
        reply_flow: Flow,
        forget: Callable[[Any], None],
        key: TransactionKey,
    ) -> None:
        if request.method == "INVITE":
            super().__init__(context, INVITE_SERVER, "proceeding", forget)
        else:
            super().__init__(context, NON_INVITE_SERVER, "trying", forget)
        self.flow = reply_flow
        self.key = key
        self.merge_key = merge_key(request)
        self.owner: object = None
        self.to_tag = request.to.tag
        self._tagged = bool(self.to_tag)
        self._to = request.headers.get("to") or ""
        self.acknowledged = False
        self._head = reply_head(request, flow.remote)
        via = request.vias[0]
        self._sent_by = (via.host, via.port or (5061 if flow.transport == "tls" else 5060))
        self.size = len(self._head) + len(self._to)  # of what is kept, in bytes
        self._last = b""
        self._interval = T1
        self._source = flow.remote[0]
        context.trust.asked(self._source)  # it may repeat the request as long as we remember it

    @property
    def answered(self) -> bool:
        """Whether a final response has been given."""
        return self.state not in {"trying", "proceeding"}

    @property
    def unacknowledged(self) -> bool:
        """Whether a refused INVITE still waits for its ACK: the refusal may not have arrived."""
        return self.state == "completed" and self.key[-1] == "INVITE"

    @property
    def dispensable(self) -> bool:
        """Whether nothing would be lost with it but the answer to a repetition."""
        return self.answered and (self.state != "accepted" or self.acknowledged)

    def trying(self, now: float, timestamp: str | None) -> None:
        """100, which has no To-tag and gives a Timestamp back (RFC 3261 section 8.2.6.1)."""
        extra = [] if timestamp is None else [("Timestamp", timestamp)]
        data = response(100, "Trying", self._head, self._to, extra)
        self.feed("provisional", now, data)

    def reply(
        self,
        status: int,
        now: float,
        headers: list[tuple[str, str]],
        body: bytes = b"",
    ) -> None:
        """Answer the request with 180 or more. The To-tag is given with the first answer."""
        to = self._to
        if not self._tagged:
            if not self.to_tag:
                self.to_tag = self._context.tokens.hex(8)
            to = f"{to};tag={self.to_tag}"
        data = response(status, reason_phrase(status), self._head, to, headers, body)
        event = "provisional" if status < 200 else "success" if status < 300 else "failure"
        self.feed(event, now, data)

    def unreachable(self, reason: str, now: float) -> None:
        """The answer could not be sent.

        On a stream that is gone, once more by a connection of our own to where the Via points
        (section 18.2.2); after that, as the table says.
        """
        if self.flow.accepted and self._last:
            host, port = self._sent_by
            name = host.strip("[]") if self.flow.transport == "tls" else ""
            remote = (self.flow.remote[0], port)
            self.flow = self.flow._replace(accepted=False, remote=remote, name=name)
            self._context.send(self._last, self.flow, self)
        else:
            self.feed("transport", now, reason)

    def repeat_success(self, now: float) -> None:
        """Send the 2xx again: its retransmission belongs to the session (section 13.3.1.4)."""
        if self.state == "accepted":
            self._repeat(now)

    def repeat_provisional(self, now: float) -> None:
        """Send a reliable provisional again (RFC 3262 section 3)."""
        if self.state == "proceeding":
            self._repeat(now)

    # actions of the tables

    def _send(self, now: float, data: bytes) -> None:
        self._last = data
        self._context.send(data, self.flow, self)

    def _send_last(self, now: float, data: bytes) -> None:
        self._send(now, data)
        self._head = self._to = ""  # nothing more is going to be said

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
        self._send_last(now, data)
        if not self.flow.reliable:
            self._arm("G", now + T1)
        self._arm("H", now + TIMEOUT)

    def _send_final(self, now: float, data: bytes) -> None:
        self._send_last(now, data)
        self._arm("J", now if self.flow.reliable else now + TIMEOUT)

    def _repeat_later(self, now: float) -> None:
        self._repeat(now)
        self._interval = min(2 * self._interval, T2)
        self._arm("G", now + self._interval)

    def _end(self) -> None:
        self._context.trust.answered(self._source)
        super()._end()

    def _confirm(self, now: float) -> None:
        self._disarm("G", "H")
        self._arm("I", now if self.flow.reliable else now + T4)
