"""message/sipfrag (RFC 3420): how a transfer goes, as a status line in a NOTIFY body."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.serializer import reason_phrase
from gateway.sip.uri import readable

CONTENT_TYPE = "message/sipfrag;version=2.0"

_STATUS_LINE = re.compile(r"[ \t]*+SIP/2\.0[ \t]++([1-6][0-9]{2})(?:[ \t]++(.*+))?+", re.IGNORECASE)


class Progress(NamedTuple):
    """The status that the referred call has reached, and its reason phrase."""

    status: int
    reason: str


def parse_sipfrag(body: bytes) -> Progress:
    """Read the status line; header lines after it are let be. Raises RemoteProtocolError.

    RFC 3515 section 2.4.5 wants a status line first; line ends of any kind are taken, and none.
    """
    line = body.lstrip(b"\r\n").decode("utf-8", "surrogateescape").split("\n")[0].rstrip("\r")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(f"no status line in a sipfrag: {line[:80]!r}")
    return Progress(int(match[1]), readable(match[2] or "").strip())


def sipfrag(status: int, reason: str = "") -> bytes:
    """The body of our own NOTIFY; the standard's phrase where none is given."""
    text = "".join(char for char in reason or reason_phrase(status) if char.isprintable())
    return f"SIP/2.0 {status} {text}\r\n".encode("utf-8", "surrogateescape")
