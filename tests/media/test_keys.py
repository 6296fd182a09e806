"""A key's tone stays here, and the far end's keys are not taken for the telephone's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from gateway.errors import LocalProtocolError
from gateway.media import DigitGuarded, DigitStarted, SourceDrained
from tests.media.itu_g711 import decode, encode
from tests.media.rig import Packet, Rig, Side, build, event
from tests.media.signals import Pcm, as_bytes, find, from_bytes, level_of, speech_like, through

TICK = 80
HEARD_DBM0 = -40


def key_tone(samples: int, low: float = 770, high: float = 1336) -> Pcm:
    """The tone of 5."""
    times = np.arange(samples) / 8000
    both = np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times)
    return (5000 * both).astype(np.int16)


def say(media: Rig, side: Side, pcm: Pcm, at: Mapping[int, Callable[[int], object]]) -> None:
    """As a card does: one tick's samples after the other. At some of them, something happens."""
    for tick in range(len(pcm) // TICK):
        side.line.write_source(as_bytes(pcm[tick * TICK : (tick + 1) * TICK]))
        if tick in at:
            at[tick](time.monotonic_ns())
        media.ticks(1)


def tone_ms(packets: list[Packet]) -> int:
    """How many 10 ms of audio are the tone of 5."""
    audio = b"".join(decode(0, packet.payload) for packet in packets if packet.payload_type == 0)
    blocks = from_bytes(audio)[: len(audio) // 2 // TICK * TICK].reshape(-1, TICK)
    return 10 * sum(
        level_of(b, 770) > HEARD_DBM0 and level_of(b, 1336) > HEARD_DBM0 for b in blocks
    )


def test_a_key_leaves_as_an_event_and_not_as_a_tone(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    pcm = np.concatenate([np.zeros(30 * TICK), key_tone(10 * TICK), np.zeros(20 * TICK)])

    def digit(now: int) -> None:
        assert side.line.key_down("5", now)
        side.stream.digit_start("5")

    def over(now: int) -> None:
        side.line.key_up(now)
        side.stream.digit_end()

    say(
        media,
        side,
        pcm.astype(np.int16),
        {
            30: lambda now: side.line.early_tone(True, now),
            34: digit,
            40: lambda now: side.line.early_tone(False, now),
            42: over,
        },
    )
    packets = peer.packets(25)
    assert tone_ms(packets) <= 10
    events = [packet for packet in packets if packet.payload_type == 101]
    assert len({packet.timestamp for packet in events}) == 1
    statistics = side.line.statistics()
    assert statistics.early_mutes == 1
    assert statistics.muted >= 800


def test_speech_that_resembles_a_key_is_heard(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    steps: dict[int, Callable[[int], object]] = {}
    for tick in range(5, 50, 6):
        steps[tick] = lambda now: side.line.early_tone(True, now)
        steps[tick + 3] = lambda now: side.line.early_tone(False, now)
    say(media, side, speech_like(60 * TICK), steps)
    statistics = side.line.statistics()
    assert (statistics.early_mutes, statistics.muted) == (0, 0)


def test_a_digit_by_rfc_4733_is_not_the_telephones(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    side.line.start_sink()
    for n in range(10):
        payload = event(5, False, 160 * (n + 1))
        peer.send(build(payload, payload_type=101, marker=n == 0, sequence=n), side.rtp)
        media.ticks(2)
    media.wait(DigitStarted)
    now = time.monotonic_ns()
    assert not side.line.key_down("5", now)
    assert side.line.key_down("6", now)
    (guarded,) = media.wait(DigitGuarded)
    assert guarded == DigitGuarded(side.line, "5", now)
    assert side.line.statistics().digits_guarded == 1


def test_a_digit_by_sound_is_not_the_telephones(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    side.line.start_sink()
    tone = encode(0, key_tone(3200).tobytes())
    for n in range(20):
        payload = tone[n * 160 : (n + 1) * 160]
        peer.send(build(payload, sequence=n, timestamp=160 * n), side.rtp)
        media.ticks(2)
    assert not side.line.key_down("5", time.monotonic_ns())
    media.wait(DigitGuarded)


def test_long_after_it_the_key_is_the_telephones(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    peer.send(build(event(5, True, 400), payload_type=101, marker=True), side.rtp)
    media.wait(DigitStarted)
    media.ticks(30)
    assert side.line.key_down("5", time.monotonic_ns())


def test_looking_ahead_delays_and_changes_nothing(media: Rig) -> None:
    a, b = media.couple()
    late = media.engine.open_line(lookahead_ms=50)
    a.stream.connect(late)
    b.line.start_sink()
    said = speech_like(8000)
    media.ticks(2)
    late.write_source(as_bytes(said))
    late.end_source()
    media.wait(SourceDrained)
    media.ticks(20)
    heard = from_bytes(b.line.read_sink(100_000))
    expected = through(0, said)
    at = find(expected, heard)
    assert at >= 400
    assert np.array_equal(heard[at : at + 8000], expected)


def test_how_far_it_can_look(media: Rig) -> None:
    with pytest.raises(LocalProtocolError):
        media.engine.open_line(lookahead_ms=51)
