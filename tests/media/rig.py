"""An engine with sockets on loopback, and a bare RTP peer to look at its packets.

Nothing here sleeps: every wait is for a descriptor, with a limit.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.media import Engine, EngineSettings, Line, MediaEvent, Stream, StreamSettings

PATIENCE_S = 10.0
Event = TypeVar("Event")


def udp(host: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.setblocking(False)
    return sock


def own(sock: socket.socket) -> tuple[str, int]:
    """Where `sock` can be reached, without the parts that only IPv6 has."""
    host, port, *_ = sock.getsockname()
    return host, port


@dataclass(frozen=True)
class Packet:
    """One RTP packet as the peer saw it."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    source: tuple[str, int]


def parse(data: bytes, source: tuple[str, int]) -> Packet:
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
    assert first == 0x80
    return Packet(second & 127, second > 127, sequence, timestamp, ssrc, data[12:], source)


def build(
    payload: bytes,
    *,
    payload_type: int = 0,
    marker: bool = False,
    sequence: int = 0,
    timestamp: int = 0,
    ssrc: int = 0xBEEF,
) -> bytes:
    second = payload_type | marker << 7
    header = struct.pack(
        "!BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
    )
    return header + payload


def event(code: int, end: bool, duration: int) -> bytes:
    """A telephone-event payload (RFC 4733 section 2.3)."""
    return struct.pack("!BBH", code, end << 7 | 10, duration)


class Peer:
    """A bare socket with an RTP port and an RTCP port, driven by the test."""

    def __init__(self) -> None:
        self.rtp, self.rtcp = udp(), udp()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.rtp.getsockname()
        return host, port

    def read(self, count: int, *, sock: socket.socket | None = None) -> list[bytes]:
        """The next `count` datagrams."""
        sock = sock or self.rtp
        found: list[bytes] = []
        limit = time.monotonic() + PATIENCE_S
        while len(found) < count:
            ready, _, _ = select.select([sock], [], [], max(0, limit - time.monotonic()))
            assert ready, f"only {len(found)} of {count} datagrams came"
            found.append(sock.recv(2048))
        return found

    def packets(self, count: int) -> list[Packet]:
        return [parse(data, ("", 0)) for data in self.read(count)]

    def until(self, wanted: Callable[[Packet], bool]) -> Packet:
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            packet = self.packets(1)[0]
            if wanted(packet):
                return packet
        raise AssertionError("the wanted packet never came")

    def drain(self) -> int:
        """Forget what has come so far."""
        count = 0
        while select.select([self.rtp], [], [], 0)[0]:
            self.rtp.recv(2048)
            count += 1
        return count

    def send(self, data: bytes, to: socket.socket) -> None:
        self.rtp.sendto(data, to.getsockname())

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


@dataclass(eq=False)
class Side:
    """One stream with its sockets and its line."""

    rtp: socket.socket
    rtcp: socket.socket
    stream: Stream
    line: Line


@dataclass
class Rig:
    """A started engine; `events` keeps everything reported so far."""

    engine: Engine
    events: list[MediaEvent] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _serial: int = 0

    def peer(self, peer: Peer | None = None) -> Peer:
        peer = peer or Peer()
        self._sockets += [peer.rtp, peer.rtcp]
        return peer

    def sockets(self, host: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
        pair = udp(host), udp(host)
        self._sockets += pair
        return pair

    def side(
        self,
        pair: tuple[socket.socket, socket.socket],
        remote: tuple[str, int],
        **changes: Any,
    ) -> Side:
        rtp, rtcp = pair
        self._serial += 1
        values: dict[str, Any] = {
            "rtp_fd": rtp.fileno(),
            "rtcp_fd": rtcp.fileno(),
            "remote": remote,
            "ssrc": 0x1000 + self._serial,
            "sequence": 65530,
            "timestamp": 0xFFFFFC00,
            "cname": "test@127.0.0.1",
            "dtmf_payload_type": 101,
        }
        stream = self.engine.open_stream(StreamSettings(**(values | changes)))
        line = self.engine.open_line()
        stream.connect(line)
        self.ticks(2)  # what comes before the engine has opened the stream is forgotten
        return Side(rtp, rtcp, stream, line)

    def facing(self, peer: Peer, **changes: Any) -> Side:
        """A stream that talks to `peer`."""
        return self.side(self.sockets(), peer.address, **changes)

    def couple(self, host: str = "127.0.0.1", **changes: Any) -> tuple[Side, Side]:
        """Two streams of this engine that talk to each other."""
        a, b = self.sockets(host), self.sockets(host)
        return (
            self.side(a, own(b[0]), remote_rtcp=own(b[1]), **changes),
            self.side(b, own(a[0]), remote_rtcp=own(a[1]), **changes),
        )

    def poll(self, timeout: float) -> None:
        if select.select([self.engine.event_fd], [], [], timeout)[0]:
            self.events += self.engine.read_events()

    def wait(self, kind: type[Event], count: int = 1) -> list[Event]:
        """All events of `kind`, once there are `count`."""
        limit = time.monotonic() + PATIENCE_S
        while True:
            found: list[Event] = [one for one in self.events if isinstance(one, kind)]
            if len(found) >= count:
                return found
            assert time.monotonic() < limit, f"{len(found)} of {count} {kind.__name__}"
            self.poll(max(0.0, limit - time.monotonic()))

    def ticks(self, count: int) -> None:
        """Wait for so many engine ticks; the grid of the engine itself is the clock."""
        goal = self.engine.heartbeat() + count
        limit = time.monotonic() + PATIENCE_S
        while self.engine.heartbeat() < goal:
            assert time.monotonic() < limit, "the engine's thread stands still"
            self.poll(0.005)

    def collect(self, line: Line, samples: int) -> bytes:
        """The next `samples` of the line's earpiece."""
        pcm = b""
        limit = time.monotonic() + PATIENCE_S + samples / 8000
        while len(pcm) < 2 * samples:
            assert time.monotonic() < limit, f"only {len(pcm) // 2} of {samples} samples"
            self.poll(0.02)
            pcm += line.read_sink(samples - len(pcm) // 2)
        return pcm


@contextmanager
def rig(**settings: Any) -> Iterator[Rig]:
    engine = Engine(EngineSettings(**settings))
    made = Rig(engine)
    try:
        engine.start()
        yield made
    finally:
        engine.close()
        for sock in made._sockets:
            sock.close()
