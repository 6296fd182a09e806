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
        self,
        request: Request,
        transaction: ServerTransaction,
        refusal: Refusal,
        now: float,
        *,
        quietly: bool = False,
    ) -> None:
        """Answer a request that failed a check; `quietly`: there is no event, only the count."""
        headers = [*refusal.headers, *self._common(refusal.status, refusal.why)]
        transaction.reply(refusal.status, now, headers)
        self._context.count("refused")
        if quietly:
            return
        self._context.report(
            Refused(transaction.flow, request.method, refusal.status, refusal.why, request.call_id)
        )

    def malformed(self, data: bytes, flow: Flow, error: RemoteProtocolError) -> None:
        """Answer a bad request once and without state, or drop what has no answer."""
        self._context.count("malformed")
        self._context.report(Malformed(flow, error, len(data)))
        saved = salvage(data, flow.remote)
        if saved is not None:
            back = flow._replace(remote=(flow.remote[0], saved.port))
            self._stateless(back, error.status_hint, saved.head, saved.to)

    def overloaded(self, message: Request, flow: Flow) -> None:
        """No room (section 21.5.4): 503 to an INVITE, silence to the rest."""
        self._context.count("overloaded")
        if message.method == "INVITE":
            head = reply_head(message, flow.remote) + "Retry-After: 5\r\n"
            to = message.headers.get("to") or ""
            self._stateless(reply_flow(message, flow), 503, head, to)

    def _stateless(self, flow: Flow, status: int, head: str, to: str) -> None:
        if ";tag=" not in to.replace(" ", "").lower():
            to = f"{to};tag={self._tag(head)}"
        headers = self._common(status, reason_phrase(status).lower())
        data = response(status, reason_phrase(status), head, to, headers)
        self._context.send(data, flow)

    def _tag(self, head: str) -> str:
        """Section 8.2.7: the same request gets the same To-tag, though nothing is remembered."""
        import hashlib  # noqa: PLC0415 (loads a crypto library that most runs never need)

        text = head.encode("utf-8", "surrogateescape")
        return hashlib.blake2s(text, key=self._secret[:32], digest_size=8).hexdigest()

    def _common(self, status: int, why: str) -> list[tuple[str, str]]:
        settings = self._context.settings
        facts = HeaderFacts(status=str(status), reason=why)
        return [("Server", settings.server), *custom_headers(settings.final_headers(facts))]
