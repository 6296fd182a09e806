"""OPTIONS to a registrar at short intervals: keeps a NAT binding open and notices a dead peer.

By practice, not by RFC 5626: over UDP its keep-alive is STUN, which few registrars answer.
"""

from __future__ import annotations

from typing import Final

from gateway.sip.call_plan import account_uri, loose_routes
from gateway.sip.client_request import ClientRequest, Plan, RequestHost
from gateway.sip.context import Context
from gateway.sip.message import Response
from gateway.sip.registration import Registration
from gateway.sip.request_text import Lines
from gateway.sip.wire import Flow

EVERY_S: Final = 25.0  # twilio.md 21: never below 15 s


class Ping:
    """The pings of one registration."""

    def __init__(self, context: Context, host: RequestHost, registration: Registration) -> None:
        self._context = context
        self._host = host
        self._registration = registration
        self._cseq = 0
        self._sent_at = 0.0
        self._request: ClientRequest | None = None
        self._tag = context.tokens.hex(8)
        self._call_id = context.tokens.hex(12)

    def start(self, now: float) -> None:
        """The registration is up. The rhythm goes on, and after a failure begins anew."""
        if self._request is None and ("ping", self) not in self._context.deadlines:
            self._context.deadlines.set(("ping", self), now + EVERY_S)

    def stop(self) -> None:
        """We leave."""
        self._request = None
        self._context.deadlines.cancel(("ping", self))

    def timer(self, name: str, now: float) -> None:
        """A ping is due."""
        account, flow = self._registration.account, self._registration.flow
        if flow is None:
            return  # the next grant begins anew
        self._call_id = self._context.tokens.hex(12)
        self._sent_at = now
        plan = Plan(
            "OPTIONS",
            f"sip:{account.domain}",
            flow,
            self._next_cseq,
            self._headers,
            loose_routes(account.proxies),
        )
        self._request = ClientRequest(self._context, self._host, plan, self)
        self._request.start(now)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _headers(self, flow: Flow) -> Lines:
        identity = account_uri(self._registration.account)
        return [
            ("From", f"<{identity}>;tag={self._tag}"),
            ("To", f"<sip:{self._registration.account.domain}>"),
            ("Call-ID", self._call_id),
            ("Accept", "application/sdp"),
            ("User-Agent", self._context.settings.server),
        ]

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """Any answer shows that somebody is there."""
        if request is self._request and response.status >= 200:
            self._request = None
            self._context.deadlines.set(("ping", self), self._sent_at + EVERY_S)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody is there: look for another way."""
        if request is self._request:
            self._request = None
            self._registration.lost(now, f"OPTIONS: {why}")
