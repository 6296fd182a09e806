"""What arrives: a bare RTP peer speaks, the line's earpiece is compared with what it said."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gateway.media import FirstPacket, RtpResumed, RtpTimeout, SourceChanged
from tests.media import itu_g711
from tests.media.rig import Peer, Rig, Side, build, own
from tests.media.signals import Pcm, as_bytes, find, from_bytes, speech_like, through

Sockets = tuple[socket.socket, socket.socket]


class Talker:
    """Sends speech packet by packet, paced by the engine's own ticks, always 80 ms ahead.

    The lead is what makes the tests independent of how promptly this process runs. Where promptness
    is the question, the engine itself is the sender.
    """

    def __init__(self, media: Rig, peer: Peer, side: Side, *, law: int = 0) -> None:
        self.media, self.peer, self.side, self.law = media, peer, side, law
        self.sequence, self.timestamp, self.ssrc = 65500, 0xFFFFF000, 0xBEEF
        self.payload_type = 8 if law else 0
        self.samples = 160
        self.lead = 640

    def packet(self, pcm: Pcm) -> bytes:
        data = build(
            itu_g711.encode(self.law, as_bytes(pcm)),
            payload_type=self.payload_type,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
        )
        self.sequence += 1
        self.timestamp += len(pcm)
        return data

    def pieces(self, pcm: Pcm) -> Iterator[Pcm]:
        for at in range(0, len(pcm), self.samples):
            yield pcm[at : at + self.samples]

    def say(self, pcm: Pcm) -> None:
        for piece in self.pieces(pcm):
            self.peer.send(self.packet(piece), self.side.rtp)
            ahead = min(self.lead, len(piece))
            self.lead -= ahead
            self.media.ticks((len(piece) - ahead) // 80)


def facing(media: Rig, **changes: object) -> tuple[Peer, Side, Talker]:
    peer = media.peer()
    side = media.facing(peer, **changes)
    side.line.start_sink()
    return peer, side, Talker(media, peer, side)


def heard_whole(media: Rig, side: Side, said: Pcm, law: int = 0) -> bool:
    heard = from_bytes(media.collect(side.line, side.line.sink_level() + 2400))
    expected = through(law, said)
    at = find(expected, heard)
    return at >= 0 and np.array_equal(heard[at : at + len(expected)], expected)


@pytest.mark.parametrize(("law", "samples"), [(0, 160), (1, 160), (0, 80), (0, 480), (1, 240)])
def test_speech_is_heard_bit_exactly(media: Rig, law: int, samples: int) -> None:
    _, side, talker = facing(media)
    talker.law, talker.payload_type, talker.samples = law, 8 * law, samples
    said = speech_like(9600)
    talker.say(said)
    assert heard_whole(media, side, said, law)
    counters = side.stream.statistics()
    assert (counters.received, counters.lost) == (9600 // samples, 0)
    assert counters.mos is not None
    assert counters.mos > 4


def test_the_peer_may_change_between_the_laws_without_signalling(media: Rig) -> None:
    _, side, talker = facing(media, codec=8)
    said = speech_like(6400)
    talker.say(said[:3200])
    talker.law, talker.payload_type = 1, 8
    talker.say(said[3200:])
    heard = from_bytes(media.collect(side.line, side.line.sink_level() + 2400))
    first, second = through(0, said[:3200]), through(1, said[3200:])
    at = find(first, heard)
    assert at >= 0
    assert np.array_equal(heard[at : at + 6400], np.concatenate([first, second]))


@pytest.mark.parametrize("law", [0, 1])
def test_a_dynamic_payload_type_means_the_codec(media: Rig, law: int) -> None:
    _, side, talker = facing(media, codec=8 * law, receive_payload_type=97)
    talker.law, talker.payload_type = law, 97
    said = speech_like(6400)
    talker.say(said)
    assert heard_whole(media, side, said, law)


def test_disorder_and_duplicates_are_not_heard(media: Rig) -> None:
    peer, side, talker = facing(media)
    said = speech_like(8000)
    talker.say(said[:1600])
    rest = [talker.packet(piece) for piece in talker.pieces(said[1600:])]
    for even, odd in zip(rest[::2], rest[1::2], strict=True):
        for data in (odd, even, odd):
            peer.send(data, side.rtp)
        media.ticks(4)
    counters = side.stream.statistics()
    assert counters.duplicates == 20
    assert counters.reordered == 20
    assert counters.lost == 0
    assert heard_whole(media, side, said)


def silent_for(heard: Pcm) -> float:
    """The longest run of exact silence after the first sound, in ms."""
    loud = np.flatnonzero(heard)
    return float(np.diff(loud).max() - 1) / 8 if len(loud) > 1 else float("inf")


JUMPS = {
    "sequence": {"sequence": 30000},
    "timestamp": {"timestamp": 0x50000000},
    "timestamp a little": {"timestamp": 4000 + 3000},
    "timestamp back": {"timestamp": 4000 - 3000},
    "ssrc": {"ssrc": 0xCAFE},
    "all": {"ssrc": 0xCAFE, "sequence": 7, "timestamp": 99},
}


def jump(
    media: Rig, side: Side, pair: Sockets, other: Sockets, changes: dict[str, int]
) -> tuple[Pcm, Pcm]:
    """An engine's stream speaks to `side`, then another in its place: what was said, and heard.

    The first stream runs until its timestamp is about 4,000 and its sequence number about 25.
    """
    start: dict[str, Any] = {"ssrc": 0xBEEF, "sequence": 0, "timestamp": 0}
    go_on: dict[str, Any] = {"ssrc": 0xBEEF, "sequence": 25, "timestamp": 4000}
    said = speech_like(16000)
    first = media.side(pair, own(side.rtp), **start)
    first.line.write_source(as_bytes(said))
    media.ticks(50)
    second = media.engine.open_stream(
        replace(first.stream.settings, rtp_fd=other[0].fileno(), **(go_on | changes))
    )
    first.stream.stop()
    second.connect(first.line)
    media.ticks(50)
    return through(0, said), from_bytes(media.collect(side.line, side.line.sink_level()))


@pytest.mark.parametrize("what", JUMPS)
def test_a_jump_mid_call_mutes_no_more_than_100_ms(media: Rig, what: str) -> None:
    pair = media.sockets()
    side = media.side(media.sockets(), own(pair[0]))
    side.line.start_sink()
    said, heard = jump(media, side, pair, pair, JUMPS[what])
    assert silent_for(heard) <= 100
    assert find(said[6400:7200], heard) > 0  # what was said after the jump


def test_a_cluster_member_takes_over_within_100_ms(media: Rig) -> None:
    pair, other = media.sockets(), media.sockets()
    side = media.side(media.sockets(), own(pair[0]), latch=True, takeover=("127.0.0.0/8",))
    side.line.start_sink()
    said, heard = jump(media, side, pair, other, JUMPS["all"])
    (changed,) = media.wait(SourceChanged)
    assert changed.source == own(other[0])
    assert silent_for(heard) <= 100
    assert find(said[6400:7200], heard) > 0


def test_strangers_are_not_heard(media: Rig) -> None:
    _, side, talker = facing(media)
    talker.say(speech_like(1600))
    stranger = media.peer()
    intruder = Talker(media, stranger, side)
    intruder.say(speech_like(3200, seed=9))
    counters = side.stream.statistics()
    assert counters.received == 10
    assert counters.discarded_source == 20


@pytest.mark.parametrize(("allow", "follows"), [((), True), (("127.0.0.0/8",), False)])
def test_latching_answers_a_peer_behind_nat(
    media: Rig, allow: tuple[str, ...], follows: bool
) -> None:
    signalled, real = media.peer(), media.peer()
    side = media.facing(signalled, latch=True, allow=allow)
    Talker(media, real, side).say(speech_like(1600))
    (changed,) = media.wait(SourceChanged)
    assert changed.source == real.address
    media.ticks(2)
    signalled.drain()
    real.drain()
    media.ticks(8)
    assert (real.drain() > 0) == follows
    assert (signalled.drain() > 0) == (not follows)


def test_outside_the_networks_nobody_latches(media: Rig) -> None:
    side = media.facing(media.peer(), latch=True, allow=("10.0.0.0/8",))
    Talker(media, media.peer(), side).say(speech_like(1600))
    assert side.stream.statistics().received == 0


def test_first_packet_timeout_and_resumption(media: Rig) -> None:
    peer, side, talker = facing(media, timeout_s=0.2)
    talker.say(speech_like(320))
    (first,) = media.wait(FirstPacket)
    assert first.source == peer.address
    (timeout,) = media.wait(RtpTimeout)
    assert 0.2 <= (timeout.t_ns - first.t_ns) / 1e9 < 0.5
    talker.say(speech_like(320))
    media.wait(RtpResumed)
    assert side.stream.statistics().received == 4


def test_nothing_is_awaited_or_heard_on_hold(media: Rig) -> None:
    _, side, talker = facing(media, timeout_s=0.1, receiving=False)
    talker.say(speech_like(3200))
    media.ticks(15)
    assert side.stream.statistics().received == 0
    assert not [one for one in media.events if isinstance(one, RtpTimeout)]
    assert not from_bytes(media.collect(side.line, 1600)).any()
    side.stream.update(receiving=True)
    media.ticks(2)
    said = speech_like(3200, seed=4)
    talker.say(said)
    assert heard_whole(media, side, said)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", bytes(12), b"\xff" * 40, build(b"x" * 2000), b"\x9f" + bytes(20), b"\r\n\r\n"],
)
def test_rubbish_is_counted_and_harmless(media: Rig, data: bytes) -> None:
    peer, side, talker = facing(media)
    talker.say(speech_like(320))
    peer.send(data, side.rtp)
    media.ticks(2)
    said = speech_like(1600, seed=3)
    talker.say(said)
    assert side.stream.statistics().malformed == 1
    assert side.stream.statistics().received == 12


def test_lost_packets_are_concealed_and_counted(media: Rig) -> None:
    _, side, talker = facing(media)
    said = speech_like(8000)
    for number, piece in enumerate(talker.pieces(said)):
        data = talker.packet(piece)
        if number % 10 != 5:
            talker.peer.send(data, side.rtp)
        media.ticks(2)
    heard = from_bytes(media.collect(side.line, side.line.sink_level()))
    counters = side.stream.statistics()
    assert counters.lost == 5
    assert counters.concealed_ms == pytest.approx(100, abs=30)
    assert silent_for(heard) < 10


def test_any_bytes_are_survived(media: Rig) -> None:
    rng = random.Random(3)
    # Without digits: those are played to the line, one after the other, instead of speech.
    peer, side, talker = facing(media, dtmf_payload_type=None)
    kinds = (0, 8, 13, 101, 72, 200)
    for number in range(3000):
        payload = rng.randbytes(rng.choice((0, 1, 4, 8, 160, 400, 1400)))
        data = build(
            payload,
            payload_type=rng.choice(kinds) & 127,
            sequence=number if rng.random() < 0.7 else rng.getrandbits(16),
            timestamp=number * 160 if rng.random() < 0.7 else rng.getrandbits(32),
            ssrc=rng.choice((1, 2, rng.getrandbits(32))),
        )
        damaged = bytes([rng.getrandbits(8), *data[1:]]) if rng.random() < 0.3 else data
        peer.send(damaged, side.rtp)
        peer.rtcp.sendto(damaged, side.rtcp.getsockname())
        if number % 40 == 0:
            media.ticks(1)
            media.poll(0)
    media.ticks(5)
    talker.say(speech_like(1600))  # two packets of probation, then heard as if nothing had been
    said = speech_like(8000, seed=3)
    talker.say(said)
    heard = from_bytes(media.collect(side.line, side.line.sink_level() + 2400))
    assert find(through(0, said)[4000:6000], heard) > 0
    assert side.stream.statistics().malformed > 0
