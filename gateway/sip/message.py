"""Requests and responses. What the parser checked is kept typed; the rest is read when asked."""

from __future__ import annotations

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import is_visible
from gateway.sip.headers import (
    CSeq,
    Headers,
    NameAddr,
    Via,
    parse_address,
    parse_addresses,
    parse_cseq,
    parse_vias,
)
from gateway.sip.uri import Uri, parse_uri


class Message:
    """What requests and responses share. Typed access raises RemoteProtocolError on bad values."""

    __slots__ = ("_call_id", "_contacts", "_cseq", "_from", "_to", "_vias", "body", "headers")

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body
        self._call_id: str | None = None
        self._vias: list[Via] | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: CSeq | None = None
        self._contacts: list[NameAddr] | None = None

    def check(self) -> None:
        """Read Via, From, To, Call-ID and CSeq now. Raises RemoteProtocolError."""
        # callid = word [ "@" word ]: visible ASCII, and more of it than the standard lists
        self._call_id = self._need("call-id")
        if is_visible(self._call_id) is None:
            raise RemoteProtocolError("no usable Call-ID")
        self._vias = parse_vias(self.headers.get_all("via") or [""])
        self._from = parse_address(self._need("from"), "From", lenient=True)
        self._to = parse_address(self._need("to"), "To", lenient=True)
        self._cseq = parse_cseq(self._need("cseq"))

    def _need(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise RemoteProtocolError(f"no {name}")
        return value

    @property
    def vias(self) -> list[Via]:
        """Every Via, top first."""
        if self._vias is None:
            self._vias = parse_vias(self.headers.get_all("via"))
        return self._vias

    @property
    def from_(self) -> NameAddr:
        """The From header."""
        if self._from is None:
            self._from = parse_address(self._need("from"), "From", lenient=True)
        return self._from

    @property
    def to(self) -> NameAddr:
        """The To header."""
        if self._to is None:
            self._to = parse_address(self._need("to"), "To", lenient=True)
        return self._to

    @property
    def cseq(self) -> CSeq:
        """The CSeq header."""
        if self._cseq is None:
            self._cseq = parse_cseq(self._need("cseq"))
        return self._cseq

    @property
    def call_id(self) -> str:
        """The Call-ID, byte for byte (it compares with regard to case)."""
        return self._need("call-id") if self._call_id is None else self._call_id

    @property
    def contacts(self) -> list[NameAddr]:
        """Every Contact; `*` is not an address and raises."""
        if self._contacts is None:
            self._contacts = parse_addresses(self.headers.get_all("contact"), "Contact")
        return self._contacts

    @property
    def start_line(self) -> str:
        """The first line, without its line end."""
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        lines = [self.start_line, *map(": ".join, self.headers), "\r\n"]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A SIP request. `uri` is its Request-URI."""

    __slots__ = ("method", "uri")

    def __init__(
        self, method: str, uri: Uri | str, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        super().__init__(Headers() if headers is None else headers, body)
        self.method = method
        self.uri = parse_uri(uri) if isinstance(uri, str) else uri

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri!s} SIP/2.0"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(Message):
    """A SIP response: `status` 100-699 and its reason phrase, which may be empty."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str, headers: Headers | None = None, body: bytes = b""
    ) -> None:
        super().__init__(Headers() if headers is None else headers, body)
        self.status = status
        self.reason = reason

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"
