"""TLS over real sockets: handshakes that fail harm nobody, and the owner is told why in words."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

import pytest

from gateway.net.core import Standing
from gateway.net.tls import TlsContexts, TlsFiles, build
from tests.fakes.certificates import Authority
from tests.net.streams import HERE, Rig, called, calling, request

HOST = "sip.example.com"
Work = Callable[[Rig], Awaitable[None]]


def contexts(authority: Authority, *names: str) -> TlsContexts:
    files = authority.issue(*(names or (HOST,)), label="here")
    return build(TlsFiles(*files, ca=authority.ca))


def with_rig(work: Work, tls: TlsContexts) -> None:
    async def run() -> None:
        rig = Rig("tls", tls=tls)
        try:
            async with asyncio.timeout(20):
                await work(rig)
        finally:
            rig.close()

    asyncio.run(run())


def test_a_call_in_over_tls(authority: Authority) -> None:
    tls = contexts(authority)

    async def work(rig: Rig) -> None:
        rig.echo()
        data = request("a", "x" * 60000)
        async with calling(rig, ssl=tls.client, server_hostname=HOST) as peer:
            peer.send(data * 3)
            assert await peer.read(3 * len(data)) == data * 3
        (_, flow), *_ = rig.events.messages
        assert (flow.transport, flow.accepted) == ("tls", True)
        await rig.events.until(lambda: rig.events.gone == [flow])

    with_rig(work, tls)


def test_a_stranger_sees_no_handshake(authority: Authority) -> None:
    tls = contexts(authority)

    async def work(rig: Rig) -> None:
        rig.judge = lambda _: Standing.STRANGER
        async with calling(rig) as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(b"\x16\x03\x01")
            assert await peer.rest() == b""
        assert rig.listener.strangers == 1

    with_rig(work, tls)


@pytest.mark.parametrize(("passes", "closed"), [(4.5, False), (5.5, True)])
def test_a_handshake_must_come_in_time(authority: Authority, passes: float, closed: bool) -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            await rig.events.until(lambda: rig.count("accepted") == 1)
            rig.later(passes)
            assert rig.count("timed_out") == closed
            if closed:
                assert await peer.rest() == b""
                assert rig.count("failed") == 1

    with_rig(work, contexts(authority))


def test_plain_sip_on_the_tls_port_disturbs_nobody(authority: Authority) -> None:
    tls = contexts(authority)

    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig, ssl=tls.client, server_hostname=HOST) as good:
            async with calling(rig) as bad:
                bad.send(request())
                assert b"SIP" not in await bad.rest()
            good.send(request())
            assert await good.read(len(request())) == request()
            assert rig.count("failed") == 1

    with_rig(work, tls)


def test_new_contexts_serve_new_connections_and_end_no_old_one(authority: Authority) -> None:
    tls = contexts(authority)

    async def work(rig: Rig) -> None:
        rig.echo()
        async with calling(rig, ssl=tls.client, server_hostname=HOST) as old:
            old.send(request("a"))
            await old.read(len(request("a")))
            rig.tls = contexts(authority, "new.example.com")
            name = "new.example.com"
            async with calling(rig, ssl=tls.client, server_hostname=name) as new:
                new.send(request("b"))
                assert await new.read(len(request("b"))) == request("b")
            old.send(request("c"))
            assert await old.read(len(request("c"))) == request("c")

    with_rig(work, tls)


def test_without_a_certificate_nobody_is_served(authority: Authority) -> None:
    async def work(rig: Rig) -> None:
        async with calling(rig) as peer:
            assert await peer.rest() == b""
        assert rig.count("refused") == 1

    with_rig(work, build(TlsFiles()))


# --- dialling -----------------------------------------------------------------------------------


def test_a_call_out_over_tls(authority: Authority) -> None:
    tls = contexts(authority)
    asked: list[str | None] = []
    assert tls.server is not None
    tls.server.sni_callback = lambda _sock, name, _context: asked.append(name)

    async def work(rig: Rig) -> None:
        async with called(ssl=tls.server) as server:
            flow = rig.flow(server.port, HOST)
            rig.send(request("a"), flow, "a")
            rig.send(request("b"), flow, "b")
            peer = await server.peer()
            assert await peer.read(2 * len(request())) == request("a") + request("b")
            peer.send(request("answer"))
            await rig.events.until(lambda: rig.events.messages == [(request("answer"), flow)])
            rig.connections.ping(flow, b"\r\n\r\n")
            assert await peer.read(4) == b"\r\n\r\n"
            peer.writer.close()
            await rig.events.until(lambda: rig.events.gone == [flow])
        assert asked == [HOST]

    with_rig(work, tls)


def test_an_address_is_checked_but_not_named(authority: Authority) -> None:
    tls = contexts(authority, HERE)
    asked: list[str | None] = []
    assert tls.server is not None
    tls.server.sni_callback = lambda _sock, name, _context: asked.append(name)

    async def work(rig: Rig) -> None:
        async with called(ssl=tls.server) as server:
            rig.send(request(), rig.flow(server.port))
            assert await (await server.peer()).read(len(request())) == request()
        assert asked == [None]

    with_rig(work, tls)


REFUSED = [
    ("for another", ("a.example.com", "b.example.com"), (-1, 9), "is for a.example.com, b.exa"),
    ("expired", (HOST,), (-9, -1), "has expired"),
]


@pytest.mark.parametrize(
    ("names", "days", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_certificate_that_is_not_believed(
    authority: Authority, names: tuple[str, ...], days: tuple[int, int], words: str
) -> None:
    files = authority.issue(*names, days=days, label="bad")
    bad = build(TlsFiles(*files)).server
    why = refusal(contexts(authority), bad)
    assert words in why
    assert why.startswith("tls:127.0.0.1:")
    assert "the certificate of 127.0.0.1:" in why


def test_an_authority_that_nobody_knows(
    authority: Authority, stranger_authority: Authority
) -> None:
    bad = build(TlsFiles(*stranger_authority.issue(HOST))).server
    assert "from an unknown authority" in refusal(contexts(authority), bad)


def test_a_peer_without_tls(authority: Authority) -> None:
    assert "does not speak TLS" in refusal(contexts(authority), None)


def refusal(tls: TlsContexts, server_context: ssl.SSLContext | None) -> str:
    """Why we do not talk to a server with this context; it says something if it has none."""
    reasons: list[str] = []

    async def work(rig: Rig) -> None:
        async with called(ssl=server_context) as server:
            flow = rig.flow(server.port, HOST)
            rig.send(request(), flow, "key")
            if server_context is None:
                (await server.peer()).send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await rig.events.until(lambda: bool(rig.events.failures))
            assert rig.events.gone == []
            assert rig.count("failed") == 1
        reasons.extend(why for _, why in rig.events.failures)

    with_rig(work, tls)
    (reason,) = reasons
    return reason
