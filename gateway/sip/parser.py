"""Bytes of one datagram to a message. RemoteProtocolError is the only way to fail."""

from __future__ import annotations

import re

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import KNOWN_NAMES, TOKEN, is_token
from gateway.sip.headers import Headers, Index
from gateway.sip.message import Request, Response
from gateway.sip.uri import parse_uri

MAX_BYTES = 65535
MAX_HEADERS = 256

# Request-Line = Method SP Request-URI SP SIP-Version CRLF
_REQUEST_LINE = re.compile(rf"({TOKEN}++) ([^ \t]++) [Ss][Ii][Pp]/([0-9]++)\.([0-9]++)")
# Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF; the last SP is often left out
_STATUS_LINE = re.compile(r"[Ss][Ii][Pp]/([0-9]++)\.([0-9]++) ([0-9]{3})(?: (.*+))?+")

# Headers that must not come twice (their ABNF is no list). Content-Length is looked at below.
_SINGLE = frozenset({"from", "to", "call-id", "cseq", "max-forwards", "content-type"})

# LWS = [*WSP CRLF] 1*WSP: a line that begins with white space continues the one before.
_FOLD = re.compile(r"[ \t]*+\r\n[ \t]++")


def parse(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_headers: int = MAX_HEADERS
) -> Request | Response:
    """Read one message as it came in a datagram.

    Via, From, To, Call-ID and CSeq are checked here, not on later access. Bytes after
    Content-Length are not part of the message (RFC 3261 section 18.3). Raises RemoteProtocolError
    with `status_hint`, and nothing else.
    """
    if len(data) > max_bytes:
        raise RemoteProtocolError(f"message of {len(data)} bytes", 513)
    # Section 7.5: CRLFs before the start line are ignored.
    if data[:1] in {b"\r", b"\n"}:
        data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise RemoteProtocolError("no empty line after the headers")
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    breaks = len(lines) - 1
    # A lone CR or LF would smuggle a header line into what we copy to our answers.
    if text.count("\n") != breaks or text.count("\r") != breaks:
        raise RemoteProtocolError("CR or LF alone in the headers")
    if breaks > max_headers:
        raise RemoteProtocolError(f"{breaks} header lines", 513)
    headers = _headers(lines)
    message = _start(lines[0], headers)
    message.check()
    _check_method(message)
    message.body = _body(headers, body)
    return message


def _headers(lines: list[str]) -> Headers:
    fields: list[tuple[str, str]] = []
    index: Index = {}
    known = KNOWN_NAMES
    for at in range(1, len(lines)):
        name, colon, value = lines[at].partition(":")
        key = known.get(name)
        if key is None:
            # HCOLON = *( SP / HTAB ) ":" SWS
            name = name.rstrip(" \t")
            if is_token(name) is None:
                raise RemoteProtocolError(f"malformed header line: {lines[at][:80]!r}")
            key = known.get(name) or known.get(name.lower()) or name.lower()
        if not colon:
            raise RemoteProtocolError(f"malformed header line: {lines[at][:80]!r}")
        value = value.strip(" \t")
        fields.append((name, value))
        if key in index:
            _again(index, key, value)
        else:
            index[key] = value
    return Headers.indexed(fields, index)


def _again(index: Index, key: str, value: str) -> None:
    if key in _SINGLE:
        raise RemoteProtocolError(f"more than one {key}")
    there = index[key]
    if isinstance(there, list):
        there.append(value)
    else:
        index[key] = [there, value]


def _start(line: str, headers: Headers) -> Request | Response:
    request = _REQUEST_LINE.fullmatch(line)
    if request is not None:
        method, uri, major, minor = request.groups()
        _check_version(major, minor)
        return Request(method, parse_uri(uri), headers)
    status = _STATUS_LINE.fullmatch(line)
    if status is None or not "100" <= status[3] <= "699":
        raise RemoteProtocolError(f"malformed start line: {line[:80]!r}")
    _check_version(status[1], status[2])
    return Response(int(status[3]), status[4] or "", headers)


def _check_version(major: str, minor: str) -> None:
    if (major, minor) != ("2", "0"):
        raise RemoteProtocolError(f"SIP version {major[:9]}.{minor[:9]}", 505)


def _check_method(message: Request | Response) -> None:
    # Section 8.1.1.5: the method in CSeq must match that of the request.
    if isinstance(message, Request) and message.cseq.method != message.method:
        raise RemoteProtocolError("CSeq names another method")


def _body(headers: Headers, rest: bytes) -> bytes:
    """Section 18.3: over UDP, a short datagram is an error and a long one is cut."""
    lengths = headers.get_all("content-length")
    if not lengths:
        return rest
    # Captures show the header doubled with equal values; different values leave no way to frame.
    # Python refuses to convert numbers of thousands of digits, so the length comes first.
    if any(len(text) > 10 or not text.isascii() or not text.isdigit() for text in lengths):
        raise RemoteProtocolError("malformed Content-Length")
    length = int(lengths[0])
    if len(lengths) > 1 and any(int(text) != length for text in lengths):
        raise RemoteProtocolError("Content-Length values differ")
    if length > len(rest):
        raise RemoteProtocolError(f"Content-Length {length}, but {len(rest)} bytes came")
    return rest[:length]
