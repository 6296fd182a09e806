"""RTP, RFC 4733 and mu-law as the far end of a benchmark speaks them; written apart from gateway.

The product is judged by this code, so it shares none of the product's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

from tests.peers.rtp_wire import EVENTS, TICK, Packet, Unwrapper, event, header, read

__all__ = ["TICK", "Packet", "Unwrapper", "event", "read"]

SILENCE = b"\xff" * TICK
_EVENT = struct.Struct("!BBH")


def build(packet: Packet) -> bytes:
    """An RTP packet without CSRC and extension (RFC 3550 section 5.1); numbers wrap here."""
    return (
        header(
            packet.payload_type,
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
            marker=packet.marker,
        )
        + packet.payload
    )


@dataclass(slots=True)
class HeardDigit:
    """One event as told by its packets; duration in samples."""

    digit: str
    timestamp: int
    duration: int
    ended: bool


class DigitCollector:
    """Events by time stamp, each once: what a receiver by RFC 4733 section 2.5.2 reports."""

    def __init__(self) -> None:
        self.digits: list[HeardDigit] = []
        self.disorder = 0
        self._times = Unwrapper(32)

    def feed(self, packet: Packet) -> None:
        """Take one telephone-event packet, in order of arrival."""
        if len(packet.payload) < _EVENT.size:
            return
        code, flags, duration = _EVENT.unpack_from(packet.payload)
        when = self._times.feed(packet.timestamp)
        known = self.digits[-1] if self.digits else None
        if known is None or when > known.timestamp:
            digit = EVENTS[code] if code < len(EVENTS) else "?"
            self.digits.append(HeardDigit(digit, when, duration, bool(flags & 0x80)))
        elif when == known.timestamp and code == EVENTS.index(known.digit):
            known.duration = max(known.duration, duration)
            known.ended = known.ended or bool(flags & 0x80)
        elif when == known.timestamp:
            self.disorder += 1

    def text(self) -> str:
        """The digits in order."""
        return "".join(heard.digit for heard in self.digits)


def _decode_byte(code: int) -> int:
    """G.711 section 4, table 2a: mu-law byte to 16-bit linear."""
    code = ~code & 0xFF
    size = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
    return -size if code & 0x80 else size


@cache
def mulaw_table() -> tuple[int, ...]:
    """The 256 linear values."""
    return tuple(_decode_byte(code) for code in range(256))


def mulaw_decode(data: bytes) -> list[int]:
    """Linear 16-bit samples."""
    table = mulaw_table()
    return [table[code] for code in data]


@cache
def _encode_table() -> bytes:
    """Nearest mu-law byte for each 16-bit sample (index: sample + 32768), ties to the smaller."""
    positive = sorted((mulaw_table()[c], c) for c in range(128, 256))
    nearest = bytearray(65536)
    place = 0
    for size in range(32769):
        while place < 127 and positive[place + 1][0] - size < size - positive[place][0]:
            place += 1
        code = positive[place][1]
        nearest[min(32768 + size, 65535)] = code
        if size:
            nearest[32768 - size] = code & 0x7F
    return bytes(nearest)


def mulaw_encode(samples: list[int]) -> bytes:
    """Mu-law bytes of 16-bit samples; exact for samples that are mu-law values themselves."""
    table = _encode_table()
    return bytes(table[sample + 32768] for sample in samples)
