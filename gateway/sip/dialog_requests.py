"""Requests inside a dialog, and the ACK to a 2xx, which belongs to no transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.sip.client_request import ClientRequest, Plan, RequestHost, RequestUser
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog, Outgoing
from gateway.sip.headers import Via
from gateway.sip.request_text import Lines
from gateway.sip.serializer import request
from gateway.sip.wire import Flow

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
        connected = isinstance(outgoing.path, Flow) and outgoing.path.reliable
        plan = Plan(
            method,
            outgoing.uri,
            outgoing.path,
            dialog.next_cseq,
            lambda flow: [*self._identity(), *headers(flow)],
            outgoing.routes,
            body,
            self.credentials,
            outgoing.target if connected else None,
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
        if isinstance(outgoing.path, Flow):
            ack.resolved([outgoing.path], now, "")
        else:
            ack.look_up()
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

    When the way is not known, or the connection that was the way is gone, it is looked up.
    """

    __slots__ = (
        "_body", "_branch", "_context", "_data", "_flow", "_lines", "_looking", "_met", "_outgoing",
        "_redialled",
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
        self._redialled = False

    def look_up(self) -> None:
        """Ask for the way."""
        if not self._looking:
            self._looking = True
            self._context.ask(self._outgoing.target, self)

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The way is known: send. Without one, the next repetition of the 2xx asks again."""
        self._looking = False
        if not flows:
            self._context.count("unsent_acks")
            return
        self._flow = flow = flows[0]
        if self._met is not None:
            self._met(flow.remote[0])
        via = self._context.via(flow, self._branch)
        self._data = request("ACK", self._outgoing.uri, via, self._lines, self._body)
        self._send()

    def repeat(self) -> None:
        """The 2xx came again."""
        self._redialled = False
        self._send()

    def unsent(self) -> None:
        """It could not be sent: on a stream that is gone, once more by a connection of our own."""
        if self._flow is not None and self._flow.reliable and not self._redialled:
            self._redialled = True
            self._flow = None
            self.look_up()

    def _send(self) -> None:
        if self._flow is not None:
            self._context.send(self._data, self._flow, self)
        else:
            self.look_up()
