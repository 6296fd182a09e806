"""The network that peers are tried on: both ways through, packets lost, nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.peers.network import Namespace, Network, NoNetworkError

SENT = 200  # fewer than a socket holds


@pytest.fixture(params=[0, 20])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    try:
        made = Network(request.param)
    except NoNetworkError as reason:
        pytest.skip(f"needs root, for a network of its own: {reason}")
    with made:
        yield made


def arrived(sender: Namespace, receiver: Namespace) -> int:
    with sender.udp() as sending, receiver.udp() as receiving:
        for _ in range(SENT):
            sending.sendto(b"?", receiving.getsockname())
        receiving.settimeout(0.2)
        count = 0
        with suppress(TimeoutError):
            while receiving.recv(16):
                count += 1
        return count


def test_as_many_packets_are_lost_as_was_asked_for(
    network: Network, request: pytest.FixtureRequest
) -> None:
    percent = request.node.callspec.params["network"]
    for sender, receiver in ((network.near, network.far), (network.far, network.near)):
        lost = 100 * (1 - arrived(sender, receiver) / SENT)
        # Five standard deviations of that many throws.
        assert abs(lost - percent) <= (14 if percent else 0)


def test_a_host_moves(network: Network) -> None:
    network.near.move("10.99.0.77")
    assert arrived(network.near, network.far) > SENT / 2


def test_nothing_is_left(network: Network) -> None:
    holders = [Path(f"/proc/{host.pid}") for host in (network.near, network.far)]
    assert all(holder.exists() for holder in holders)
    network.close()
    assert not any(holder.exists() for holder in holders)
