"""Asking callers who they are, where the owner wants it: digest joined to transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sip.admission import Refusal
from gateway.sip.context import Context
from gateway.sip.events import AuthFailed
from gateway.sip.message import Request
from gateway.sip.refusals import Refusals
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.settings import InboundAuth
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest import Digest


class Authentication:
    """Lets INVITEs pass, challenges or refuses them; without configured users all may pass."""

    def __init__(self, context: Context, refusals: Refusals, transactions: Transactions) -> None:
        self._context = context
        self._refusals = refusals
        self._transactions = transactions
        self._secret = context.tokens.hex(32)
        self._digest: Digest | None = None
        self._auth: InboundAuth | None = None

    def passes(
        self, message: Request, transaction: ServerTransaction, flow: Flow, now: float
    ) -> bool:
        """Whether the caller is known; if not, the transaction has been answered."""
        auth = self._context.settings.auth
        if auth is None:
            return True
        digest = self._checker(auth)
        verdict = digest.check(message, now)
        if verdict.why:
            self._context.count("auth_failed")
            self._context.report(AuthFailed(flow, verdict.username, verdict.why))
        if verdict.accepted:
            return True
        if verdict.challenge is None:
            self._refusals.refuse(message, transaction, Refusal(403, "wrong-credentials"), now)
        else:
            self._context.count("challenged")
            self._transactions.unmerge(transaction)
            headers = [verdict.challenge, ("Server", self._context.settings.server)]
            transaction.reply(digest.status, now, headers)
        return False

    def _checker(self, auth: InboundAuth) -> Digest:
        if self._digest is None or self._auth != auth:
            from gateway.sip.digest import Digest  # noqa: PLC0415 (loaded only where it is used)

            self._digest = Digest(auth, self._secret, self._context.tokens)
            self._auth = auth
        return self._digest
