"""Asking callers who they are, where the owner wants it: digest joined to transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sip.admission import Refusal
from gateway.sip.context import Context
from gateway.sip.events import AuthFailed
from gateway.sip.message import Request
from gateway.sip.refusals import Refusals
from gateway.sip.settings import InboundAuth
from gateway.sip.verdict import NONCE_FAULTS, REPLAYED, SLOWED, STALE, Verdict
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_server import Digest

_COUNTERS = {STALE: "auth_stale", REPLAYED: "auth_replayed"}


class Authentication:
    """Lets INVITEs pass, challenges or refuses them; without configured users all may pass."""

    def __init__(self, context: Context, refusals: Refusals) -> None:
        self._context = context
        self._refusals = refusals
        self._secret = context.tokens.hex(32)
        self._digest: Digest | None = None

    def passes(self, message: Request, flow: Flow, now: float) -> bool:
        """Whether the caller is known; if not, the request has been answered.

        The answer leaves nothing behind (RFC 3261 section 26.3.2.4): who is not known yet must not
        make us remember anything. One that is lost is given again when the INVITE is.
        """
        auth = self._context.settings.auth
        if auth is None:
            return True
        digest = self._checker(auth)
        verdict = digest.check(message, flow.remote[0], now)
        self._tell(verdict, flow)
        if verdict.accepted:
            return True
        if verdict.challenges:
            self._context.count("challenged")
            headers = [*verdict.challenges, ("Server", self._context.settings.server)]
            self._refusals.ask(message, flow, digest.status, headers)
        else:
            slowed = verdict.why == SLOWED
            refusal = Refusal(403, SLOWED if slowed else "wrong-credentials")
            self._refusals.turn_away(message, flow, refusal, quietly=slowed)
        return False

    def info_headers(self, request: Request, now: float) -> list[tuple[str, str]]:
        """What our 2xx to an INVITE that has passed says of the next nonce; often nothing."""
        auth = self._context.settings.auth
        return [] if auth is None else self._checker(auth).next_nonce(request, now)

    def _tell(self, verdict: Verdict, flow: Flow) -> None:
        """One event for each failed login and one when its source is slowed, none for the rest."""
        if verdict.why in NONCE_FAULTS:
            self._context.count(_COUNTERS[verdict.why])
        elif verdict.why and verdict.why != SLOWED:
            self._context.count("auth_failed")
            self._context.report(AuthFailed(flow, verdict.username, verdict.why))
        if verdict.slows:
            self._context.count("auth_slowed")
            self._context.report(AuthFailed(flow, verdict.username, SLOWED))

    def _checker(self, auth: InboundAuth) -> Digest:
        limit = self._context.settings.limits.failed_logins
        if self._digest is None:
            from gateway.sip.digest_server import Digest  # noqa: PLC0415 (loaded where it is used)

            self._digest = Digest(auth, self._secret, self._context.tokens, limit)
        self._digest.configure(auth, limit)
        return self._digest
