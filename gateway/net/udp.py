"""A UDP listener that answers from the very address it was asked at.

A socket bound to the wildcard address learns the local address of each datagram by IP_PKTINFO
(ip(7)) or IPV6_PKTINFO (RFC 3542) and sends from that one, so that Via, Contact and the packet's
source agree on hosts with several addresses. Strangers are dropped before a byte is looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable
from typing import Final

from gateway.errors import SystemRefusal
from gateway.net.core import Standing
from gateway.sip import Flow

_IP_PKTINFO: Final = 8  # <linux/in.h>; the socket module names it only from Python 3.14 on
_IN_PKTINFO: Final = struct.Struct("=I4s4s")  # ifindex, spec_dst, addr
_IN6_PKTINFO: Final = struct.Struct("=16sI")  # addr, ifindex
_MAX_DATAGRAM: Final = 65535
_RECEIVE_BUFFER: Final = 1 << 20
# One wake-up takes at most this many, so that a flood cannot keep the loop from its timers.
_BATCH: Final = 32

Receive = Callable[[bytes, Flow, Standing], None]
Judge = Callable[[str], Standing]
Intercept = Callable[[bytes, tuple[str, int]], bool]


class UdpListener:
    """One bound socket. `receive(data, flow, standing)` is called for datagrams whose source
    `judge` does not call a stranger.

    `intercept(data, source)`, while there is one, sees every datagram first and may keep it.
    Raises SystemRefusal when the address cannot be bound.
    """

    transport = "udp"

    def __init__(self, host: str, port: int, judge: Judge, receive: Receive) -> None:
        self._judge = judge
        self.intercept: Intercept | None = None
        self._receive = receive
        self._v6 = ":" in host
        self._socket = _bind(host, port, v6=self._v6)
        self.host: str = self._socket.getsockname()[0]
        self.port: int = self._socket.getsockname()[1]
        self.wildcard = ipaddress.ip_address(self.host).is_unspecified
        self.strangers = 0
        self.last_stranger = ""
        self.unsent = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to listen."""
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._drain)

    def close(self) -> None:
        """Stop listening and let the port go."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        self._socket.close()

    def owns(self, local: tuple[str, int]) -> bool:
        """Whether this socket is the one that has the local address of a flow."""
        same_family = (":" in local[0]) == self._v6
        return same_family and local[1] == self.port and (self.wildcard or local[0] == self.host)

    def send(self, data: bytes, local: str, remote: tuple[str, int]) -> None:
        """Send one datagram from `local`. Raises OSError when the network refuses.

        A full socket buffer is counted and forgotten: SIP over UDP repeats what matters.
        """
        control = self._source(local) if self.wildcard else []
        try:
            self._socket.sendmsg([data], control, 0, remote)
        except BlockingIOError:
            self.unsent += 1

    def _drain(self) -> None:
        for _ in range(_BATCH):
            try:
                data, control, _, source = self._socket.recvmsg(_MAX_DATAGRAM, 64)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier datagram, reported late
            if self.intercept is not None and self.intercept(data, source[:2]):
                continue
            remote = source[0].partition("%")[0]
            standing = self._judge(remote)
            if standing is Standing.STRANGER:
                self.strangers += 1
                self.last_stranger = remote
                continue
            local = (self._destination(control), self.port)
            self._receive(data, Flow("udp", local, (source[0], source[1])), standing)

    def _destination(self, control: list[tuple[int, int, bytes]]) -> str:
        for level, kind, value in control:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                return socket.inet_ntop(socket.AF_INET, _IN_PKTINFO.unpack(value)[2])
            if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                return socket.inet_ntop(socket.AF_INET6, _IN6_PKTINFO.unpack(value)[0])
        return self.host

    def _source(self, local: str) -> list[tuple[int, int, bytes]]:
        if self._v6:
            packed = _IN6_PKTINFO.pack(socket.inet_pton(socket.AF_INET6, local), 0)
            return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packed)]
        packed = _IN_PKTINFO.pack(0, socket.inet_aton(local), bytes(4))
        return [(socket.IPPROTO_IP, _IP_PKTINFO, packed)]


def _bind(host: str, port: int, *, v6: bool) -> socket.socket:
    family = socket.AF_INET6 if v6 else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if v6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise SystemRefusal(
            f"cannot listen on udp:{host}:{port}: {error.strerror}; "
            "is another SIP program running, or is the address not this host's?"
        ) from error
    return opened
