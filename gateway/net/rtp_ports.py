"""RTP and RTCP socket pairs from the configured range: even port RTP, odd port above it RTCP
(RFC 3550 section 11)."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import Final

from gateway.errors import ExhaustedError, SystemRefusal

_RECEIVE_BUFFER: Final = 1 << 18  # holds seconds of RTP while the engine is held up
_QUEUED: Final = 1024  # more small packets than the buffer holds
_TAKEN: Final = (errno.EADDRINUSE, errno.EACCES)
_SO_TIMESTAMPNS: Final = 35  # <asm-generic/socket.h>; kernel receive times for jitter


@dataclass(slots=True)
class RtpSockets:
    """A bound pair. `close` gives the ports back."""

    rtp: socket.socket
    rtcp: socket.socket
    host: str
    port: int

    def forget_queued(self) -> None:
        """Throw away what came before anybody was asked to send: it is no part of the call.

        Bounded, since a flood may go on meanwhile; on the loop, before the answer leaves, so that
        not one packet of the peer itself is lost.
        """
        for each in (self.rtp, self.rtcp):
            for _ in range(_QUEUED):
                try:
                    each.recv(1)
                except BlockingIOError:
                    break
                except OSError:
                    continue  # an ICMP error, reported late

    def close(self) -> None:
        """Close both sockets; only after the engine has let go of them."""
        self.rtp.close()
        self.rtcp.close()


class RtpPorts:
    """Hands out pairs in turn, so that a port just freed rests before it is used again."""

    def __init__(self, first: int, last: int, dscp: int) -> None:
        self._ports = range(first + first % 2, last, 2)
        self._next = 0
        self._dscp = dscp

    def take(self, host: str) -> RtpSockets:
        """Bind a pair on `host`. Raises ExhaustedError when every port of the range is taken, and
        SystemRefusal when the address itself is refused."""
        for _ in range(len(self._ports)):
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            pair = self._try(host, port)
            if pair is not None:
                return pair
        raise ExhaustedError(
            f"every RTP port from {self._ports.start} to {self._ports.stop} is in use: "
            "widen rtp.ports, or look for another program in that range"
        )

    def _try(self, host: str, port: int) -> RtpSockets | None:
        opened: list[socket.socket] = []
        try:
            opened.append(self._open(host, port))
            opened.append(self._open(host, port + 1))
        except OSError as error:
            for each in opened:
                each.close()
            if error.errno in _TAKEN:
                return None
            raise SystemRefusal(f"cannot bind RTP to {host}:{port}: {error.strerror}") from error
        return RtpSockets(opened[0], opened[1], host, port)

    def _open(self, host: str, port: int) -> socket.socket:
        v6 = ":" in host
        made = socket.socket(
            socket.AF_INET6 if v6 else socket.AF_INET,
            socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC,
        )
        try:
            made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            level, option = (
                (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
                if v6
                else (socket.IPPROTO_IP, socket.IP_TOS)
            )
            made.setsockopt(level, option, self._dscp << 2)
            made.bind((host, port))
        except OSError:
            made.close()
            raise
        return made
