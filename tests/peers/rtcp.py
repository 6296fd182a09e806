"""RTCP of the caller: its sender report, and what the gateway reports (RFC 3550 section 6.4)."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

_NTP_EPOCH = 2_208_988_800


@dataclass(frozen=True, slots=True)
class Report:
    """What a compound packet of the gateway says; `block` values are about our packets."""

    kinds: tuple[int, ...]
    ssrc: int = 0
    packets: int | None = None
    fraction_lost: int | None = None
    lost: int | None = None
    jitter: int | None = None
    ntp_middle: int = 0
    bye: bool = False


def parse(data: bytes) -> Report:
    """Raises ValueError for what is not a valid compound packet (RFC 3550, appendix A.2)."""
    kinds: list[int] = []
    values: dict[str, int] = {}
    offset = 0
    while offset < len(data):
        if len(data) - offset < 8 or data[offset] >> 6 != 2:
            raise ValueError("not an RTCP packet")
        count, kind = data[offset] & 31, data[offset + 1]
        size = 4 * (struct.unpack_from("!H", data, offset + 2)[0] + 1)
        if offset + size > len(data):
            raise ValueError("the length field points beyond the end")
        kinds.append(kind)
        if kind in {200, 201}:
            values |= _reports(data[offset : offset + size], kind, count)
        offset += size
    if not kinds or kinds[0] not in {200, 201}:
        raise ValueError("a compound packet starts with a report")
    return Report(tuple(kinds), bye=203 in kinds, **values)


def _reports(part: bytes, kind: int, count: int) -> dict[str, int]:
    values = {"ssrc": struct.unpack_from("!I", part, 4)[0]}
    offset = 8
    if kind == 200:
        high, low, _, packets, _ = struct.unpack_from("!IIIII", part, 8)
        values |= {"packets": packets, "ntp_middle": (high & 0xFFFF) << 16 | low >> 16}
        offset = 28
    if count:
        word, _, jitter = struct.unpack_from("!III", part, offset + 4)
        lost = word & 0xFFFFFF
        lost -= (lost & 0x800000) << 1  # 24 bits, signed
        values |= {"fraction_lost": word >> 24, "lost": lost, "jitter": jitter}
    return values


def sender_report(
    ssrc: int, rtp_time: int, counts: tuple[int, int], block: bytes = b"", *, cname: str = "edge"
) -> bytes:
    """A sender report and the CNAME. `rtp_time` is this moment's; `counts`: packets, octets."""
    ntp = int((time.time() + _NTP_EPOCH) * (1 << 32))
    words = (ssrc, ntp >> 32, ntp & 0xFFFFFFFF, rtp_time & 0xFFFFFFFF, *counts)
    body = struct.pack("!IIIIII", *words) + block
    report = struct.pack("!BBH", 0x80 | len(block) // 24, 200, len(body) // 4) + body
    item = struct.pack("!IBB", ssrc, 1, len(cname)) + cname.encode() + b"\0"
    item += b"\0" * (-len(item) % 4)
    return report + struct.pack("!BBH", 0x81, 202, len(item) // 4) + item


def report_block(source: int, lost: int, highest: int, last_sr: int, since_sr: float) -> bytes:
    """`last_sr`: the middle 32 bits of its NTP time; `since_sr`: seconds since it came."""
    delay = int(since_sr * 65536) if last_sr else 0
    return struct.pack("!IIIIII", source, lost & 0xFFFFFF, highest, 0, last_sr, delay)
