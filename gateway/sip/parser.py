"""Bytes of one datagram to a message. RemoteProtocolError is the only way to fail."""

from __future__ import annotations

import re

from gateway.errors import RemoteProtocolError
from gateway.sip.fields import Headers, Index
from gateway.sip.grammar import KNOWN_NAMES, header_key, is_token
from gateway.sip.message import Request, Response
from gateway.sip.uri import parse_uri

MAX_BYTES = 65535
MAX_HEADERS = 256

_VERSION = re.compile(r"[Ss][Ii][Pp]/([0-9]++)\.([0-9]++)")
# Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF; the last SP is often left out
_STATUS_LINE = re.compile(r"[Ss][Ii][Pp]/([0-9]++)\.([0-9]++) ([0-9]{3})(?: (.*+))?+")

# Headers that must not come twice (their ABNF is no list). Content-Length is looked at below.
_SINGLE = frozenset({"from", "to", "call-id", "cseq", "max-forwards", "content-type"})

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
    if data[:1] in b"\r\n":
        data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise RemoteProtocolError("no empty line after the headers")
    text = head.decode("utf-8", "surrogateescape")
    lines = text.split("\r\n")
    # A lone CR or LF would smuggle a header line into what we copy to our answers.
    unbroken = "".join(lines)
    if "\n" in unbroken or "\r" in unbroken:
        raise RemoteProtocolError("CR or LF alone in the headers")
    start = lines.pop(0)
    if len(lines) > max_headers:
        raise RemoteProtocolError(f"{len(lines)} header lines", 513)
    headers = _headers(lines)
    message = _start(start, headers)
    message.check()
    _check_method(message)
    message.body = _body(headers, body)
    return message


def _headers(lines: list[str]) -> Headers:
    fields: list[tuple[str, str]] = []
    index: Index = {}
    known = KNOWN_NAMES.get
    for line in lines:
        name, colon, value = line.partition(":")
        key = known(name)
        if key is None or not colon:
            if line[:1] in {" ", "\t"}:
                return _headers(_unfolded(lines))
            name, key = _unusual_name(name, colon, line)
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


def _unusual_name(name: str, colon: str, line: str) -> tuple[str, str]:
    """A header's name and key where the table of known names has no answer."""
    # HCOLON = *( SP / HTAB ) ":" SWS
    name = name.rstrip(" \t")
    if not colon or is_token(name) is None:
        raise RemoteProtocolError(f"malformed header line: {line[:80]!r}")
    return name, header_key(name)


def _unfolded(lines: list[str]) -> list[str]:
    """LWS = [*WSP CRLF] 1*WSP: a line that begins with white space continues the one before."""
    if lines[0][:1] in {" ", "\t"}:
        raise RemoteProtocolError("the start line is folded")
    return _FOLD.sub(" ", "\r\n".join(lines)).split("\r\n")


def _start(line: str, headers: Headers) -> Request | Response:
    # Request-Line = Method SP Request-URI SP SIP-Version CRLF
    parts = line.split(" ")
    if len(parts) == 3 and is_token(parts[0]) is not None and parts[1]:
        version = _VERSION.fullmatch(parts[2])
        if version is not None:
            _check_version(version[1], version[2])
            return Request(parts[0], parse_uri(parts[1]), headers)
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
    found = headers.index().get("content-length")
    if found is None:
        return rest
    lengths = [found] if isinstance(found, str) else found
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
