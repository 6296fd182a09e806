"""Digest authentication as client (RFC 7616, RFC 8760, RFC 3261 section 22)."""

from __future__ import annotations

from typing import Final

from gateway.errors import ConfigError, RemoteProtocolError
from gateway.sip.bounded import keep
from gateway.sip.challenge import Challenge, nonce_problem, read_challenges
from gateway.sip.digest import Proof, parse_params, response_of, secret_key
from gateway.sip.grammar import quote
from gateway.sip.message import Response
from gateway.sip.settings import Tokens

Lines = list[tuple[str, str]]

# In a row for one request: answers to one realm, and challenges of all realms together.
_TRIES: Final = 3
_ROUNDS: Final = 8
# Timer B and F: a retry that follows later than that is another request.
_REQUEST_S: Final = 32.0
# Realms and requests that are remembered; beyond that the oldest is forgotten.
_REALMS: Final = 8
_REQUESTS: Final = 32

_INFO: Final = {
    "authentication-info": "Authorization",
    "proxy-authentication-info": "Proxy-Authorization",
}

# RFC 5987: attr-char, what needs no %HH in an ext-value.
_ATTR_CHARS: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~"
)


class _Space:
    """A protection space: the challenge that we answer there, and what we have made of it.

    `session` has the nonce and the cnonce that a -sess session began with. `unaware` requests were
    on their way before this nonce was known, so that a challenge to them is no refusal.
    """

    __slots__ = ("challenge", "cnonce", "count", "session", "unaware")

    def __init__(self, challenge: Challenge, cnonce: str, unaware: int) -> None:
        self.challenge = challenge
        self.cnonce = cnonce
        self.session = (challenge.nonce, cnonce)
        self.count = 0
        self.unaware = unaware

    def move_on(self, nonce: str, cnonce: str, unaware: int) -> None:
        """The server names the next nonce; a -sess session goes on with its key and cnonce."""
        self.challenge = self.challenge._replace(nonce=nonce)
        self.count = 0
        self.unaware = unaware
        if not self.challenge.algorithm.session:
            self.cnonce = cnonce


class _Request:
    """The challenges that one request has met so far, by header and realm."""

    __slots__ = ("at", "nonces", "tries")

    def __init__(self, at: float) -> None:
        self.at = at
        self.tries: dict[tuple[str, str], int] = {}
        self.nonces: dict[tuple[str, str], str] = {}


class Credentials:
    """One user name and password, and the nonces that they are used with.

    For requests through the proxies of one account, which is the case in which RFC 3261 section
    22.3 lets a proxy's nonce be used beyond one call. `authorize` is called once for each request
    that is sent, and its final answer goes to `challenged` (401 and 407) or `answered` (the rest).
    """

    def __init__(self, username: str, password: str, tokens: Tokens) -> None:
        """Raises ConfigError for a user name that cannot be written into a header."""
        if any(char < " " or char == "\x7f" for char in username):
            raise ConfigError("the user name has control characters")
        self._username = username
        self._password = password
        self._tokens = tokens
        self._spaces: dict[tuple[str, str], _Space] = {}
        self._requests: dict[tuple[str, str], _Request] = {}
        self._unanswered = 0

    def __repr__(self) -> str:
        return f"<Credentials of {self._username!r}>"

    def challenged(self, response: Response, now: float) -> str:
        """A 401 or 407 came. "" when a new try makes sense, else why not, in words.

        A nonce that changes is no refusal, with or without `stale`; the same one again is. What was
        refused is forgotten, so that the next request begins without credentials.
        """
        self._unanswered = max(0, self._unanswered - 1)
        try:
            challenges = read_challenges(response)
        except RemoteProtocolError as error:
            return str(error)
        request = self._request(response, now)
        problems = [self._take(challenge, request) for challenge in challenges]
        if "" in problems:
            return ""
        self._requests.pop(_key(response), None)
        return problems[0]

    def authorize(self, method: str, uri: str, body: bytes) -> Lines:
        """The header lines for a request; none while nothing is known. `uri` is its Request-URI."""
        self._unanswered += 1
        return [
            (space.challenge.header, "Digest " + ", ".join(self._answer(space, method, uri, body)))
            for space in self._spaces.values()
        ]

    def answered(self, response: Response) -> None:
        """A final answer came that was no challenge: the tries of that request are over.

        The nonce that it names is used from now on (RFC 7616 section 3.5, RFC 7615).
        """
        self._unanswered = max(0, self._unanswered - 1)
        self._requests.pop(_key(response), None)
        for name, header in _INFO.items():
            for line in response.headers.get_all(name):
                given = parse_params(line)
                nonce = given.get("nextnonce", "")
                space = self._informed(header, given.get("cnonce"))
                if space is not None and not nonce_problem(nonce):
                    space.move_on(nonce, self._tokens.hex(16), self._unanswered)

    # --- challenges ------------------------------------------------------------------------------

    def _take(self, challenge: Challenge, request: _Request) -> str:
        place = (challenge.header, challenge.realm)
        space = self._spaces.get(place)
        if space is not None and space.challenge.nonce != challenge.nonce:
            space = None
        realm = challenge.realm[:80]
        if space is not None and not challenge.stale and _knew_nonce(request, place, space):
            del self._spaces[place]
            return f"the password for realm {realm!r} was refused"
        request.nonces[place] = challenge.nonce
        request.tries[place] = request.tries.get(place, 0) + 1
        if request.tries[place] > _TRIES or sum(request.tries.values()) > _ROUNDS:
            self._spaces.pop(place, None)
            return f"too many tries: realm {realm!r} refuses each answer; is the password right?"
        if space is None:
            space = _Space(challenge, self._tokens.hex(16), self._unanswered)
            keep(self._spaces, place, space, _REALMS)
        space.challenge = challenge
        return ""

    def _request(self, response: Response, now: float) -> _Request:
        """What is known of the request that this answers: retries keep Call-ID and method."""
        request = self._requests.get(_key(response))
        if request is None or now - request.at > _REQUEST_S:
            request = _Request(now)
        request.at = now
        keep(self._requests, _key(response), request, _REQUESTS)
        return request

    def _informed(self, header: str, cnonce: str | None) -> _Space | None:
        """The space that an Authentication-Info is about: it names no realm, at best our cnonce."""
        spaces = [space for space in self._spaces.values() if space.challenge.header == header]
        if cnonce is not None:
            spaces = [space for space in spaces if space.cnonce == cnonce]
        return spaces[0] if len(spaces) == 1 else None

    # --- answers ---------------------------------------------------------------------------------

    def _answer(self, space: _Space, method: str, uri: str, body: bytes) -> list[str]:
        """RFC 7616 section 3.4: qop, nc and algorithm are not quoted, the rest is."""
        challenge = space.challenge
        space.count += 1
        nc = f"{space.count:08x}" if challenge.qop else ""
        proof = Proof(method, uri, body, challenge.nonce, nc, space.cnonce, challenge.qop)
        key = secret_key(
            challenge.algorithm, self._username, challenge.realm, self._password, space.session
        )
        parts = [
            *self._user(challenge),
            f"realm={quote(challenge.realm)}",
            f"nonce={quote(challenge.nonce)}",
            f"uri={quote(uri)}",
            f'response="{response_of(challenge.algorithm, key, proof)}"',
        ]
        if challenge.spelled:
            parts.append(f"algorithm={challenge.spelled}")
        if challenge.qop or challenge.algorithm.session:
            parts.append(f'cnonce="{space.cnonce}"')
        if challenge.opaque is not None:
            parts.append(f"opaque={quote(challenge.opaque)}")
        if challenge.qop:
            parts += [f"qop={challenge.qop}", f"nc={nc}"]
        return parts

    def _user(self, challenge: Challenge) -> list[str]:
        """RFC 7616 section 3.4.4. SIP's quoted-string takes UTF-8, so `username` does where the
        server does not say that it knows the newer form."""
        name = self._username
        if challenge.hash_user:
            hashed = challenge.algorithm.hash(f"{name}:{challenge.realm}")
            return [f'username="{hashed}"', "userhash=true"]
        if name.isascii() or not challenge.utf8:
            return [f"username={quote(name)}"]
        escaped = [chr(b) if b in _ATTR_CHARS else f"%{b:02X}" for b in name.encode()]
        return [f"username*=UTF-8''{''.join(escaped)}"]


def _knew_nonce(request: _Request, place: tuple[str, str], space: _Space) -> bool:
    """Whether the request that was challenged had carried the nonce of `space`."""
    if request.nonces.get(place) == space.challenge.nonce or space.unaware == 0:
        return True
    space.unaware -= 1
    return False


def _key(response: Response) -> tuple[str, str]:
    return (response.call_id, response.cseq.method)
