"""The pump between real sockets on loopback and a core that writes down what it is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.errors import ConfigError, SystemRefusal
from gateway.net import stun
from gateway.net.names import Names
from gateway.net.paths import Paths
from gateway.net.pump import Pump
from gateway.net.resolve import Resolver
from gateway.net.stun_query import server_address
from gateway.net.tls import TlsFiles, build
from gateway.sip import Datagram, Flow
from gateway.sip.wire import Lookup, Target
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer, Zone
from tests.fakes.sip_core import FakeCore
from tests.net.streams import HERE, called, request

Work = Callable[[Pump, FakeCore], Awaitable[None]]


def with_pump(work: Work, *, allowed: tuple[str, ...] = (HERE,), zone: Zone | None = None) -> None:
    """A pump with UDP and TCP listeners, and DNS of this zone."""

    async def run() -> None:
        core = FakeCore(echoes=True)
        async with asyncio.timeout(20), DnsServer(zone or {}) as dns:

            def resolver(paths: Paths) -> Resolver:
                return Resolver(paths, Names(dns.resolver), local_names=lambda _: [])

            loop = asyncio.get_running_loop()
            pump = Pump(loop, core, lambda host: host in allowed, core.turn, resolver=resolver)
            core.flush = pump.flush
            pump.listen("udp", "0.0.0.0", 0)
            pump.listen("tcp", HERE, 0)
            try:
                await work(pump, core)
            finally:
                pump.close()

    asyncio.run(run())


class UdpPeer:
    """A plain UDP socket."""

    def __init__(self, source: str = HERE) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((source, 0))
        self.address: tuple[str, int] = self.socket.getsockname()

    def send(self, data: bytes, port: int) -> None:
        self.socket.sendto(data, (HERE, port))

    async def receive(self) -> tuple[bytes, tuple[str, int]]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            return await loop.sock_recvfrom(self.socket, 65535)


@asynccontextmanager
async def udp_peer(source: str = HERE) -> AsyncIterator[UdpPeer]:
    peer = UdpPeer(source)
    try:
        yield peer
    finally:
        peer.socket.close()


def test_udp_there_and_back() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        port = pump.listeners[0].port
        async with udp_peer() as peer:
            peer.send(b"hello", port)
            assert await peer.receive() == (b"hello", (HERE, port))
            flow = Flow("udp", (HERE, port), peer.address)
            assert core.told("receive") == [(b"hello", flow, True)]

    with_pump(work)


@pytest.mark.parametrize(("transport", "index"), [("udp", 0), ("tcp", 1)])
def test_who_is_only_expected_is_heard_as_such(transport: str, index: int) -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        port = pump.listeners[index].port
        core.expected = {"127.0.0.3"}
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as stranger, socket.socket(type=kind) as expected:
            stranger.bind(("127.0.0.2", 0))
            stranger.connect((HERE, port))
            stranger.send(request("stranger"))
            expected.bind(("127.0.0.3", 0))
            expected.connect((HERE, port))
            expected.send(request("expected"))
            await core.until(lambda: bool(core.told("receive")))
        ((data, _, known),) = core.told("receive")
        assert (data, known) == (request("expected"), False)
        assert pump.counters[f"{transport}_strangers"] == 1
        assert pump.take_strangers() == (1, "127.0.0.2")
        assert pump.take_strangers() == (0, "")
        assert pump.counters[f"{transport}_strangers"] == 1

    with_pump(work)


def test_a_new_allow_list_holds_at_once() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        async with udp_peer("127.0.0.2") as peer:
            pump.allow = lambda host: host == "127.0.0.2"
            peer.send(b"hello", pump.listeners[0].port)
            assert (await peer.receive())[0] == b"hello"

    with_pump(work)


def test_tcp_there_and_back_and_gone() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        async with called() as server:
            flow = Flow("tcp", (HERE, pump.listeners[1].port), (HERE, server.port))
            core.outbox.append(Datagram(request("a"), flow, "key"))
            pump.flush()
            peer = await server.peer()
            await peer.read(len(request("a")))
            assert pump.counters["tcp_connections"] == 1
            peer.send(b"\r\n" + request("b"))
            assert await peer.read(len(request("b"))) == request("b")
            await peer.close()
            await core.until(lambda: core.told("lost") == [(flow,)])
        core.outbox.append(Datagram(request(), flow, "late"))
        pump.flush()
        await core.until(lambda: bool(core.told("failed")))
        ((key, why),) = core.told("failed")
        assert (key, "Connection refused" in str(why)) == ("late", True)

    with_pump(work)


FAILING: list[tuple[str, Flow, bytes, str]] = [
    ("no listener", Flow("udp", (HERE, 1), (HERE, 9)), b"x", "no listener has the address"),
    ("no such family", Flow("udp", ("::1", 1), ("::1", 9)), b"x", "no listener"),
    ("too long", Flow("udp", (HERE, 0), (HERE, 9)), bytes(65536), "too long"),
    ("nowhere", Flow("udp", (HERE, 0), ("0.0.0.0", 0)), b"x", "nvalid argument"),
    ("gone", Flow("tcp", (HERE, 5060), (HERE, 9), "", True), b"x", "connection is closed"),
]


@pytest.mark.parametrize(
    ("flow", "data", "words"), [r[1:] for r in FAILING], ids=[r[0] for r in FAILING]
)
def test_what_cannot_be_sent_is_told_later(flow: Flow, data: bytes, words: str) -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        local = (flow.local[0], flow.local[1] or pump.listeners[0].port)
        core.outbox.append(Datagram(data, flow._replace(local=local), "key"))
        pump.flush()
        assert core.story == []
        await core.until(lambda: bool(core.told("failed")))
        ((key, why),) = core.told("failed")
        assert (key, words in str(why)) == ("key", True), why

    with_pump(work)


def test_a_local_address_that_is_gone_is_noticed_at_once() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        flow = Flow("udp", ("192.0.2.200", pump.listeners[0].port), (HERE, 9))
        core.outbox += [Datagram(b"x", flow, 1), Datagram(b"x", flow, 2)]
        pump.flush()
        await core.until(lambda: len(core.told("failed")) == 2)
        assert core.told("moved") == [()]

    with_pump(work)


def test_names_are_looked_up() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        core.questions = [
            Lookup(Target("pbx.example.com", 5070), "one"),
            Lookup(Target("gone.example.com", 5070), "two"),
            Lookup(Target("pbx.example.com", 5070, "tcp"), "three"),
        ]
        pump.flush()
        await core.until(lambda: len(core.told("resolved")) == 3)
        answers = {row[0]: row[1:] for row in core.told("resolved")}
        udp, tcp = pump.listeners
        there = ("127.0.0.5", 5070)
        assert answers["one"] == ([Flow("udp", (HERE, udp.port), there)], "")
        assert answers["three"] == ([Flow("tcp", (HERE, tcp.port), there)], "")
        flows, why = answers["two"]
        assert flows == []
        assert "does not exist" in str(why)

    with_pump(work, zone={("pbx.example.com", "A"): ["127.0.0.5"]})


def test_a_defect_in_looking_up_is_an_answer_too() -> None:
    class Broken(Resolver):
        async def flows(self, lookup: Lookup, now: float) -> list[Flow]:
            raise ZeroDivisionError("oops")

    async def run() -> None:
        core = FakeCore()
        pump = Pump(asyncio.get_running_loop(), core, lambda _: True, core.turn, resolver=Broken)
        core.questions = [Lookup(Target("x"), "key")]
        pump.flush()
        await core.until(lambda: bool(core.told("resolved")))
        assert core.told("resolved")[0][:2] == ("key", [])
        pump.close()

    asyncio.run(run())


def test_deadlines_of_the_core() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        core.deadline = asyncio.get_running_loop().time() + 0.001
        pump.flush()
        await core.until(lambda: core.told("deadline") == [()])

    with_pump(work)


def test_tls_needs_a_certificate(authority: Authority) -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        with pytest.raises(ConfigError, match="needs a certificate"):
            pump.listen("tls", HERE, 0)
        pump.tls = build(TlsFiles(*authority.issue("sip.example.com"), ca=authority.ca))
        listener = pump.listen("tls", HERE, 0)
        client = pump.tls.client
        reader, writer = await asyncio.open_connection(
            HERE, listener.port, ssl=client, server_hostname="sip.example.com"
        )
        writer.write(request())
        assert await reader.readexactly(len(request())) == request()
        writer.close()
        await writer.wait_closed()
        assert pump.counters["tls_accepted"] == 1

    with_pump(work)


def test_closing_tells_nothing_and_leaves_nothing() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        reader, writer = await asyncio.open_connection(HERE, pump.listeners[1].port)
        writer.write(request())
        await core.until(lambda: bool(core.told("receive")))
        core.questions = [Lookup(Target("pbx.example.com"), "key")]
        core.outbox = [Datagram(b"x", Flow("udp", (HERE, 1), (HERE, 9)), "key")]
        pump.flush()
        pump.close()
        assert await reader.read() == request()
        writer.close()
        await writer.wait_closed()
        assert core.told("failed") == core.told("lost") == core.told("resolved") == []

    with_pump(work)


# --- STUN ---------------------------------------------------------------------------------------


def stun_response(query: bytes, kind: int = 0x0101) -> bytes:
    """What a server answers: we are 203.0.113.9:4711."""
    value = bytes.fromhex("00011267cb007109")
    attribute = b"\x00\x01\x00\x08" + value
    return kind.to_bytes(2, "big") + len(attribute).to_bytes(2, "big") + query[4:20] + attribute


def test_stun_beside_sip() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        async with udp_peer("127.0.0.2") as server, udp_peer() as peer:
            asking = asyncio.ensure_future(pump.stun(f"127.0.0.2:{server.address[1]}"))
            query, source = await server.receive()
            assert source == (HERE, pump.listeners[0].port)
            assert query[:2] == b"\x00\x01"
            peer.send(b"hello", source[1])
            assert (await peer.receive())[0] == b"hello"
            peer.send(stun_response(query), source[1])
            server.send(stun_response(bytes(20)), source[1])
            assert not asking.done()
            server.send(stun_response(query), source[1])
            assert await asking == ("203.0.113.9", 4711)
            flow = Flow("udp", (HERE, source[1]), server.address)
            assert core.told("learned") == [(flow, "203.0.113.9", 4711)]
            # Afterwards it is a stranger's datagram, as it was before.
            server.send(stun_response(query), source[1])
            peer.send(b"bye", source[1])
            await peer.receive()
            await core.until(lambda: (b"bye", True) in [(r[0], r[2]) for r in core.told("receive")])
            assert pump.counters["udp_strangers"] == 2

    with_pump(work)


def test_stun_that_is_refused() -> None:
    async def work(pump: Pump, core: FakeCore) -> None:
        async with udp_peer("127.0.0.2") as server:
            asking = asyncio.ensure_future(pump.stun(f"127.0.0.2:{server.address[1]}"))
            query, source = await server.receive()
            with pytest.raises(SystemRefusal, match="under way"):
                await pump.stun(f"127.0.0.2:{server.address[1]}")
            server.send(stun_response(query, 0x0111), source[1])
            with pytest.raises(SystemRefusal, match="refused"):
                await asking
        with pytest.raises(SystemRefusal, match="cannot resolve"):
            await pump.stun("stun.example.com")

    with_pump(work)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("stun.example.com", ("stun.example.com", 3478)),
        ("stun.example.com:19302", ("stun.example.com", 19302)),
        ("192.0.2.1", ("192.0.2.1", 3478)),
        ("2001:db8::1", ("2001:db8::1", stun.DEFAULT_PORT)),
        ("[2001:db8::1]:3479", ("2001:db8::1", 3479)),
    ],
)
def test_stun_servers(text: str, address: tuple[str, int]) -> None:
    assert server_address(text) == address


@pytest.mark.parametrize("text", ["", ":3478", "x:", "x:0", "x:65536", "x:1e3", "x:١"])
def test_no_stun_servers(text: str) -> None:
    with pytest.raises(ConfigError, match="no STUN server"):
        server_address(text)
