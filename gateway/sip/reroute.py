"""A call that is up, after our own addresses changed: its way is found anew, and the peer told."""

from __future__ import annotations

from gateway.sip.context import Context
from gateway.sip.session import Session
from gateway.sip.session_table import ANSWERED
from gateway.sip.wire import Flow, Target


class Reroute:
    """One search. A connection that the peer opened is gone with its address: only it can dial."""

    __slots__ = ("_call", "_context")

    def __init__(self, context: Context, call: Session) -> None:
        self._context = context
        self._call = call

    def start(self) -> None:
        """Ask which address of ours leads to the peer now; the old one, where it still exists."""
        if self._call.state not in ANSWERED or self._call.flow.accepted:
            return
        flow = self._call.flow
        target = Target(*flow.remote, flow.transport, secure=flow.transport == "tls")
        self._context.ask(target, self, flow.local[0])

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The answer; without one, the call waits for better times."""
        call = self._call
        if not flows or call.state not in ANSWERED or flows[0].local == call.flow.local:
            return
        # RFC 5922: the certificate is for the name that was dialled, not for its address.
        call.dialog.flow = flows[0]._replace(name=call.flow.name)
        call.readdress(now)
