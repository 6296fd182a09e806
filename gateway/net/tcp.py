"""Listening on TCP, for plain SIP and for TLS: who may come in is decided at accept.

A stranger's connection is closed without a byte: a TLS handshake would be an answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Final

from gateway.errors import SystemRefusal
from gateway.net.core import Standing
from gateway.sip import Flow

_BACKLOG: Final = 128
# One wake-up takes at most this many, so that a flood cannot keep the loop from its timers.
_BATCH: Final = 16
# When descriptors run out the kernel would wake us at once, again and again.
_PAUSE_S: Final = 1.0

Judge = Callable[[str], Standing]
Accept = Callable[[socket.socket, Flow], None]


class StreamListener:
    """One listening socket for `transport` ("tcp" or "tls"). `accept(socket, flow)` gets those
    connections whose source `judge` does not call a stranger.

    Raises SystemRefusal when the address cannot be bound.
    """

    def __init__(self, transport: str, host: str, port: int, judge: Judge, accept: Accept) -> None:
        self.transport = transport
        self._judge = judge
        self._accept = accept
        self._socket = _listen(transport, host, port)
        self.host: str = self._socket.getsockname()[0]
        self.port: int = self._socket.getsockname()[1]
        self.wildcard = ipaddress.ip_address(self.host).is_unspecified
        self.strangers = 0
        self.last_stranger = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to accept."""
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._drain)

    def close(self) -> None:
        """Stop accepting and let the port go; connections stay."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        if self._pause is not None:
            self._pause.cancel()
        self._socket.close()

    def _drain(self) -> None:
        for _ in range(_BATCH):
            try:
                sock, source = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError:
                self._rest()
                return
            self._judged(sock, source)

    def _judged(self, sock: socket.socket, source: tuple[str, int]) -> None:
        host = source[0].partition("%")[0]
        if self._judge(host) is Standing.STRANGER:
            self.strangers += 1
            self.last_stranger = host
            sock.close()
            return
        sock.setblocking(False)
        try:
            local = sock.getsockname()[0].partition("%")[0]
        except OSError:
            sock.close()
            return
        remote = (source[0], source[1])
        self._accept(sock, Flow(self.transport, (local, self.port), remote, accepted=True))

    def _rest(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._pause = self._loop.call_later(_PAUSE_S, self.start, self._loop)


def _listen(transport: str, host: str, port: int) -> socket.socket:
    v6 = ":" in host
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    opened = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    try:
        if v6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Connections of an earlier run that wait for their end do not hold the port.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise SystemRefusal(
            f"cannot listen on {transport}:{host}:{port}: {error.strerror}; "
            "is another SIP program running, or is the address not this host's?"
        ) from error
    return opened
