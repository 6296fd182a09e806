"""Connections that we open: reuse, queues, and what is told when it does not work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from gateway.sip import Flow
from gateway.sip.framing import Beat
from gateway.sip.settings import Limits
from tests.net.streams import HERE, Peer, Rig, Server, called, request


def with_peer(work: Callable[[Rig, Server], Awaitable[None]], limits: Limits | None = None) -> None:
    async def run() -> None:
        rig = Rig(limits=limits or Limits())
        async with asyncio.timeout(20), called() as server:
            try:
                await work(rig, server)
            finally:
                rig.close()

    asyncio.run(run())


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port where nobody takes a connection: the backlog is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((HERE, 0))
        listening.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listening.getsockname())
        yield listening.getsockname()[1]


def test_messages_wait_for_the_connection_and_share_it() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)
        for name in "abc":
            rig.send(request(name), flow, name)
        peer = await server.peer()
        assert await peer.read(3 * len(request())) == b"".join(map(request, "abc"))
        rig.send(request("d"), flow)
        assert await peer.read(len(request())) == request("d")
        peer.send(request("answer"))
        await rig.events.until(lambda: bool(rig.events.messages))
        assert rig.events.messages == [(request("answer"), flow)]
        assert (rig.count("dialled"), rig.count("connections")) == (1, 1)
        assert rig.events.failures == []

    with_peer(work)


def test_it_leaves_from_the_local_address_of_the_flow() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)._replace(local=("127.0.0.7", 5060))
        rig.send(request(), flow)
        peer = await server.peer()
        host, port = peer.writer.get_extra_info("peername")
        assert host == "127.0.0.7"
        assert port != 5060

    with_peer(work)


def test_after_a_fin_the_next_message_dials_again() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)
        rig.send(request("a"), flow)
        peer = await server.peer()
        await peer.read(len(request()))
        await peer.close()
        await rig.events.until(lambda: rig.events.gone == [flow])
        rig.send(request("b"), flow)
        again = await server.peer(1)
        assert await again.read(len(request())) == request("b")
        assert rig.count("dialled") == 2

    with_peer(work)


def test_nobody_listens() -> None:
    async def work(rig: Rig, server: Server) -> None:
        with socket.socket() as taken:
            taken.bind((HERE, 0))
            flow = rig.flow(taken.getsockname()[1])
            for key in "ab":
                rig.send(request(), flow, key)
            await rig.events.until(lambda: len(rig.events.failures) == 2)
        where = f"tcp:{HERE}:{flow.remote[1]}"
        assert rig.events.failures == [
            ("a", f"{where}: Connection refused"),
            ("b", f"{where}: Connection refused"),
        ]
        assert rig.events.gone == []
        assert (rig.count("failed"), rig.count("connections")) == (1, 0)

    with_peer(work)


def test_nobody_answers() -> None:
    async def work(rig: Rig, server: Server) -> None:
        with deaf() as port:
            rig.send(request(), rig.flow(port), "key")
            rig.later(3.9)
            assert rig.events.failures == []
            rig.later(4.1)
        ((key, why),) = rig.events.failures
        assert (key, "no answer within 4 s" in why) == ("key", True)
        assert rig.count("timed_out") == 1

    with_peer(work)


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (Flow("tcp", ("192.0.2.200", 5060), (HERE, 9)), "Cannot assign requested address"),
        (Flow("tcp", (HERE, 5060), ("::1", 9)), ""),
        (Flow("tls", (HERE, 5061), (HERE, 9), "x" * 64 + ".com"), "label"),
    ],
)
def test_what_cannot_even_begin(flow: Flow, words: str) -> None:
    async def work(rig: Rig, server: Server) -> None:
        rig.send(request(), flow, "key")
        await rig.events.until(lambda: bool(rig.events.failures))
        assert words in rig.events.failures[0][1]

    with_peer(work)


def test_too_much_waits_for_a_connection() -> None:
    async def work(rig: Rig, server: Server) -> None:
        with deaf() as port:
            for key in range(9):
                rig.send(bytes(16384), rig.flow(port), key)
            await rig.events.until(lambda: len(rig.events.failures) == 9)

    with_peer(work)


def test_no_place_for_a_connection_of_ours() -> None:
    async def work(rig: Rig, server: Server) -> None:
        first, second = rig.flow(server.port), rig.flow(server.port, "other")
        rig.send(request(), first)
        peer = await server.peer()
        await peer.read(len(request()))
        rig.events.used = {first}
        rig.send(request(), second, "key")
        assert rig.events.failures == [("key", "all 1 connections are in use")]
        rig.events.used = set()
        rig.send(request(), second, "again")
        await server.peer(1)
        assert rig.events.gone == [first]

    with_peer(work, Limits(connections=1))


def test_pings_go_out_on_what_is_up_and_dial_nothing() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)
        rig.connections.ping(flow, b"\r\n\r\n")
        assert rig.count("dialled") == 0
        rig.send(request(), flow)
        peer = await server.peer()
        await peer.read(len(request()))
        rig.connections.ping(flow, b"\r\n\r\n")
        assert await peer.read(4) == b"\r\n\r\n"
        peer.send(b"\r\n")
        await rig.events.until(lambda: rig.events.beats == [Beat.PONG])

    with_peer(work)


def test_a_connection_without_traffic_is_given_up_unless_it_is_used() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)
        rig.send(request(), flow)
        peer = await server.peer()
        await peer.read(len(request()))
        rig.events.used = {flow}
        rig.later(601)
        assert rig.count("connections") == 1
        rig.events.used = set()
        rig.later(1202)
        assert rig.events.gone == [flow]
        assert await peer.rest() == b""

    with_peer(work)


def test_ended_from_outside() -> None:
    async def work(rig: Rig, server: Server) -> None:
        flow = rig.flow(server.port)
        rig.connections.end(flow, "there is none")
        rig.send(request(), flow)
        peer: Peer = await server.peer()
        await peer.read(len(request()))
        rig.connections.end(flow, "no pong")
        assert rig.events.gone == [flow]
        assert await peer.rest() == b""

    with_peer(work)
