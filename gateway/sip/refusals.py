"""Refusing: inside a transaction, or without state where a transaction would be too dear."""

from __future__ import annotations

from gateway.errors import RemoteProtocolError
from gateway.sip.admission import Refusal
from gateway.sip.context import Context
from gateway.sip.events import Malformed, Refused
from gateway.sip.matching import reply_flow
from gateway.sip.message import Request
from gateway.sip.salvage import salvage
from gateway.sip.serializer import custom_headers, reason_phrase, reply_head, response
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.settings import HeaderFacts
from gateway.sip.wire import Flow


class Refusals:
    """The stack's own 4xx and 5xx: each is answered, counted and reported."""

    def __init__(self, context: Context, secret: str) -> None:
        self._context = context
        self._secret = secret.encode()

    def refuse(
        self, request: Request, transaction: ServerTransaction, refusal: Refusal, now: float
    ) -> None:
        """Answer a request that failed a check."""
        headers = [*refusal.headers, *self._common(refusal.status, refusal.why)]
        transaction.reply(refusal.status, now, headers)
        self._refused(request, transaction.flow, refusal)

    def ask(
        self, request: Request, flow: Flow, status: int, headers: list[tuple[str, str]]
    ) -> None:
        """100 and a final answer to an INVITE, without state (sections 8.2.7 and 26.3.2.4)."""
        back = reply_flow(request, flow)
        head = reply_head(request, flow.remote)
        to = request.headers.get("to") or ""
        stamp = request.headers.get("timestamp")
        extra = [] if stamp is None else [("Timestamp", stamp)]
        self._context.send(response(100, "Trying", head, to, extra), back)
        data = response(status, reason_phrase(status), head, self._tagged(to, head), headers)
        self._context.send(data, back)

    def turn_away(
        self, request: Request, flow: Flow, refusal: Refusal, *, quietly: bool = False
    ) -> None:
        """The same for good; `quietly`: there is no event, only the count."""
        headers = [*refusal.headers, *self._common(refusal.status, refusal.why)]
        self.ask(request, flow, refusal.status, headers)
        self._refused(request, flow, refusal, quietly=quietly)

    def _refused(
        self, request: Request, flow: Flow, refusal: Refusal, *, quietly: bool = False
    ) -> None:
        self._context.count("refused")
        if not quietly:
            self._context.report(
                Refused(flow, request.method, refusal.status, refusal.why, request.call_id)
            )

    def malformed(self, data: bytes, flow: Flow, error: RemoteProtocolError) -> None:
        """Answer a bad request once and without state, or drop what has no answer."""
        self._context.count("malformed")
        if error.status_hint == 513:
            too_long = len(data) > self._context.settings.limits.message_bytes
            self._context.count("too_long" if too_long else "too_many_headers")
        self._context.report(Malformed(flow, error, len(data)))
        saved = salvage(data, flow.remote)
        if saved is not None:
            there = (flow.remote[0], saved.port)
            back = flow if flow.reliable else flow._replace(remote=there)  # section 18.2.2
            self._stateless(back, error.status_hint, saved.head, saved.to)

    def overloaded(self, message: Request, flow: Flow) -> None:
        """No room (section 21.5.4): 503 to an INVITE, silence to the rest."""
        self._context.count("overloaded")
        if message.method == "INVITE":
            head = reply_head(message, flow.remote) + "Retry-After: 5\r\n"
            to = message.headers.get("to") or ""
            self._stateless(reply_flow(message, flow), 503, head, to)

    def _stateless(self, flow: Flow, status: int, head: str, to: str) -> None:
        headers = self._common(status, reason_phrase(status).lower())
        data = response(status, reason_phrase(status), head, self._tagged(to, head), headers)
        self._context.send(data, flow)

    def _tagged(self, to: str, head: str) -> str:
        has_tag = ";tag=" in to.replace(" ", "").lower()
        return to if has_tag else f"{to};tag={self._tag(head)}"

    def _tag(self, head: str) -> str:
        """Section 8.2.7: the same request gets the same To-tag, though nothing is remembered."""
        import hashlib  # noqa: PLC0415 (loads a crypto library that most runs never need)

        text = head.encode("utf-8", "surrogateescape")
        return hashlib.blake2s(text, key=self._secret[:32], digest_size=8).hexdigest()

    def _common(self, status: int, why: str) -> list[tuple[str, str]]:
        settings = self._context.settings
        facts = HeaderFacts(status=str(status), reason=why)
        return [("Server", settings.server), *custom_headers(settings.final_headers(facts))]
