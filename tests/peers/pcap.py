"""Writes a pcap of RTP over Ethernet, IPv4 and UDP, for sipp to play."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

_GLOBAL = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def write_pcap(path: Path, packets: Iterable[bytes], *, step_us: int = 20_000) -> int:
    """One packet each `step_us`; returns the milliseconds that playing takes."""
    count = 0
    with path.open("wb") as file:
        file.write(_GLOBAL)
        for count, payload in enumerate(packets, 1):
            frame = _frame(payload)
            seconds, micros = divmod(count * step_us, 1_000_000)
            file.write(struct.pack("<IIII", 1_000_000 + seconds, micros, len(frame), len(frame)))
            file.write(frame)
    return count * step_us // 1000


def _frame(payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", 40000, 40002, 8 + len(payload), 0)
    size = 20 + len(udp) + len(payload)
    address = bytes([127, 0, 0, 1])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, 17, 0) + address + address
    return bytes(12) + b"\x08\x00" + ip + udp + payload
