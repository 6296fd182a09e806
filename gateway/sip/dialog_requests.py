"""Requests inside a dialog, and the ACK to a 2xx, which belongs to no transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.sip.client_request import UDP_MOST, ClientRequest, Plan, RequestHost, RequestUser
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog, Outgoing
from gateway.sip.headers import Via
from gateway.sip.request_text import Lines
from gateway.sip.serializer import request
from gateway.sip.wire import Flow, Target

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials


class DialogRequests:
    """Makes the requests of one dialog.

    `credentials` answer challenges inside it, of the host alone that the dialog began with. `met`
    is told the hosts that these requests reach.
    """

    __slots__ = ("_context", "_first", "_host", "credentials", "dialog", "met")

    def __init__(
        self,
        context: Context,
        host: RequestHost,
        dialog: Dialog,
        credentials: Credentials | None = None,
    ) -> None:
        self._context = context
        self._host = host
        self._first = dialog.flow.remote[0]
        self.met: Callable[[str], None] | None = None
        self.dialog = dialog
        self.credentials = credentials

    def send(
        self,
        method: str,
        user: RequestUser,
        now: float,
        headers: Callable[[Flow], Lines],
        body: Callable[[Flow], bytes] | None = None,
    ) -> ClientRequest:
        """Start a request (section 12.2.1.1)."""
        dialog = self.dialog
        outgoing = dialog.outgoing()
        plan = Plan(
            method,
            outgoing.uri,
            outgoing.path,
            dialog.next_cseq,
            lambda flow: [*self._identity(), *headers(flow)],
            outgoing.routes,
            body,
            self.credentials,
            outgoing.fallback,
            self._seen,
            self._first,
        )
        started = ClientRequest(self._context, self._host, plan, user)
        started.start(now)
        return started

    def acknowledge(self, number: int, extra: Lines, body: bytes, now: float) -> Acknowledgement:
        """ACK the 2xx to our INVITE with that CSeq number; `extra` has its credentials."""
        outgoing = self.dialog.outgoing()
        lines = [
            *(("Route", route) for route in outgoing.routes),
            ("Max-Forwards", "70"),
            *self._identity(),
            ("CSeq", f"{number} ACK"),
            *extra,
        ]
        if body:
            lines.append(("Content-Type", "application/sdp"))
        ack = Acknowledgement(self._context, outgoing, lines, body, self.met)
        ack.repeat()
        return ack

    def _identity(self) -> Lines:
        dialog = self.dialog
        return [("From", dialog.local), ("To", dialog.remote), ("Call-ID", dialog.call_id)]

    def _seen(self, flow: Flow, via: Via, now: float) -> None:
        """An answer came: whoever is there is our peer, and the next request takes that way."""
        self.dialog.moved(flow)
        if self.met is not None:
            self.met(flow.remote[0])


class Acknowledgement:
    """The ACK to one 2xx, sent again for each repetition of it (section 13.2.2.4).

    What cannot be sent one way goes the other, and each repetition of the 2xx begins anew. One that
    is too long for UDP goes by TCP (section 18.1.1), and by UDP after all where that failed once.
    """

    __slots__ = (
        "_body", "_branch", "_context", "_data", "_flow", "_lines", "_looking", "_met", "_outgoing",
        "_tcp_failed", "_ways",
    )  # fmt: skip

    def __init__(
        self,
        context: Context,
        outgoing: Outgoing,
        lines: Lines,
        body: bytes,
        met: Callable[[str], None] | None,
    ) -> None:
        self._context = context
        self._outgoing = outgoing
        self._lines = lines
        self._body = body
        self._met = met
        self._branch = context.branch()
        self._data = b""
        self._flow: Flow | None = None
        self._looking = False
        self._tcp_failed = False
        self._ways: list[Flow | Target | None] = []

    def repeat(self) -> None:
        """The 2xx came, once more or for the first time."""
        if self._flow is not None:
            self._context.send(self._data, self._flow, self)
        elif not self._looking:
            self._ways = [self._outgoing.path, self._outgoing.fallback]
            self.unsent()

    def unsent(self) -> None:
        """It could not be sent: the next way."""
        if self._flow is not None and self._flow.transport == "tcp":
            self._tcp_failed = True
        self._flow = None
        way = self._ways.pop(0) if self._ways else None
        if isinstance(way, Flow):
            self._go_by(way)
        elif way is not None:
            self._looking = True
            self._context.ask(way, self)
        else:
            self._context.count("unsent_acks")

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """What was looked up."""
        self._looking = False
        if flows:
            self._go_by(flows[0])
        else:
            self.unsent()

    def _go_by(self, flow: Flow) -> None:
        if self._met is not None:
            self._met(flow.remote[0])
        data = self._text(flow)
        if flow.transport == "udp" and len(data) > UDP_MOST and not self._tcp_failed:
            self._ways.insert(0, flow)
            flow = flow._replace(transport="tcp")
            data = self._text(flow)
        self._flow, self._data = flow, data
        self._context.send(data, flow, self)

    def _text(self, flow: Flow) -> bytes:
        via = self._context.via(flow, self._branch)
        return request("ACK", self._outgoing.uri, via, self._lines, self._body)
