"""Receives RTP with the kernel's time stamps: packet log, loss and jitter, digits, sound."""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.audio.g711 import alaw_decode, ulaw_decode
from tests.audio.wav import RATE, Pcm
from tests.peers.rtp_wire import EVENTS, Packet, Unwrapper, read

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no name for it
_TIME = struct.Struct("@qq")


def open_rtp(host: str) -> tuple[socket.socket, socket.socket]:
    """An even UDP port and the odd one above it on `host`, with kernel receive time stamps."""
    for _ in range(200):
        rtp = _bound(host, 0)
        port = rtp.getsockname()[1]
        if port % 2 == 0 and port < 65535:
            try:
                return rtp, _bound(host, port + 1)
            except OSError:
                pass
        rtp.close()
    raise OSError("no free pair of UDP ports")


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def receive(sock: socket.socket) -> tuple[bytes, int, tuple[str, int]]:
    """One datagram, its arrival on CLOCK_MONOTONIC in ns, its source. Raises BlockingIOError."""
    data, ancillary, _, source = sock.recvmsg(65536, 64)
    to_monotonic = time.monotonic_ns() - time.time_ns()
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIME.unpack_from(value)
            return data, seconds * 1_000_000_000 + nanoseconds + to_monotonic, source
    return data, time.monotonic_ns(), source


@dataclass(slots=True)
class Event:
    """One telephone event; `faults` are breaches of RFC 4733."""

    digit: str
    timestamp: int
    duration: int = 0
    packets: int = 0
    ends: int = 0
    faults: list[str] = field(default_factory=list)


class RtpReceiver:
    """`feed` each packet as it comes; the rest can be asked at any time."""

    def __init__(self, *, payload_type: int, event_type: int | None) -> None:
        self.payload_type, self.event_type = payload_type, event_type
        self.packets: list[Packet] = []
        self.events: list[Event] = []
        self.faults: list[str] = []
        self.jitter_ms = 0.0
        self._sequences, self._times = Unwrapper(16), Unwrapper(32)
        self._seen: set[int] = set()
        self._audio: dict[int, bytes] = {}
        self._transit: float | None = None
        self._begin: float | None = None

    def feed(self, data: bytes, t_ns: int) -> Event | None:
        """Take a datagram; returns a telephone event when it is told for the first time."""
        packet = read(data, t_ns)
        if packet is None:
            self.faults.append(f"not RTP: {data[:16].hex()}")
            return None
        self._seen.add(self._sequences.feed(packet.sequence))
        self.packets.append(packet)
        if packet.payload_type == self.event_type:
            return self._event(packet)
        if packet.payload_type not in {0, 8}:
            self.faults.append(f"payload type {packet.payload_type} was not negotiated")
            return None
        self._sound(packet)
        return None

    @property
    def lost(self) -> int:
        """Sequence numbers that never came."""
        return max(self._seen) - min(self._seen) + 1 - len(self._seen) if self._seen else 0

    @property
    def digits(self) -> str:
        return "".join(event.digit for event in self.events)

    @property
    def begin(self) -> float | None:
        """When the first sample of `sound` would have come without delay (monotonic seconds)."""
        return self._begin

    def sound(self) -> Pcm:
        """All audio by RTP time stamp; silence where nothing came."""
        if not self._audio:
            return np.zeros(0, dtype=np.int16)
        first, last = min(self._audio), max(self._audio)
        pcm = np.zeros(last - first + len(self._audio[last]), dtype=np.int16)
        decode = ulaw_decode if self.payload_type == 0 else alaw_decode
        for start, octets in self._audio.items():
            pcm[start - first : start - first + len(octets)] = decode(octets)
        return pcm

    def write_log(self, path: Path) -> None:
        """The packet log: a JSON object a line with t, seq, ts, pt, marker, size."""
        with path.open("w", encoding="ascii") as file:
            for p in self.packets:
                row = {
                    "t": p.t_ns / 1e9,
                    "seq": p.sequence,
                    "ts": p.timestamp,
                    "pt": p.payload_type,
                    "marker": p.marker,
                    "size": len(p.payload),
                }
                file.write(json.dumps(row) + "\n")

    def _sound(self, packet: Packet) -> None:
        start = self._times.feed(packet.timestamp)
        self._audio.setdefault(start, packet.payload)
        transit = packet.t_ns / 1e9 - start / RATE
        if self._transit is not None:  # RFC 3550 section 6.4.1
            self.jitter_ms += (abs(transit - self._transit) * 1000 - self.jitter_ms) / 16
        self._transit = transit
        earliest = transit + min(self._audio) / RATE
        self._begin = earliest if self._begin is None else min(self._begin, earliest)

    def _event(self, packet: Packet) -> Event | None:
        if len(packet.payload) < 4:
            self.faults.append("telephone-event shorter than 4 bytes")
            return None
        code, flags, duration = struct.unpack_from("!BBH", packet.payload)
        when = self._times.feed(packet.timestamp)
        known = next((event for event in self.events if event.timestamp == when), None)
        fresh = known is None
        if known is None:
            known = Event(EVENTS[code] if code < len(EVENTS) else f"<{code}>", when)
            self.events.append(known)
        self._judge(known, packet, duration, first=fresh)
        known.duration = max(known.duration, duration)
        known.packets += 1
        known.ends += flags >> 7
        return known if fresh else None

    def _judge(self, event: Event, packet: Packet, duration: int, *, first: bool) -> None:
        if packet.marker != first:
            event.faults.append("marker on the first packet only")
        if duration < event.duration:
            event.faults.append("duration fell")
        if packet.payload[1] & 0x40:
            event.faults.append("reserved bit set")
