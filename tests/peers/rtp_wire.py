"""RTP packets and telephone events as the callers of tests write and read them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

TICK = 160  # samples in 20 ms at 8,000 Hz
EVENTS = "0123456789*#ABCD"  # RFC 4733 section 3.2, table 3
_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class Packet:
    """A received packet; `t_ns` is the kernel's receive time on CLOCK_MONOTONIC."""

    t_ns: int
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    ssrc: int
    payload: bytes


def header(payload_type: int, sequence: int, timestamp: int, ssrc: int, *, marker: bool) -> bytes:
    """RFC 3550 section 5.1, without CSRC and extension; numbers wrap here."""
    second = payload_type | (0x80 if marker else 0)
    return _HEADER.pack(0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def read(data: bytes, t_ns: int) -> Packet | None:
    """Take a packet apart; None for what is not RTP version 2."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    _, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    body = data[_HEADER.size + 4 * (data[0] & 15) :]
    return Packet(t_ns, sequence, timestamp, second & 0x7F, bool(second & 0x80), ssrc, body)


def event(digit: str, end: bool, duration: int) -> bytes:
    """A telephone-event payload at -10 dBm0 (RFC 4733 section 2.3); duration in samples."""
    return _EVENT.pack(EVENTS.index(digit), (0x80 if end else 0) | 10, duration)


class Unwrapper:
    """Makes a wrapping counter run on: the value nearest to the highest so far is meant."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._highest: int | None = None

    def feed(self, value: int) -> int:
        """The extended value; below the highest when packets are out of order."""
        if self._highest is None:
            self._highest = value
            return value
        half = self._modulus // 2
        step = (value - self._highest + half) % self._modulus - half
        extended = self._highest + step
        self._highest = max(self._highest, extended)
        return extended
