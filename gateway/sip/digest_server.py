"""Digest authentication as server (RFC 7616, RFC 8760; RFC 2617 and 2069 clients are served too).

No password and no response is stored or shown anywhere.
"""

from __future__ import annotations

import hmac
from typing import Final

from gateway.sip.bounded import keep
from gateway.sip.digest import Algorithm, find_algorithm, response_of, secret_key
from gateway.sip.grammar import quote
from gateway.sip.login import Login, read_login
from gateway.sip.login_failures import LoginFailures, network_of
from gateway.sip.message import Request
from gateway.sip.nonces import Nonce, Nonces
from gateway.sip.settings import InboundAuth, Tokens
from gateway.sip.verdict import GUESSES, NONCE_FAULTS, REPLAYED, SLOWED, STALE, Verdict

_CALLS: Final = 1024


class Digest:
    """Checks credentials against the configured users."""

    def __init__(
        self, auth: InboundAuth, secret: str, tokens: Tokens, failed_logins: int = 10
    ) -> None:
        self._tokens = tokens
        self._nonces = Nonces(secret, tokens)
        self._failures = LoginFailures()
        # Calls that have had their one more chance, by source and Call-ID; oldest first.
        self._warned: dict[tuple[str, str], None] = {}
        self.configure(auth, failed_logins)

    def configure(self, auth: InboundAuth, failed_logins: int) -> None:
        """What holds from now on; nonces in use and failures are not forgotten."""
        self._auth = auth
        self._limit = failed_logins
        found = {name: find_algorithm(name) for name in auth.algorithms}
        offers = [(name, algorithm) for name, algorithm in found.items() if algorithm is not None]
        offers.sort(key=lambda offer: -offer[1].strength)
        self._offers = dict(offers)

    @property
    def status(self) -> int:
        """The status of a challenge."""
        return 407 if self._auth.proxy else 401

    def check(self, request: Request, source: str, now: float) -> Verdict:
        """Judge a request from the address `source`.

        Credentials count only in the header that our challenge asks for. Failures are charged to
        the source that the nonce was given to: the address on a datagram can be forged.
        """
        login, nonce = self._credentials(request)
        tag = self._nonces.tag(network_of(source))
        if login is None:
            return self._challenge(Verdict(False), tag, now)
        charged = tag if nonce is None else nonce.source
        if self._failures.refuses(charged, self._limit, now):
            return Verdict(False, why=SLOWED)
        user = login.username[:64]
        why = self._fault(login, nonce, request, now)
        if not why:
            self._warned.pop((tag, request.call_id), None)
            return Verdict(True, user)
        if why in NONCE_FAULTS:
            # Nothing was learned about the password: asking again is no favour to a guesser.
            return self._challenge(Verdict(False, user, why), tag, now)
        slows = why in GUESSES and self._failures.failed(charged, self._limit, now)
        verdict = Verdict(False, user, why, slows=slows)
        return verdict if self._warn(tag, request.call_id) else self._challenge(verdict, tag, now)

    def next_nonce(self, request: Request, now: float) -> list[tuple[str, str]]:
        """The header of a 2xx to a request that was accepted (RFC 7616 section 3.5, RFC 7615).

        A -sess session hangs on its first nonce and keeps it.
        """
        login, nonce = self._credentials(request)
        if login is None or nonce is None or not self._auth.next_nonce:
            return []
        if login.algorithm.lower().endswith("-sess"):
            return []
        name = "Proxy-Authentication-Info" if self._auth.proxy else "Authentication-Info"
        following = self._nonces.issue(self._auth.realm, nonce.source, now)
        return [(name, f'nextnonce="{following}"')]

    def _credentials(self, request: Request) -> tuple[Login | None, Nonce | None]:
        name = "proxy-authorization" if self._auth.proxy else "authorization"
        login = read_login(request, name, self._auth.realm)
        nonce = None if login is None else self._nonces.read(self._auth.realm, login.nonce)
        return login, nonce

    def _warn(self, tag: str, call_id: str) -> bool:
        """Whether this call has had its one more chance."""
        key = (tag, call_id)
        warned = key in self._warned
        keep(self._warned, key, None, _CALLS)
        return warned

    def _fault(self, login: Login, nonce: Nonce | None, request: Request, now: float) -> str:
        """What is wrong with the credentials, "" when nothing is.

        The nonce comes before the response: one to a nonce that is not good any more is never
        looked at, so it tells a guesser nothing.
        """
        algorithm = self._algorithm(login.algorithm)
        if algorithm is None:
            return "unsupported-algorithm"
        if not self._is_offered_qop(login.qop):
            return "unsupported-qop"
        if not login.is_for(request):
            return "other-target"
        if nonce is None or self._nonces.is_stale(nonce, self._auth.nonce_lifetime_s, now):
            return STALE
        return self._answer_fault(login, nonce, algorithm, request)

    def _answer_fault(
        self, login: Login, nonce: Nonce, algorithm: Algorithm, request: Request
    ) -> str:
        if login.number is None or self._nonces.is_used(nonce, login.number):
            return REPLAYED
        if not self._is_right(login, nonce, algorithm, request):
            return "wrong-password" if login.username in self._auth.users else "unknown-user"
        self._nonces.use(nonce, login.number, login.cnonce)
        return ""

    def _algorithm(self, name: str) -> Algorithm | None:
        for offered, algorithm in self._offers.items():
            if offered.lower() == name.lower():
                return algorithm
        return None

    def _is_offered_qop(self, qop: str | None) -> bool:
        qops = self._auth.qops
        if qop is None:
            # RFC 2069 knows no qop. Where auth-int is a must, leaving it out is no way around it.
            return not qops or "auth" in qops
        return qop.lower() in qops

    def _is_right(self, login: Login, nonce: Nonce, algorithm: Algorithm, request: Request) -> bool:
        # An unknown user costs the same work.
        password = self._auth.users.get(login.username)
        if password is None:
            password = self._tokens.hex(16)
        proof = login.proof(request)
        said = login.response.encode("utf-8", "replace")
        right = False
        for cnonce in self._session_cnonces(login, nonce, algorithm):
            session = (nonce.text, cnonce)
            key = secret_key(algorithm, login.username, self._auth.realm, password, session)
            right |= hmac.compare_digest(response_of(algorithm, key, proof).encode(), said)
        return right

    def _session_cnonces(self, login: Login, nonce: Nonce, algorithm: Algorithm) -> set[str]:
        """RFC 7616 section 3.4.2 begins a -sess session once, with the first cnonce; widespread
        clients begin one with each."""
        first = self._nonces.session_cnonce(nonce) if algorithm.session else None
        return {login.cnonce} if first is None else {login.cnonce, first}

    def _challenge(self, verdict: Verdict, tag: str, now: float) -> Verdict:
        """The verdict with a challenge for each algorithm, strongest first (RFC 8760 section 2.3).

        Where OpenSSL has none of them, nothing can be asked: 403.
        """
        name = "Proxy-Authenticate" if self._auth.proxy else "WWW-Authenticate"
        nonce = self._nonces.issue(self._auth.realm, tag, now)
        begin = f'Digest realm={quote(self._auth.realm)}, nonce="{nonce}", algorithm='
        qop = f', qop="{",".join(self._auth.qops)}"' if self._auth.qops else ""
        stale = ", stale=true" if verdict.why in NONCE_FAULTS else ""
        charset = "" if all(user.isascii() for user in self._auth.users) else ", charset=UTF-8"
        lines = [(name, begin + offer + qop + stale + charset) for offer in self._offers]
        return verdict._replace(challenges=tuple(lines))
