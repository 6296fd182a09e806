"""UDP sockets whose every datagram carries the kernel's own receive time.

SO_TIMESTAMPNS stamps a datagram when it is queued (on loopback: while the sender is still in its
system call), so what the reading process does later costs no accuracy. The stamps are of
CLOCK_REALTIME and are moved to CLOCK_MONOTONIC, which differs by steps alone.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import TypeAlias

SO_TIMESTAMPNS = (
    35  # asm-generic/socket.h (SO_TIMESTAMPNS_OLD); the socket module has no name for it
)
_TIMESPEC = struct.Struct("@ll")
Address: TypeAlias = tuple[str, int]


def bound(host: str, port: int = 0, *, stamped: bool = True) -> socket.socket:
    """A UDP socket with room for seconds of packets. Port 0: any."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
    if stamped:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind((host, port))
    return sock


def clock_offset_ns() -> int:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, from the tightest of a few brackets."""
    best_width, best = 1 << 62, 0
    for _ in range(5):
        before = time.monotonic_ns()
        real = time.time_ns()
        after = time.monotonic_ns()
        if after - before < best_width:
            best_width, best = after - before, real - (before + after) // 2
    return best


def receive(sock: socket.socket) -> tuple[bytes, Address, int]:
    """One datagram, its source and its kernel time on CLOCK_MONOTONIC. Raises TimeoutError."""
    data, ancillary, _, source = sock.recvmsg(65_536, 64)
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value[: _TIMESPEC.size])
            return data, source, seconds * 1_000_000_000 + nanoseconds - clock_offset_ns()
    return data, source, time.monotonic_ns()


def local_address(remote: Address) -> str:
    """Our address on the way to `remote`; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(remote)
        return str(probe.getsockname()[0])


def free_port(host: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def even_port(host: str) -> int:
    """An even port that is free together with the odd one above (RTP and RTCP)."""
    while True:
        port = free_port(host) & ~1
        try:
            with bound(host, port, stamped=False), bound(host, port + 1, stamped=False):
                return port
        except OSError:
            continue
