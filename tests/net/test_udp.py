"""UDP listeners on loopback: who is heard, and from where the answer comes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from gateway.errors import SystemRefusal
from gateway.net.core import Standing
from gateway.net.udp import UdpListener
from gateway.sip import Flow


def everybody(_: str) -> Standing:
    return Standing.KNOWN


def nothing(data: bytes, flow: Flow, standing: Standing) -> None:
    pass


def exchange(
    listen: str,
    target: str,
    source: str,
    *,
    admits: Callable[[str], bool] = lambda _: True,
    family: socket.AddressFamily = socket.AF_INET,
) -> tuple[list[tuple[bytes, Flow]], tuple[bytes, tuple[str, int]] | None, UdpListener]:
    """Send one datagram from `source` to the listener at `target`; it echoes what it admits."""

    async def run() -> tuple[
        list[tuple[bytes, Flow]], tuple[bytes, tuple[str, int]] | None, UdpListener
    ]:
        loop = asyncio.get_running_loop()
        heard: list[tuple[bytes, Flow]] = []
        seen = asyncio.Event()

        def receive(data: bytes, flow: Flow, standing: Standing) -> None:
            assert standing is Standing.EXPECTED
            heard.append((data, flow))
            listener.send(data.upper(), flow.local[0], flow.remote)
            seen.set()

        def judge(address: str) -> Standing:
            if admits(address):
                return Standing.EXPECTED
            seen.set()
            return Standing.STRANGER

        listener = UdpListener(listen, 0, judge, receive)
        listener.start(loop)
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.bind((source, 0))
            peer.setblocking(False)
            await loop.sock_sendto(peer, b"hello", (target, listener.port))
            await asyncio.wait_for(seen.wait(), 5)
            answer = None
            if heard:
                data, address = await asyncio.wait_for(loop.sock_recvfrom(peer, 100), 5)
                answer = (data, (address[0], address[1]))
        listener.close()
        return heard, answer, listener

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("listen", "target", "source", "family"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("0.0.0.0", "127.0.0.5", "127.0.0.9", socket.AF_INET),
        ("::1", "::1", "::1", socket.AF_INET6),
        ("::", "::1", "::1", socket.AF_INET6),
    ],
)
def test_the_answer_comes_from_the_address_that_was_asked(
    listen: str, target: str, source: str, family: socket.AddressFamily
) -> None:
    heard, answer, listener = exchange(listen, target, source, family=family)
    (data, flow) = heard[0]
    assert data == b"hello"
    assert flow.transport == "udp"
    assert flow.local == (target, listener.port)
    assert flow.remote[0] == source
    assert answer == (b"HELLO", (target, listener.port))


def test_a_stranger_is_counted_and_not_heard() -> None:
    heard, answer, listener = exchange(
        "127.0.0.1", "127.0.0.1", "127.0.0.66", admits=lambda a: a == "127.0.0.1"
    )
    assert heard == []
    assert answer is None
    assert (listener.strangers, listener.last_stranger) == (1, "127.0.0.66")


def test_two_listeners_on_one_port_are_refused_with_advice() -> None:
    first = UdpListener("127.0.0.1", 0, everybody, nothing)
    with pytest.raises(SystemRefusal, match="another SIP program"):
        UdpListener("127.0.0.1", first.port, everybody, nothing)
    first.close()


@pytest.mark.parametrize(
    ("listen", "local", "owns"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("0.0.0.0", "127.0.0.2", True),
        ("0.0.0.0", "::1", False),
        ("::", "::1", True),
    ],
)
def test_a_flow_belongs_to_the_socket_of_its_local_address(
    listen: str, local: str, owns: bool
) -> None:
    listener = UdpListener(listen, 0, everybody, nothing)
    assert listener.owns((local, listener.port)) is owns
    assert listener.owns((local, listener.port + 1)) is False
    listener.close()


def test_a_datagram_of_the_greatest_size_arrives_whole() -> None:
    async def run() -> int:
        loop = asyncio.get_running_loop()
        got: asyncio.Future[int] = loop.create_future()
        listener = UdpListener(
            "127.0.0.1", 0, everybody, lambda data, *_: got.set_result(len(data))
        )
        listener.start(loop)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(bytes(65507), ("127.0.0.1", listener.port))
            size = await asyncio.wait_for(got, 5)
        listener.close()
        return size

    assert asyncio.run(run()) == 65507


@pytest.mark.parametrize(("kept", "heard"), [(b"mine", [b"other"]), (b"", [b"mine", b"other"])])
def test_an_interceptor_sees_everything_first(kept: bytes, heard: list[bytes]) -> None:
    async def run() -> list[bytes]:
        loop = asyncio.get_running_loop()
        got: list[bytes] = []
        done = asyncio.Event()

        def receive(data: bytes, flow: Flow, standing: Standing) -> None:
            got.append(data)
            if data == b"other":
                done.set()

        listener = UdpListener("127.0.0.1", 0, everybody, receive)
        listener.start(loop)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            listener.intercept = lambda data, source: data == kept and source == peer.getsockname()
            peer.sendto(b"mine", ("127.0.0.1", listener.port))
            peer.sendto(b"other", ("127.0.0.1", listener.port))
            await asyncio.wait_for(done.wait(), 5)
        listener.close()
        return got

    assert asyncio.run(run()) == heard
