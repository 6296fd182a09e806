"""Who is heard, and where our packets go, with the engine's real sockets and clock.

Every rule has a row in virtual time in native/test/test_source_filter.c.
"""

from __future__ import annotations

import pytest

from gateway.errors import LocalProtocolError
from gateway.media import SourceChanged
from tests.media.rig import Peer, Rig, Side, build, own

NETWORK = ("127.0.0.0/8",)
SILENCE = b"\xff" * 160


class Speaker:
    """Sends silence as a peer does, a packet each 20 ms of the engine's clock."""

    def __init__(self, media: Rig, side: Side, peer: Peer, ssrc: int) -> None:
        self.media, self.side, self.peer, self.ssrc = media, side, peer, ssrc
        self.sent = 0

    def speak(self, count: int) -> int:
        """Send so many packets; returns how many were taken of what came meanwhile."""
        before = self.side.stream.statistics().received
        for _ in range(count):
            number = self.sent
            data = build(SILENCE, sequence=number, timestamp=number * 160, ssrc=self.ssrc)
            self.peer.send(data, self.side.rtp)
            self.sent += 1
            self.media.ticks(2)
        return self.side.stream.statistics().received - before


def gets_rtp(media: Rig, *peers: Peer) -> list[bool]:
    """Which of them our packets reach now."""
    media.ticks(2)
    for peer in peers:
        peer.drain()
    media.ticks(8)
    return [peer.drain() > 0 for peer in peers]


def test_the_signalled_wins_back_from_a_latched(media: Rig) -> None:
    peer, stranger = media.peer(), media.peer()
    side = media.facing(peer, latch=True)
    assert Speaker(media, side, stranger, 2).speak(8) > 0
    assert gets_rtp(media, peer, stranger) == [False, True]
    assert Speaker(media, side, peer, 1).speak(1) == 1
    assert [one.source for one in media.wait(SourceChanged, 2)] == [stranger.address, peer.address]
    assert gets_rtp(media, peer, stranger) == [True, False]
    assert Speaker(media, side, stranger, 2).speak(8) == 0


@pytest.mark.parametrize("takeover", [(), NETWORK], ids=["no networks", "in its networks"])
def test_after_a_new_remote_the_old_one_is_late(media: Rig, takeover: tuple[str, ...]) -> None:
    old, new = media.peer(), media.peer()
    side = media.facing(old, latch=True, takeover=takeover)
    late, speaker = Speaker(media, side, old, 1), Speaker(media, side, new, 1)
    assert late.speak(5) == 5
    side.stream.update(remote=new.address)
    media.ticks(2)
    assert late.speak(8) == 0
    assert gets_rtp(media, old, new) == [False, True]
    speaker.sent = late.sent
    assert speaker.speak(5) == 5


@pytest.mark.parametrize(
    ("takeover", "takes"), [((), False), (("10.0.0.0/8",), False), (NETWORK, True)]
)
def test_only_its_networks_take_over(media: Rig, takeover: tuple[str, ...], takes: bool) -> None:
    peer, other = media.peer(), media.peer()
    side = media.facing(peer, latch=True, allow=NETWORK, takeover=takeover)
    assert Speaker(media, side, peer, 1).speak(5) == 5
    taken = Speaker(media, side, other, 2).speak(12)
    assert (taken >= 8, taken == 0) == (takes, not takes)
    assert gets_rtp(media, peer, other) == [True, False]


def test_a_hold_keeps_the_target_of_a_peer_behind_nat(media: Rig) -> None:
    signalled, real = media.peer(), media.peer()
    side = media.facing(signalled, latch=True)
    Speaker(media, side, real, 1).speak(8)
    side.stream.update(remote=("0.0.0.0", signalled.address[1]), sending=False)
    assert gets_rtp(media, signalled, real) == [False, False]
    side.stream.update(remote=signalled.address, sending=True)
    assert gets_rtp(media, signalled, real) == [False, True]


@pytest.mark.parametrize("which", ["allow", "takeover"])
def test_more_networks_than_there_is_room_for(media: Rig, which: str) -> None:
    peer, pair = media.peer(), media.sockets()
    networks = tuple(f"10.{n}.0.0/24" for n in range(17))
    with pytest.raises(LocalProtocolError, match="at most 16"):
        media.side(pair, own(peer.rtp), latch=True, **{which: networks})
