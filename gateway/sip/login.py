"""Credentials as they come in a request (RFC 7616 section 3.4), in typed parts."""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.digest import Params, Proof, parse_challenges
from gateway.sip.message import Request
from gateway.sip.uri import Uri, parse_uri, unescape


class Login(NamedTuple):
    """What a client says to prove who it is. Missing parts are ""; `qop` None is RFC 2069's form.

    `number` is nc as a number, None when it is none.
    """

    username: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str | None
    nc: str
    cnonce: str
    number: int | None

    def is_for(self, request: Request) -> bool:
        """RFC 7616 section 3.4.6: `uri` is the Request-URI; parameters such as transport may
        differ, since proxies on the way add or drop them."""
        try:
            said = parse_uri(self.uri)
        except RemoteProtocolError:
            return False
        return _identity(said) == _identity(request.uri)

    def proof(self, request: Request) -> Proof:
        """What the response has to vouch for."""
        return Proof(
            request.method, self.uri, request.body, self.nonce, self.nc, self.cnonce, self.qop or ""
        )


def read_login(request: Request, header: str, realm: str) -> Login | None:
    """The credentials for `realm` in a header of that name; those for other realms do not count."""
    for value in request.headers.get_all(header):
        for scheme, given in parse_challenges(value):
            if scheme == "digest" and given.get("realm") == realm:
                return _login(given)
    return None


def _login(given: Params) -> Login:
    return Login(
        username=_username(given),
        nonce=given.get("nonce", ""),
        uri=given.get("uri", ""),
        response=given.get("response", "").lower(),
        algorithm=given.get("algorithm", "MD5"),
        qop=given.get("qop"),
        nc=given.get("nc", ""),
        cnonce=given.get("cnonce", ""),
        number=_number(given),
    )


def _username(given: Params) -> str:
    """From `username` or from `username*` (RFC 7616 section 3.4.4); both at once are nobody's."""
    extended = given.get("username*")
    if extended is None:
        return given.get("username", "")
    # ext-value = charset "'" [ language ] "'" value-chars (RFC 5987)
    charset, _, rest = extended.partition("'")
    if "username" in given or charset.lower() != "utf-8":
        return ""
    return unescape(rest.partition("'")[2])


def _number(given: Params) -> int | None:
    if "qop" not in given:
        # RFC 2069 clients have no count: a nonce works once for them.
        return 0
    text = given.get("nc", "")
    good = 0 < len(text) <= 8 and all(char in "0123456789abcdefABCDEF" for char in text)
    return int(text, 16) if good else None


def _identity(uri: Uri) -> tuple[str, str]:
    return (uri.plain_user, uri.host.lower())
