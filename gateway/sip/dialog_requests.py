"""Requests inside a dialog, and the ACK to a 2xx, which belongs to no transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.sip.client_request import ClientRequest, Plan, RequestHost, RequestUser
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.request_text import Lines
from gateway.sip.serializer import bracketed, request
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials


class DialogRequests:
    """Makes the requests of one dialog; `credentials` answer challenges inside it."""

    __slots__ = ("_context", "_host", "credentials", "dialog")

    def __init__(
        self,
        context: Context,
        host: RequestHost,
        dialog: Dialog,
        credentials: Credentials | None = None,
    ) -> None:
        self._context = context
        self._host = host
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
            outgoing.target if isinstance(outgoing.path, Flow) and outgoing.path.reliable else None,
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
        ack = Acknowledgement(self._context, outgoing.uri, lines, body)
        if isinstance(outgoing.path, Flow):
            ack.resolved([outgoing.path], now, "")
        else:
            self._context.ask(outgoing.path, ack)
        return ack

    def _identity(self) -> Lines:
        dialog = self.dialog
        return [("From", dialog.local), ("To", dialog.remote), ("Call-ID", dialog.call_id)]


class Acknowledgement:
    """The ACK to one 2xx, sent again for each repetition of it (section 13.2.2.4)."""

    __slots__ = ("_body", "_branch", "_context", "_data", "_flow", "_lines", "_uri")

    def __init__(self, context: Context, uri: str, lines: Lines, body: bytes) -> None:
        self._context = context
        self._uri = uri
        self._lines = lines
        self._body = body
        self._branch = context.branch()
        self._data = b""
        self._flow: Flow | None = None

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The way is known: send. Without one, the peer's repetitions go unheard and end it."""
        if not flows:
            self._context.count("unsent_acks")
            return
        self._flow = flow = flows[0]
        context = self._context
        address = f"{bracketed(context.host_for(flow))}:{context.port_for(flow)}"
        via = f"SIP/2.0/{flow.transport.upper()} {address};branch={self._branch};rport"
        self._data = request("ACK", self._uri, via, self._lines, self._body)
        self.repeat()

    def repeat(self) -> None:
        """The 2xx came again."""
        if self._flow is not None:
            self._context.send(self._data, self._flow)
