"""What leaves: looked at by a bare RTP peer."""

from __future__ import annotations

import time

import pytest

from tests.media import itu_g711
from tests.media.rig import Rig
from tests.media.signals import as_bytes, find, from_bytes, speech_like

SILENCE = {0: b"\xff", 8: b"\xd5"}


@pytest.mark.parametrize("codec", [0, 8])
@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 60])
def test_the_grid_of_numbers_with_wraps(media: Rig, codec: int, ptime_ms: int) -> None:
    peer = media.peer()
    side = media.facing(peer, codec=codec, ptime_ms=ptime_ms)
    packets = peer.packets(12)  # sequence and timestamp both wrap within them
    first = packets[0]
    assert first.sequence == 65530
    for number, packet in enumerate(packets):
        assert packet.sequence == (65530 + number) % 65536
        assert packet.timestamp == (first.timestamp + number * ptime_ms * 8) % 2**32
        assert packet.ssrc == side.stream.settings.ssrc
        assert packet.payload_type == codec
        assert packet.marker == (number == 0)
        assert packet.payload == SILENCE[codec] * (ptime_ms * 8)


@pytest.mark.parametrize("codec", [0, 8])
def test_the_microphone_arrives_bit_exactly(media: Rig, codec: int) -> None:
    peer = media.peer()
    side = media.facing(peer, codec=codec)
    said = speech_like(8000)
    assert side.line.write_source(as_bytes(said)) == 8000
    side.line.end_source()
    wire = b"".join(packet.payload for packet in peer.packets(60))
    expected = itu_g711.encode(codec, as_bytes(said))
    assert expected in wire


@pytest.mark.parametrize("codec", [0, 8])
def test_a_dynamic_payload_type_leaves_the_law(media: Rig, codec: int) -> None:
    peer = media.peer()
    media.facing(peer, codec=codec, payload_type=97)
    for packet in peer.packets(3):
        assert (packet.payload_type, packet.payload) == (97, SILENCE[codec] * 160)


def test_hold_sends_nothing_and_resumes_in_time(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    before = peer.packets(3)[-1]
    side.stream.update(sending=False)
    media.ticks(3)
    peer.drain()
    media.ticks(10)
    assert peer.drain() == 0
    side.stream.update(sending=True)
    after = peer.packets(1)[0]
    passed = (after.timestamp - before.timestamp) % 2**32
    assert after.marker
    assert passed >= 10 * 80
    assert passed % 80 == 0
    # What left between the command and its effect was drained; numbers have no gap for the hold.
    assert (after.sequence - before.sequence) % 65536 <= 3


def test_a_new_remote_is_obeyed_at_once(media: Rig) -> None:
    old, new = media.peer(), media.peer()
    side = media.facing(old)
    last = old.packets(2)[-1]
    side.stream.update(remote=new.address)
    first = new.packets(1)[0]
    assert first.ssrc == last.ssrc
    media.ticks(2)
    old.drain()
    media.ticks(6)
    assert old.drain() == 0


def test_codec_and_packet_time_may_change_mid_call(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    peer.packets(2)
    side.stream.update(codec=8, ptime_ms=10)
    packet = peer.until(lambda one: one.payload_type == 8)
    following = peer.packets(1)[0]
    assert len(packet.payload) == 80
    assert (following.timestamp - packet.timestamp) % 2**32 == 80


def test_one_packet_each_20_ms_without_any_line(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    side.stream.disconnect()
    packets = peer.packets(25)
    assert all(packet.payload == b"\xff" * 160 for packet in packets)
    assert packets[-1].sequence == (packets[0].sequence + 24) % 65536


def test_nothing_is_sent_to_port_zero(media: Rig) -> None:
    side = media.side(media.sockets(), ("127.0.0.1", 0))
    media.ticks(10)
    assert side.stream.statistics().sent == 0
    assert side.stream.statistics().send_errors == 0


def test_a_stall_of_python_is_not_heard(media: Rig) -> None:
    """Python holds the interpreter for 300 ms: nothing is missing in what the peer got."""
    peer = media.peer()
    side = media.facing(peer)
    said = speech_like(16000)
    side.line.write_source(as_bytes(said))
    side.line.end_source()
    busy_until = time.monotonic() + 0.3
    while time.monotonic() < busy_until:
        pass
    packets = peer.packets(110)
    numbers = [(packet.sequence - packets[0].sequence) % 65536 for packet in packets]
    assert numbers == list(range(110))
    wire = from_bytes(itu_g711.decode(0, b"".join(packet.payload for packet in packets)))
    expected = from_bytes(itu_g711.decode(0, itu_g711.encode(0, as_bytes(said))))
    at = find(expected, wire)
    assert at >= 0
    assert (wire[at : at + 16000] == expected).all()
