"""Connections that peers open: who is let in, what is answered, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest

from gateway.errors import SystemRefusal
from gateway.net.core import Standing
from gateway.net.tcp import StreamListener
from gateway.sip.framing import Beat
from gateway.sip.settings import Limits
from tests.net.streams import HERE, Rig, calling, request


def with_rig(work: Callable[[Rig], Awaitable[None]], limits: Limits | None = None) -> None:
    async def run() -> None:
        rig = Rig(limits=limits or Limits())
        try:
            async with asyncio.timeout(20):
                await work(rig)
        finally:
            rig.close()

    asyncio.run(run())


def test_messages_in_any_pieces_and_answers_on_the_same_connection() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as peer:
            data = request("a", "body") + b"\r\n" + request("b")
            for at in range(len(data)):
                peer.send(data[at : at + 1])
                await peer.writer.drain()
            answer = await peer.read(len(data) - 2)
            assert answer == request("a", "body") + request("b")
            source = peer.writer.get_extra_info("sockname")
        ((_, flow), _) = rig.events.messages
        assert (flow.transport, flow.accepted, flow.name) == ("tcp", True, "")
        assert flow.local == (HERE, rig.listener.port)
        assert flow.remote == source
        await rig.events.until(lambda: rig.events.gone == [flow])
        assert rig.count("accepted") == 1
        assert rig.count("connections") == 0

    with_rig(work)


def test_a_large_message_both_ways() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as peer:
            data = request("big", "x" * 65000)
            peer.send(data * 3)
            assert await peer.read(len(data) * 3) == data * 3

    with_rig(work)


def test_a_ping_is_answered_by_one_crlf() -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            peer.send(b"\r\n\r\n" + request() + b"\r\n\r\n\r\n\r\n")
            assert await peer.read(6) == b"\r\n" * 3
            assert rig.events.beats == [Beat.PONG, Beat.PING] * 3

    with_rig(work)


def test_a_stranger_gets_not_one_byte() -> None:
    async def work(rig: Rig) -> None:
        rig.judge = lambda host: Standing.KNOWN if host == HERE else Standing.STRANGER
        async with calling(rig, "127.0.0.66") as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(request())
            assert await peer.rest() == b""
        assert rig.events.messages == []
        assert (rig.listener.strangers, rig.listener.last_stranger) == (1, "127.0.0.66")
        assert rig.count("accepted") == 0

    with_rig(work)


def test_limit_for_one_source() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig), calling(rig) as second, calling(rig) as third:
            assert await third.rest() == b""
            assert rig.count("refused") == 1
            async with calling(rig, "127.0.0.2") as other:
                other.send(request())
                assert await other.read(len(request())) == request()
            second.send(request())
            assert await second.read(len(request())) == request()

    with_rig(work, Limits(connections_per_source=2))


def test_a_place_that_is_free_again_is_given_away() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        for _ in range(3):
            async with calling(rig) as peer:
                peer.send(request())
                await peer.read(len(request()))
            await rig.events.until(lambda: rig.count("connections") == 0)
        assert rig.count("refused") == 0

    with_rig(work, Limits(connections_per_source=1))


def test_the_one_that_was_silent_longest_and_is_not_used_makes_room() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with contextlib.AsyncExitStack() as stack:
            peers = []
            for _ in range(3):
                peer = await stack.enter_async_context(calling(rig))
                peer.send(request())
                await peer.read(len(request()))
                peers.append(peer)
            first, second, _ = (flow for _, flow in rig.events.messages)
            rig.events.used = {first}
            async with calling(rig) as newcomer:
                assert await peers[1].rest() == b""
                assert rig.events.gone == [second]
                assert rig.count("evicted") == 1
                newcomer.send(request())
                assert await newcomer.read(len(request())) == request()

    with_rig(work, Limits(connections=3))


def test_newcomers_are_refused_when_all_are_used() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as peer:
            peer.send(request())
            await peer.read(len(request()))
            rig.events.used = {flow for _, flow in rig.events.messages}
            async with calling(rig) as newcomer:
                assert await newcomer.rest() == b""
            assert rig.count("refused") == 1

    with_rig(work, Limits(connections=1))


def test_half_open_connections_do_not_keep_a_good_one_out() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(20):
                await stack.enter_async_context(calling(rig))
            good = await stack.enter_async_context(calling(rig))
            good.send(request())
            assert await good.read(len(request())) == request()
            assert rig.count("connections") == 4
            assert rig.events.gone == []

    with_rig(work, Limits(connections=4))


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "passes", "closed"),
    [
        (b"", 9.5, False),
        (b"", 10.5, True),
        (request()[:-5], 10.5, True),
        (b"\r\n\r\n", 10.5, True),
        (request(), 599.0, False),
        (request(), 601.0, True),
    ],
)
def test_silence(sent: bytes, passes: float, closed: bool) -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as peer:
            peer.send(sent)
            if sent == request():
                await peer.read(len(sent))
            elif sent == b"\r\n\r\n":
                await peer.read(2)
            await rig.events.until(lambda: rig.count("accepted") == 1)
            rig.later(passes)
            assert rig.count("timed_out") == closed
            assert rig.count("connections") == (not closed)
            if closed:
                assert await peer.rest() == b""

    with_rig(work)


def test_a_used_connection_may_be_silent() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as peer:
            peer.send(request())
            await peer.read(len(request()))
            rig.events.used = {rig.events.messages[0][1]}
            rig.later(601)
            assert rig.count("connections") == 1
            rig.events.used = set()
            rig.later(1202)
            assert await peer.rest() == b""

    with_rig(work)


# --- bad peers ----------------------------------------------------------------------------------


def test_what_cannot_be_read_is_answered_and_closed() -> None:
    async def work(rig: Rig) -> None:
        head = b"OPTIONS sip:x SIP/2.0\r\nTo: <sip:x>\r\n\r\n"
        rig.events.answer = lambda _, flow: rig.send(b"SIP/2.0 400 Bad Request\r\n\r\n", flow)
        async with calling(rig) as peer:
            peer.send(request("good") + head + b"x" * 100_000)
            assert (await peer.rest()).count(b"400") == 2
        assert [data for data, _ in rig.events.messages] == [request("good"), head]
        assert rig.count("broken") == 1
        await rig.events.until(lambda: len(rig.events.gone) == 1)

    with_rig(work)


def test_who_does_not_close_after_the_last_answer_is_closed() -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            peer.send(b"\x16\x03\x01")
            assert await peer.rest() == b""
            assert rig.events.messages == []
            assert rig.count("connections") == 1
            rig.later(3)
            assert rig.count("connections") == 0
            assert rig.count("timed_out") == 0

    with_rig(work)


def test_answers_to_who_is_gone_fail_with_their_keys() -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            peer.send(request())
            await rig.events.until(lambda: len(rig.events.messages) == 1)
        await rig.events.until(lambda: len(rig.events.gone) == 1)
        (flow,) = rig.events.gone
        rig.send(b"late", flow, "key")
        assert rig.events.failures == [("key", "the peer's connection is closed")]

    with_rig(work)


def test_a_peer_that_does_not_read_is_closed() -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
            peer.send(request())
            await rig.events.until(lambda: len(rig.events.messages) == 1)
            flow = rig.events.messages[0][1]
            sent = 0
            while not rig.events.gone and sent < 10_000:
                rig.send(bytes(16384), flow, sent)
                sent += 1
                await asyncio.sleep(0)
            assert rig.events.gone == [flow]
            lost = [key for key, why in rig.events.failures if "does not read" in why]
            assert lost == list(range(sent))[-len(lost) :]
            assert 8 <= len(lost) <= 10

    with_rig(work)


def test_a_reset_disturbs_nobody_else() -> None:
    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig) as good:
            with socket.socket() as rude:
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                rude.connect((HERE, rig.listener.port))
                rude.send(request("rude")[:-3])
            good.send(request())
            assert await good.read(len(request())) == request()
        await rig.events.until(lambda: rig.count("connections") == 0)

    with_rig(work)


def test_two_listeners_on_one_port_are_refused_with_advice() -> None:
    async def work(rig: Rig) -> None:
        with pytest.raises(SystemRefusal, match="another SIP program"):
            StreamListener("tcp", HERE, rig.listener.port, rig.judge, rig.connections.accept)

    with_rig(work)
