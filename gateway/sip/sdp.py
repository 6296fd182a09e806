"""Session descriptions (RFC 4566, RFC 8866): read what the media needs, keep the rest as lines."""

from __future__ import annotations

import re

from gateway.errors import RemoteProtocolError

MAX_MEDIA = 32
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

# media-field = "m=" media SP port ["/" integer] SP proto 1*(SP fmt) CRLF
_MEDIA = re.compile(r"([!-~]++) ++([0-9]{1,5})(?:/[0-9]{1,5})?+ ++([!-~]++)((?: ++[!-~]++)*+) *+")
# connection-field = "c=" nettype SP addrtype SP connection-address; a TTL may follow after "/"
_CONNECTION = re.compile(r"IN ++(IP4|IP6) ++([^ /]++)(?:/[0-9/]++)?+ *+", re.IGNORECASE)


class Media:
    """One m= section. `attributes` are (name, value) pairs in order, the value "" for flags."""

    __slots__ = ("attributes", "connection", "formats", "kind", "port", "protocol")

    def __init__(self, kind: str, port: int, protocol: str, formats: list[str]) -> None:
        self.kind = kind
        self.port = port
        self.protocol = protocol
        self.formats = formats
        self.connection: str | None = None
        self.attributes: list[tuple[str, str]] = []

    def get(self, name: str) -> str | None:
        """The first value of an attribute, "" for a flag, None when it is missing."""
        return next((value for key, value in self.attributes if key == name), None)

    def get_all(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [value for key, value in self.attributes if key == name]


class Session:
    """A whole description: session level, then one `Media` for each m= line."""

    __slots__ = ("attributes", "connection", "media", "origin")

    def __init__(self) -> None:
        self.origin = ""
        self.connection: str | None = None
        self.attributes: list[tuple[str, str]] = []
        self.media: list[Media] = []

    def address(self, media: Media) -> str | None:
        """The address that a section is sent to: its own c=, else the session's (section 5.7)."""
        return self.connection if media.connection is None else media.connection

    def direction(self, media: Media) -> str:
        """Own attribute, else the session's, else sendrecv (RFC 3264 section 5.1)."""
        for attributes in (media.attributes, self.attributes):
            for name, _ in attributes:
                if name in DIRECTIONS:
                    return name
        return "sendrecv"


def parse_sdp(body: bytes) -> Session:
    """Read a description; lines may end in CRLF or LF. Raises RemoteProtocolError."""
    text = body.decode("utf-8", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n\0 ").split("\n")
    if not lines[0].startswith("v="):
        raise RemoteProtocolError("SDP does not begin with v=", 400)
    session = Session()
    for line in lines:
        if len(line) < 2 or line[1] != "=":
            # A blank or odd line harms nothing: section 5 lets unknown ones be ignored.
            continue
        _line(session, line[0], line[2:])
    if not session.origin:
        raise RemoteProtocolError("SDP without o=", 400)
    return session


def _line(session: Session, kind: str, value: str) -> None:
    section = session.media[-1] if session.media else session
    if kind == "a":
        name, _, rest = value.partition(":")
        section.attributes.append((name.strip().lower(), rest.strip()))
    elif kind == "m":
        session.media.append(_media(value))
        if len(session.media) > MAX_MEDIA:
            raise RemoteProtocolError("SDP with too many m= lines", 400)
    elif kind == "c":
        match = _CONNECTION.fullmatch(value)
        if match is None:
            raise RemoteProtocolError(f"malformed c= line: {value[:60]!r}", 400)
        section.connection = match[2]
    elif kind == "o":
        session.origin = value


def _media(value: str) -> Media:
    match = _MEDIA.fullmatch(value)
    if match is None or int(match[2]) > 65535:
        raise RemoteProtocolError(f"malformed m= line: {value[:60]!r}", 400)
    return Media(match[1].lower(), int(match[2]), match[3], match[4].split())


def sdp_part(content_type: str, body: bytes) -> bytes | None:
    """The SDP in a body: the body itself, or the first such part of a multipart one; else None."""
    if content_type == "application/sdp":
        return body
    kind, _, params = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == "application/sdp":
        return body
    if not kind.startswith("multipart/"):
        return None
    boundary = re.search(
        r"boundary *= *(?:\"([^\"]{1,70})\"|([^ ;\"]{1,70}))", params, re.IGNORECASE
    )
    if boundary is None:
        return None
    # RFC 2046 section 5.1.1: delimiter := CRLF "--" boundary
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode("utf-8", "surrogateescape")
    for part in (b"\r\n" + body).split(mark)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        found = re.search(rb"(?im)^(?:content-type|c)[ \t]*:[ \t]*application/sdp", head)
        if blank and found:
            return content
    return None
