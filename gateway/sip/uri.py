"""SIP URIs (RFC 3261 section 19.1); other schemes are kept as they are."""

from __future__ import annotations

import re

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import HOST

# SIP-URI    = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
# userinfo   = ( user / telephone-subscriber ) [ ":" password ] "@"
# user       = 1*( unreserved / escaped / user-unreserved ); user-unreserved = & = + $ , ; ? /
# hostport   = host [ ":" port ]
# Wider: an empty user, `#` and bytes over 127 in user, since phones send them; an empty host is
# sorted out below.
_USER = r"(?:[^\x00-\x20\"%:<>@\[\\\]^`{|}\x7f]++|%[0-9A-Fa-f]{2})*+"
_PASSWORD = r"(?:[A-Za-z0-9\-_.!~*'()&=+$,]++|%[0-9A-Fa-f]{2})*+"  # noqa: S105 (a grammar)
SIP_URI = (
    rf"([Ss][Ii][Pp][Ss]?):(?:({_USER})(?::({_PASSWORD}))?+@)?({HOST})?+(?::([0-9]{{1,5}}))?+"
    r"((?:;[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]++(?:=[A-Za-z0-9\-_.!~*'()\[\]/:&+$%=]*+)?+)*+;?+)"
    r"(\?[A-Za-z0-9\-_.!~*'()\[\]/?:+$%&=;@,]*+)?+"
)
_SIP = re.compile(SIP_URI)

# absoluteURI = scheme ":" ( hier-part / opaque-part ); no spaces, quotes or brackets.
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+\-.]*+):([^\s<>\"]++)")


class Uri:
    """A URI in its parts, as written: `str()` gives back the text it came from.

    `host` is "" for schemes other than sip and sips; then `opaque` has what follows the colon.
    """

    __slots__ = ("_port", "headers", "host", "opaque", "params_text", "password", "scheme", "user")

    def __init__(
        self,
        scheme: str,
        user: str | None,
        host: str,
        port: int | str | None = None,
        params_text: str = "",
        password: str | None = None,
        headers: str = "",
        *,
        opaque: str = "",
    ) -> None:
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self._port = None if port is None else str(port)
        self.params_text = params_text
        self.headers = headers
        self.opaque = opaque

    @property
    def port(self) -> int | None:
        """The port that is written, or None."""
        return None if self._port is None else int(self._port)

    @property
    def params(self) -> dict[str, str | None]:
        """The URI parameters: names in lower case, %HH resolved once (RFC 3261 section 19.1.4)."""
        params: dict[str, str | None] = {}
        text = self.params_text
        if "%" in text:
            pairs = (part.partition("=") for part in text[1:].split(";"))
            return {
                unescape(name).lower(): unescape(value) if equal else None
                for name, equal, value in pairs
            }
        for part in text[1:].split(";") if text else ():
            name, equal, value = part.partition("=")
            params.setdefault(name.lower(), value if equal else None)
        return params

    def header_list(self) -> list[tuple[str, str]]:
        """The headers after `?` (section 19.1.1), names and values unescaped once, in order.

        They are a wish of whoever wrote the URI, never headers of the message that carries it.
        """
        pairs = (part.partition("=") for part in self.headers[1:].split("&") if part)
        return [(unescape(name), unescape(value)) for name, _, value in pairs]

    def without_headers(self) -> Uri:
        """The same URI as it may stand in a Request-URI (section 19.1.5): no headers, no method."""
        params = self.params_text
        if "method=" in params.lower():
            kept = (p for p in params.split(";") if not p.lower().startswith("method="))
            params = ";".join(kept)
        return Uri(
            self.scheme, self.user, self.host, self._port, params, self.password, opaque=self.opaque
        )

    @property
    def is_sip(self) -> bool:
        """Whether the scheme is sip or sips."""
        return self.scheme.lower() in {"sip", "sips"}

    @property
    def is_sips(self) -> bool:
        """Whether the scheme is sips: TLS all the way, or not at all (section 26.2.2)."""
        return self.scheme.lower() == "sips"

    @property
    def plain_user(self) -> str:
        """The user part with %HH resolved once (RFC 3261 section 19.1.2); "" when missing."""
        return unescape(self.user or "")

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        user = self.user
        if user is None:
            before = ""
        elif self.password is None:
            before = f"{user}@"
        else:
            before = f"{user}:{self.password}@"
        host = self.host if self._port is None else f"{self.host}:{self._port}"
        return f"{self.scheme}:{before}{host}{self.params_text}{self.headers}"

    def __repr__(self) -> str:
        return f"Uri({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uri) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def parse_uri(text: str, *, lenient: bool = False) -> Uri:
    """Read a URI. `lenient` also takes `sip:bob@` and the like, where only a label is wanted.

    Raises RemoteProtocolError.
    """
    if not text.isascii() and readable(text) != text:
        raise RemoteProtocolError(f"URI with bytes that are no UTF-8: {text[:80]!r}")
    match = _SIP.fullmatch(text)
    if match is not None:
        scheme, user, password, host, port, params_text, headers = match.groups()
        if (host is None and not lenient) or (port is not None and int(port) > 65535):
            raise RemoteProtocolError(f"URI without a usable host and port: {text[:80]!r}")
        return Uri(scheme, user, host or "", port, params_text, password, headers or "")
    other = _OTHER.fullmatch(text)
    if other is None or other[1].lower() in {"sip", "sips"}:
        raise RemoteProtocolError(f"not a URI: {text[:80]!r}")
    return Uri(other[1], None, "", opaque=other[2])


def readable(text: str) -> str:
    """Header text for people and journals: bytes that are no UTF-8 become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def _bytes_of(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")


def unescape(text: str) -> str:
    """Resolve %HH once, never twice; bytes that are not UTF-8 become U+FFFD."""
    return _ESCAPE.sub(_bytes_of, text) if "%" in text else text


# hnv-unreserved and unreserved of section 25.1: what a header's value in a URI may have as it is;
# `?`, `+` and the like would pass too, but not every parser lets them.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
USER_SAFE = "&=+$,;?/"


def escape(text: str, safe: str = "") -> str:
    """Percent-encode `text` (as UTF-8) for a URI's header value; for its user with USER_SAFE."""
    plain = _PLAIN.union(safe.encode("ascii"))
    raw = text.encode("utf-8", "surrogateescape")
    return "".join([chr(byte) if byte in plain else f"%{byte:02X}" for byte in raw])
