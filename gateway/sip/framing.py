"""Where messages begin and end in a stream (RFC 3261 section 18.3), and the beats between them.

A byte stream has no packets: a message may come in any pieces, several in one piece, and
Content-Length alone tells its end. Between messages there may be CRLFs (section 7.5); RFC 5626
section 4.4.1 makes two of them a ping and one a pong.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from gateway.sip.grammar import is_token

MAX_BYTES: Final = 65535

_CR: Final = 13
_LF: Final = 10

# HCOLON, and a value that may be folded: a line that begins with white space continues the one
# before. A value with a lone CR or LF does not match, so that it counts as missing.
_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*+:((?:[^\r\n]++|\r\n[ \t])*+)(?=\r\n)", re.IGNORECASE
)


class Beat(Enum):
    """A sign of life between messages.

    The second CRLF makes a PING of what began as a PONG, whatever the pieces it came in; whoever
    counts pongs takes one back at each PING.
    """

    PING = "ping"
    PONG = "pong"


class Broken(NamedTuple):
    """The stream cannot be read any further: answer `head` with `status`, then close.

    `head` is the header block with its empty line, or one byte more than the limit of what has
    none, so that no parser takes it for a whole message; b"" when these bytes are no SIP at all.
    """

    status: int
    head: bytes
    why: str


StreamEvent: TypeAlias = bytes | Beat | Broken


class StreamFramer:
    """Cuts one direction of one connection into messages.

    `limit` is the greatest number of bytes of a message. Work is linear in the bytes fed, however
    small the pieces.
    """

    __slots__ = ("_breaks", "_broken", "_buffer", "_cr", "_limit", "_searched", "_total")

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0  # so far there is no empty line
        self._total = 0  # of the message, once its head is there
        self._breaks = 0  # CRLFs since the last message
        self._cr = False
        self._broken = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take bytes as they came; returns messages (bytes), beats, and at most one Broken.

        After Broken everything is ignored.
        """
        events: list[StreamEvent] = []
        if self._broken:
            return events
        self._buffer += data
        while self._buffer:
            if not self._total and not self._searched:
                self._skip_breaks(events)
            event = self._message()
            if event is None:
                break
            events.append(event)
            if isinstance(event, Broken):
                self._broken = True
                self._buffer.clear()
        return events

    def _skip_breaks(self, events: list[StreamEvent]) -> None:
        buffer = self._buffer
        at = 0
        while at < len(buffer) and (byte := buffer[at]) in {_CR, _LF}:
            if byte == _LF and self._cr:
                self._breaks += 1
                events.append(Beat.PONG if self._breaks % 2 else Beat.PING)
            self._cr = byte == _CR
            at += 1
        del buffer[:at]

    def _message(self) -> bytes | Broken | None:
        buffer = self._buffer
        if not buffer:
            return None
        if not self._total:
            broken = self._head()
            if broken is not None or not self._total:
                return broken
        if len(buffer) < self._total:
            return None
        message = bytes(buffer[: self._total])
        del buffer[: self._total]
        self._total = self._searched = self._breaks = 0
        self._cr = False
        return message

    def _head(self) -> Broken | None:
        """Look for the end of the header block; sets `_total` when it is there."""
        buffer = self._buffer
        if not self._searched and is_token(chr(buffer[0])) is None:
            return Broken(400, b"", "this is not SIP")
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(buffer)
        if end < 0 and len(buffer) <= self._limit:
            return None
        if end < 0 or end + 4 > self._limit:
            why = f"a header block of more than {self._limit} bytes"
            return Broken(513, bytes(buffer[: self._limit + 1]), why)
        head = bytes(buffer[: end + 4])
        length = _content_length(head)
        if isinstance(length, str):
            return Broken(400, head, length)
        if end + 4 + length > self._limit:
            return Broken(513, head, f"a message of {end + 4 + length} bytes")
        self._total = end + 4 + length
        return None


def _content_length(head: bytes) -> int | str:
    """The length, or in words why there is none. On a stream it is mandatory (section 18.3)."""
    values = [match.strip() for match in _LENGTH.findall(head)]
    if not values:
        return "no Content-Length"
    # Python refuses to convert numbers of thousands of digits, so their length comes first.
    if any(len(value) > 10 or not value.isdigit() for value in values):
        return "malformed Content-Length"
    if len({int(value) for value in values}) > 1:
        return "Content-Length values differ"
    return int(values[0])
