"""RTCP: what is reported, what is believed."""

from __future__ import annotations

import struct
import time

import pytest

from gateway.media import RemoteRtcpBye, StreamRetired
from tests.media.rig import Peer, Rig, Side, build


def sections(data: bytes) -> dict[int, bytes]:
    """A compound packet by packet type; its lengths must add up."""
    found: dict[int, bytes] = {}
    while data:
        first, kind, words = struct.unpack("!BBH", data[:4])
        assert first >> 6 == 2
        size = 4 * (words + 1)
        assert size <= len(data)
        found[kind] = data[:size]
        data = data[size:]
    return found


def report(ssrc: int, about: int = 0, *, lsr: int = 0, dlsr: int = 0, fraction: int = 0) -> bytes:
    """A receiver report of one block."""
    block = struct.pack("!IIIIII", about, fraction << 24, 0, 80, lsr, dlsr)
    return struct.pack("!BBHI", 0x81, 201, 7, ssrc) + block


def bye(ssrc: int) -> bytes:
    return struct.pack("!BBHI", 0x81, 203, 1, ssrc)


def facing(media: Rig, **changes: object) -> tuple[Peer, Side]:
    peer = media.peer()
    rtcp = peer.rtcp.getsockname()
    return peer, media.facing(peer, **({"remote_rtcp": rtcp} | changes))


def test_the_first_report_is_complete(media: Rig) -> None:
    peer, side = facing(media)
    for number in range(4):
        peer.send(build(b"\xff" * 160, sequence=number + (number > 1), timestamp=number), side.rtp)
    found = sections(peer.read(1, sock=peer.rtcp)[0])
    sender = found[200]
    ssrc, seconds, _, timestamp, packets, octets = struct.unpack("!IIIIII", sender[4:28])
    about, lost, highest = struct.unpack("!III", sender[28:40])
    assert ssrc == side.stream.settings.ssrc
    assert abs(seconds - 2208988800 - time.time()) < 2
    assert octets == packets * 160 > 0
    spoken = (timestamp - side.stream.settings.timestamp) % 2**32
    assert abs(spoken - packets * 160) <= 400
    assert (about, lost & 0xFFFFFF, highest) == (0xBEEF, 1, 4)
    assert b"test@127.0.0.1" in found[202]
    assert 203 not in found


def test_stopping_says_bye(media: Rig) -> None:
    peer, side = facing(media)
    peer.packets(2)
    side.stream.stop()
    media.wait(StreamRetired)
    found = sections(peer.read(1, sock=peer.rtcp)[0])
    assert struct.unpack("!I", found[203][4:8]) == (side.stream.settings.ssrc,)


def test_muxed_reports_share_the_rtp_port(media: Rig) -> None:
    peer, side = facing(media, rtcp_fd=None, rtcp_mux=True, remote_rtcp=None)
    peer.packets(2)
    peer.send(report(1, side.stream.settings.ssrc, fraction=64), side.rtp)
    media.ticks(3)
    assert side.stream.statistics().remote_loss == 0.25
    side.stream.stop()
    media.wait(StreamRetired)
    while peer.read(1)[0][1] != 200:  # RTP that came before; read gives up by itself
        pass


def test_the_round_trip_is_measured(media: Rig) -> None:
    peer, side = facing(media)
    peer.packets(2)
    sent_at = int((time.time() + 2208988800) * 65536) & 0xFFFFFFFF
    half_second_ago = (sent_at - 32768) & 0xFFFFFFFF
    about = side.stream.settings.ssrc
    data = report(1, about, lsr=half_second_ago, dlsr=16384)
    peer.rtcp.sendto(data, side.rtcp.getsockname())
    media.ticks(12)
    assert side.stream.statistics().round_trip_ms == pytest.approx(250, abs=15)


def test_bye_is_believed_of_the_one_we_hear_only(media: Rig) -> None:
    peer, side = facing(media)
    peer.send(build(b"\xff" * 160), side.rtp)
    media.ticks(2)
    peer.rtcp.sendto(bye(1), side.rtcp.getsockname())
    media.ticks(12)
    media.poll(0)
    assert not [one for one in media.events if isinstance(one, RemoteRtcpBye)]
    peer.rtcp.sendto(bye(0xBEEF), side.rtcp.getsockname())
    media.wait(RemoteRtcpBye)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 30, report(1)[:20]])
def test_rubbish_is_counted(media: Rig, data: bytes) -> None:
    peer, side = facing(media)
    peer.rtcp.sendto(data, side.rtcp.getsockname())
    media.ticks(12)
    counters = side.stream.statistics()
    assert (counters.malformed, counters.rtcp_received) == (1, 0)
