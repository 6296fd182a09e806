"""What lies between a stream socket and the messages on it: nothing, or TLS. No I/O here.

TLS runs over memory (ssl.MemoryBIO), so that the connection has one way to read and one to write,
whatever is inside, and two of these can be joined in a test without a socket.
"""

from __future__ import annotations

import ssl
from typing import Final, Protocol

_RECORD: Final = 16384  # RFC 8446 section 5.1: plaintext of one record


class Layer(Protocol):
    """Turns bytes of the wire into bytes of messages, and back."""

    @property
    def ready(self) -> bool:
        """Whether messages may pass."""

    @property
    def ended(self) -> bool:
        """Whether the peer has said that it sends no more."""

    def receive(self, data: bytes) -> bytes:
        """Bytes from the wire; returns what they say. Raises ssl.SSLError or ValueError.

        Whatever comes of it, `outgoing` may have something to send.
        """

    def send(self, data: bytes) -> None:
        """Bytes of a message; only when ready. Raises ssl.SSLError."""

    def finish(self) -> None:
        """Nothing more will be sent."""

    def outgoing(self) -> bytes:
        """What is to go on the wire; it is forgotten here."""


class Plain:
    """TCP: bytes are what they are."""

    ready = True
    ended = False

    def __init__(self) -> None:
        self._out = b""

    def receive(self, data: bytes) -> bytes:
        """The same bytes."""
        return data

    def send(self, data: bytes) -> None:
        """The same bytes."""
        self._out += data

    def finish(self) -> None:
        """FIN says it."""

    def outgoing(self) -> bytes:
        """What was sent."""
        data, self._out = self._out, b""
        return data


class Tls:
    """One end of a TLS connection.

    `name` is whom the client wants to reach: a host name goes into SNI, an address does not, and
    both are what the certificate must be for. Raises ValueError for a name that cannot be one.
    """

    def __init__(self, context: ssl.SSLContext, *, server: bool, name: str = "") -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._in, self._out, server_side=server, server_hostname=name or None
        )
        self.ready = False
        self.ended = False
        if not server:
            self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the wire; the plaintext that is complete."""
        self._in.write(data)
        if not self.ready:
            self._shake_hands()
        return self._plaintext() if self.ready else b""

    def send(self, data: bytes) -> None:
        """Encrypt."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]

    def finish(self) -> None:
        """close_notify; the peer's own is not waited for."""
        try:
            self._tls.unwrap()
        except (ssl.SSLError, ValueError):
            return

    def outgoing(self) -> bytes:
        """Records for the wire."""
        return self._out.read()

    def certificate(self) -> dict[str, object]:
        """The peer's checked certificate as ssl.getpeercert describes it, {} when it has none."""
        return dict(self._tls.getpeercert() or {})

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.ready = True

    def _plaintext(self) -> bytes:
        parts: list[bytes] = []
        while not self.ended:
            try:
                part = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            if part:
                parts.append(part)
            else:
                self.ended = True
        return b"".join(parts)
