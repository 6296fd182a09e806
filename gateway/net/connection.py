"""One TCP or TLS connection: bytes in, messages out, and a bounded buffer for what goes back.

It never blocks and never raises to its owner: whatever the peer does ends at worst this connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Final, Literal, Protocol, TypeAlias

from gateway.net.certificate import why_refused
from gateway.net.layer import Layer
from gateway.net.outgoing import Outgoing
from gateway.sip import Flow
from gateway.sip.framing import Beat, Broken, StreamFramer

State: TypeAlias = Literal["connecting", "securing", "open", "finishing", "closed"]

# `securing` is the TLS handshake; TCP passes through it at once. `finishing` sends what is left,
# then FIN, and reads until the peer's FIN: closing with bytes unread would be a reset, which can
# destroy the answer on its way.
NEXT: Final[Mapping[State, Mapping[str, State]]] = {
    "connecting": {"connected": "securing", "end": "closed"},
    "securing": {"secured": "open", "end": "closed"},
    "open": {"finish": "finishing", "end": "closed"},
    "finishing": {"end": "closed"},
    "closed": {},
}

BACKLOG: Final = 131072
"""Bytes that may wait for a peer which does not read: two messages of the greatest size."""

_READ: Final = 16384
_PONG: Final = b"\r\n"
# Dead peers: after 20 s without an acknowledgement the kernel gives up (RFC 5482); an idle
# connection is probed from half a minute on.
_USER_TIMEOUT_MS: Final = 20_000
_PROBE_AFTER_S: Final = 30


class Owner(Protocol):
    """Who is told what a connection sees. Calls come from the loop, never from `send`."""

    def opened(self, connection: Connection) -> None:
        """Messages may pass."""

    def took(self, connection: Connection, message: bytes) -> None:
        """A whole message came."""

    def felt(self, connection: Connection, beat: Beat) -> None:
        """The peer pinged (it has been answered) or ponged."""

    def broke(self, connection: Connection, broken: Broken) -> None:
        """The stream is beyond reading; `finish` once it has been answered."""

    def ended(self, connection: Connection, why: str, unsent: list[object]) -> None:
        """It is gone. `unsent` are the keys of what never left us."""


class Connection:
    """A connection of `owner`. `sock` is non-blocking; it is closed here."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        flow: Flow,
        sock: socket.socket,
        layer: Layer,
        owner: Owner,
        limit: int,
    ) -> None:
        self._loop = loop
        self.flow = flow
        self._sock = sock
        self._fd = sock.fileno()
        self._layer = layer
        self._owner = owner
        self._framer = StreamFramer(limit)
        self._early: list[tuple[bytes, object]] = []  # until messages may pass
        self._outgoing = Outgoing()
        self._writing = False
        self.state: State = "connecting"
        self.error: Exception | None = None

    # --- what the owner may do ------------------------------------------------------------------

    def dial(self) -> None:
        """Connect to the flow's remote address. A refusal is reported like every other end."""
        try:
            _tune(self._sock)
            self._sock.connect(self.flow.remote)
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._connected)
        except OSError as error:
            self._loop.call_soon(self._fail, error)
        else:
            self._loop.call_soon(self._begin)

    def adopt(self) -> None:
        """The socket was accepted: begin."""
        try:
            _tune(self._sock)
        except OSError as error:
            self._loop.call_soon(self._fail, error)
        else:
            self._begin()

    def send(self, data: bytes, key: object = None) -> None:
        """Send a message, or queue it until the connection is up; not when it is closing.

        When too much waits, the connection ends.
        """
        if self.state == "open":
            self._write(data, key)
        else:
            self._early.append((data, key))
        if self._waiting() > BACKLOG:
            self._loop.call_soon(self.end, f"the peer does not read: {BACKLOG} bytes wait for it")

    def finish(self) -> None:
        """Send what is left, then close; the owner sets the limit in time."""
        if self.state == "open":
            self._enter("finish")
            self._layer.finish()
            self._push()

    @property
    def takes(self) -> bool:
        """Whether messages may be given to `send`."""
        return self.state in {"connecting", "securing", "open"}

    def end(self, why: str) -> None:
        """Close now."""
        if self.state == "closed":
            return
        self._enter("end")
        unsent = [*self._outgoing.unsent(), *(key for _, key in self._early if key is not None)]
        self._release()
        self._owner.ended(self, why, unsent)

    def drop(self) -> None:
        """Close now and tell nobody."""
        if self.state != "closed":
            self._enter("end")
            self._release()

    # --- the way up -----------------------------------------------------------------------------

    def _connected(self) -> None:
        self._loop.remove_writer(self._fd)
        number = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._fail(OSError(number, os.strerror(number)))
        else:
            self._begin()

    def _begin(self) -> None:
        if self.state != "connecting":
            return
        self._enter("connected")
        self._loop.add_reader(self._fd, self._readable)
        self._advance()

    def _advance(self) -> None:
        """Send what the layer wants to say; once it is ready, what waited for that."""
        self._push()
        if self.state != "securing" or not self._layer.ready:
            return
        self._enter("secured")
        early, self._early = self._early, []
        for data, key in early:
            self._write(data, key)
        self._owner.opened(self)

    # --- reading --------------------------------------------------------------------------------

    def _readable(self) -> None:
        """One piece at a time: a flood on one connection leaves the loop to the others."""
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if not data:
            self.end("the peer closed the connection")
        elif self.state != "finishing":
            self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            plain = self._layer.receive(data)
        except (OSError, ValueError) as error:
            self._push()  # the alert that tells the peer why
            self._fail(error)
            return
        self._advance()
        self._take(plain)
        if self._layer.ended:
            self.end("the peer closed the connection")

    def _take(self, plain: bytes) -> None:
        pings = 0
        for event in self._framer.feed(plain):
            if self.state != "open":
                return  # closed by what an earlier message led to
            if isinstance(event, bytes):
                self._owner.took(self, event)
            elif isinstance(event, Broken):
                self._owner.broke(self, event)
            else:
                pings += event is Beat.PING
                self._owner.felt(self, event)
        if pings and self.state == "open":
            self.send(_PONG * pings)

    # --- writing and closing --------------------------------------------------------------------

    def _write(self, data: bytes, key: object) -> None:
        try:
            self._layer.send(data)
        except OSError as error:
            self._loop.call_soon(self._fail, error)
        self._push(key)

    def _push(self, key: object = None) -> None:
        """Move the layer's bytes to the socket, as far as it takes them."""
        self._outgoing.add(self._layer.outgoing(), key)
        if self._writing or self.state == "closed":
            return
        self._writable()

    def _writable(self) -> None:
        try:
            self._outgoing.write_to(self._sock)
            if not self._outgoing and self.state == "finishing":
                self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._listen_for_room(False)
            self._loop.call_soon(self._fail, error)
            return
        self._listen_for_room(bool(self._outgoing))

    def _listen_for_room(self, wanted: bool) -> None:
        if wanted and not self._writing:
            self._loop.add_writer(self._fd, self._writable)
        elif self._writing and not wanted:
            self._loop.remove_writer(self._fd)
        self._writing = wanted

    def _waiting(self) -> int:
        return len(self._outgoing) + sum(len(data) for data, _ in self._early)

    def _fail(self, error: Exception) -> None:
        self.error = error
        host, port = self.flow.remote
        if isinstance(error, ssl.SSLError):
            self.end(why_refused(error, f"{host}:{port}", self.flow.name or host))
        else:
            self.end(getattr(error, "strerror", None) or str(error))

    def _enter(self, event: str) -> None:
        self.state = NEXT[self.state][event]

    def _release(self) -> None:
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._sock.close()


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _PROBE_AFTER_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BACKLOG)  # the kernel's share of it
