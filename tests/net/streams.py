"""A listener and its connections on loopback, with events that a test can wait for."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.net.connections import Connections
from gateway.net.core import Standing
from gateway.net.tcp import StreamListener
from gateway.net.tls import TlsContexts, TlsFiles, build
from gateway.sip import Datagram, Flow
from gateway.sip.settings import Limits
from tests.fakes.connection_events import FakeEvents

HERE = "127.0.0.1"


def request(name: str = "x", body: str = "") -> bytes:
    """As much of a SIP message as framing looks at."""
    return f"OPTIONS sip:{name} SIP/2.0\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@dataclass
class Rig:
    """Connections under test; `limits` and `tls` may be exchanged."""

    transport: str = "tcp"
    limits: Limits = field(default_factory=Limits)
    tls: TlsContexts | None = None
    judge: Callable[[str], Standing] = lambda host: Standing.KNOWN
    events: FakeEvents = field(default_factory=FakeEvents)

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.connections = Connections(
            self.loop, self.events, lambda: self.limits, lambda: self.tls or build(TlsFiles())
        )
        self.listener = StreamListener(self.transport, HERE, 0, self._judge, self._accept)
        self.listener.start(self.loop)

    def _judge(self, host: str) -> Standing:
        return self.judge(host)

    def _accept(self, sock: socket.socket, flow: Flow) -> None:
        self.connections.accept(sock, flow)
        self.events.news.set()

    def flow(self, port: int, name: str = "") -> Flow:
        """One that has to be dialled."""
        return Flow(self.transport, (HERE, self.listener.port), (HERE, port), name)

    def send(self, data: bytes, flow: Flow, key: object = None) -> None:
        self.connections.send(Datagram(data, flow, key))

    def later(self, seconds: float) -> None:
        """As if so much time had passed."""
        self.connections.handle_deadline(self.loop.time() + seconds)

    def count(self, what: str) -> int:
        return self.connections.counters[f"{self.transport}_{what}"]

    def close(self) -> None:
        self.listener.close()
        self.connections.close()

    def echo(self) -> None:
        """Answer every message with itself, on its own connection."""
        self.events.answer = self.send


class Peer:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self, size: int) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        """Everything until the other end has closed."""
        async with asyncio.timeout(5):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


@asynccontextmanager
async def calling(rig: Rig, source: str = HERE, **tls: object) -> AsyncIterator[Peer]:
    """A peer that has connected to the rig."""
    reader, writer = await asyncio.open_connection(
        HERE,
        rig.listener.port,
        local_addr=(source, 0),
        **tls,  # type: ignore[arg-type]
    )
    peer = Peer(reader, writer)
    try:
        yield peer
    finally:
        await peer.close()


class Server:
    """A peer that is connected to. `peers` are those who came, in order."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.port = 0
        self._came = asyncio.Event()

    async def peer(self, index: int = 0) -> Peer:
        async with asyncio.timeout(5):
            while len(self.peers) <= index:
                self._came.clear()
                await self._came.wait()
        return self.peers[index]

    async def came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(Peer(reader, writer))
        self._came.set()


@asynccontextmanager
async def called(port: int = 0, **tls: object) -> AsyncIterator[Server]:
    """A peer that waits for the rig to connect."""
    peer = Server()
    server = await asyncio.start_server(peer.came, HERE, port, **tls)  # type: ignore[arg-type]
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for each in peer.peers:
            await each.close()
        await server.wait_closed()
