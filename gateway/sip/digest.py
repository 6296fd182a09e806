"""Digest authentication as server (RFC 2617, RFC 7616): MD5 with qop=auth.

Nonces are signed and dated, so that none has to be kept to be recognised; what is kept, and
bounded, is the highest nonce count of those in use. No password and no response hash is stored or
shown anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import LWS, QUOTED, TOKEN, unquote
from gateway.sip.message import Request
from gateway.sip.settings import InboundAuth, Tokens
from gateway.sip.uri import Uri, parse_uri

_REMEMBERED = 1024

# auth-param = auth-param-name EQUAL ( token / quoted-string ); bare values with "/" or "=" are seen
_PARAM = re.compile(rf"{LWS}({TOKEN}++){LWS}={LWS}({QUOTED}|[^\s,\"]*+){LWS}(?:,|$)")


class Verdict(NamedTuple):
    """`accepted`, or a challenge to send, or neither: 403. `why` is "" when nothing was tried."""

    accepted: bool
    username: str = ""
    why: str = ""
    challenge: tuple[str, str] | None = None


class Digest:
    """Checks credentials against the configured users."""

    def __init__(self, auth: InboundAuth, secret: str, tokens: Tokens) -> None:
        self._auth = auth
        self._secret = secret.encode()
        self._tokens = tokens
        self._counts: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    @property
    def status(self) -> int:
        """The status of a challenge."""
        return 407 if self._auth.proxy else 401

    def check(self, request: Request, now: float) -> Verdict:
        """Judge a request; its credentials count only in the header that our challenge asks for."""
        given = self._credentials(request)
        if given is None:
            return Verdict(False, challenge=self._challenge(now))
        username = given.get("username", "")[:64]
        why = self._fault(given, request, now)
        if not why:
            self._failures.pop(request.call_id, None)
            return Verdict(True, username)
        # The secret was right, only the nonce was not: asking again is no favour to a guesser.
        if why in {"stale-nonce", "replayed-nonce"}:
            return Verdict(False, username, why, self._challenge(now, stale=True))
        if self._failed_before(request.call_id):
            return Verdict(False, username, why)
        return Verdict(False, username, why, self._challenge(now))

    def _failed_before(self, call_id: str) -> bool:
        failed = self._failures.get(call_id, 0)
        _remember(self._failures, call_id, failed + 1)
        return failed > 0

    def _credentials(self, request: Request) -> dict[str, str] | None:
        name = "proxy-authorization" if self._auth.proxy else "authorization"
        for value in request.headers.get_all(name):
            scheme, _, rest = value.partition(" ")
            given = parse_params(rest) if scheme.lower() == "digest" else {}
            if given.get("realm") == self._auth.realm:
                return given
        return None

    def _fault(self, given: dict[str, str], request: Request, now: float) -> str:
        """What is wrong with credentials for our realm, "" when nothing is."""
        if given.get("algorithm", "MD5").upper() != "MD5":
            return "unsupported-algorithm"
        if given.get("qop", "auth").lower() != "auth":
            return "unsupported-qop"
        if not _same_target(given, request):
            return "other-target"
        if not hmac.compare_digest(
            self._expected(given, request).encode(),
            given.get("response", "").lower().encode("utf-8", "replace"),
        ):
            return "wrong-password" if given.get("username") in self._auth.users else "unknown-user"
        return self._nonce_fault(given, now)

    def _expected(self, given: dict[str, str], request: Request) -> str:
        # RFC 2617 section 3.2.2; an unknown user costs the same work.
        user = given.get("username", "")
        password = self._auth.users.get(user)
        if password is None:
            password = self._tokens.hex(16)
        secret = _md5(f"{user}:{self._auth.realm}:{password}")
        what = _md5(f"{request.method}:{given.get('uri', '')}")
        nonce = given.get("nonce", "")
        if "qop" not in given:
            return _md5(f"{secret}:{nonce}:{what}")
        middle = f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}"
        return _md5(f"{secret}:{middle}:{what}")

    def _nonce_fault(self, given: dict[str, str], now: float) -> str:
        nonce = given.get("nonce", "")
        made, _, mark = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(made).encode(), mark.encode("utf-8", "replace")):
            return "stale-nonce"
        age = now - int(made.partition(".")[0], 16) / 1000
        if not -1 <= age <= self._auth.nonce_lifetime_s:
            return "stale-nonce"
        count = _nonce_count(given)
        # A count may start anywhere and skip, never stand still or go back.
        if count is None or count <= self._counts.get(nonce, -1):
            return "replayed-nonce"
        _remember(self._counts, nonce, count)
        return ""

    def _challenge(self, now: float, *, stale: bool = False) -> tuple[str, str]:
        made = f"{int(now * 1000):x}.{self._tokens.hex(8)}"
        name = "Proxy-Authenticate" if self._auth.proxy else "WWW-Authenticate"
        realm = self._auth.realm.replace("\\", "\\\\").replace('"', '\\"')
        value = (
            f'Digest realm="{realm}", nonce="{made}.{self._sign(made)}", '
            f'algorithm=MD5, qop="auth"{", stale=true" if stale else ""}'
        )
        return (name, value)

    def _sign(self, made: str) -> str:
        text = f"{made}:{self._auth.realm}".encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]


def _nonce_count(given: dict[str, str]) -> int | None:
    if "qop" not in given:
        # RFC 2069 clients have no count: such a nonce works once.
        return 0
    text = given.get("nc", "")
    good = 0 < len(text) <= 8 and all(char in "0123456789abcdefABCDEF" for char in text)
    return int(text, 16) if good else None


def parse_params(text: str) -> dict[str, str]:
    """The parameters of a challenge or of credentials; names lower case, values unquoted."""
    found: dict[str, str] = {}
    at = 0
    while match := _PARAM.match(text, at):
        found.setdefault(match[1].lower(), unquote(match[2]))
        if match.end() == at:
            break
        at = match.end()
    return found


def _same_target(given: dict[str, str], request: Request) -> bool:
    """RFC 2617 section 3.2.2.5: `uri` is the Request-URI; parameters such as transport may differ,
    since proxies on the way add or drop them."""
    try:
        said = parse_uri(given.get("uri", ""))
    except RemoteProtocolError:
        return False
    return _identity(said) == _identity(request.uri)


def _identity(uri: Uri) -> tuple[str, str]:
    return (uri.plain_user, uri.host.lower())


def _md5(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _remember(table: dict[str, int], key: str, value: int) -> None:
    """Bounded memory: the oldest entry goes first."""
    table.pop(key, None)
    table[key] = value
    if len(table) > _REMEMBERED:
        del table[next(iter(table))]
