"""The audio threads against a card that does what cards do: overruns, vanishing, nonsense."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from gateway.hardware.audio.card import Kind
from gateway.hardware.audio.direction import BAD_TRIES, GOOD_PERIODS, LIMIT
from gateway.hardware.audio.reports import Reports
from gateway.hardware.audio_alsa import AlsaAudio, Devices
from gateway.media.resample import Resampler
from tests.hardware.fake_alsa import (
    XRUN,
    Abilities,
    ALSAAudioError,
    Card,
    FakeAlsa,
    FakeLineAudio,
    Step,
)

GONE = -errno.ENODEV
OK: list[Step] = [40]
CUSHION = 88  # a period for the tick that comes too early, one for the phases, a millisecond
MARGIN = 72  # what the card has when the engine's tick comes
ENOUGH = 10_000  # written at once, however much it is
DEVICES = Devices("plughw:CARD=Mic", "plughw:CARD=Ear")


@dataclass
class Bench:
    alsa: FakeAlsa
    line: FakeLineAudio
    audio: AlsaAudio
    faults: list[str]
    pauses: list[float]
    recoveries: list[str]


@contextmanager
def running(
    capture: Sequence[Card] = (),
    playback: Sequence[Card] = (),
    *,
    devices: Devices = DEVICES,
    sink: bytes = b"",
    drained: bool = False,
    seconds_a_call: float = 1.0,
    info: dict[str, Any] | None = None,
    abilities: Abilities | None = None,
) -> Iterator[Bench]:
    alsa, line = FakeAlsa(capture, playback), FakeLineAudio()
    alsa.info = info or {}
    alsa.abilities = abilities or Abilities()
    line.late_sink += sink
    line.drain_source = drained
    ticks = count()
    faults, pauses, recoveries = list[str](), list[float](), list[str]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) >= 2 * BAD_TRIES:  # a card that never comes back: enough seen
            for event in alsa.spent.values():
                event.set()
            alsa.release.wait(10)

    audio = AlsaAudio(
        line,
        devices,
        Resampler,
        Reports(faults.append, recoveries.append),
        alsa=alsa,
        clock=lambda: next(ticks) * seconds_a_call,
        pause=pause,
    )
    audio.start()
    try:
        alsa.wait()
        yield Bench(alsa, line, audio, faults, pauses, recoveries)
    finally:
        alsa.release.set()
        audio.stop()


def test_the_card_is_asked_for_what_we_need() -> None:
    with running() as bench:
        asked = {each["type"]: each for each in bench.alsa.opened}
    wanted = {"rate": 8000, "channels": 1, "periodsize": 40, "mode": 0}
    for kind, device, periods in (
        (FakeAlsa.PCM_CAPTURE, "plughw:CARD=Mic", 16),
        (FakeAlsa.PCM_PLAYBACK, "plughw:CARD=Ear", 3),
    ):
        expected = wanted | {"device": device, "periods": periods}
        assert {key: asked[kind][key] for key in expected} == expected


def test_each_ring_has_one_thread_and_the_engine_is_commanded_by_the_caller() -> None:
    with running([OK * 50], [[ENOUGH] * 50], sink=sound(4000)) as bench:
        pass
    line, here = bench.line, threading.get_ident()
    assert len(line.source_writers) == len(line.sink_readers) == 1
    assert not line.source_writers & line.sink_readers
    assert [name for name, _ in line.commands] == ["start_sink", "stop_sink", "end_source"]
    assert {thread for _, thread in line.commands} == {here}


def test_capture_begins_with_a_cushion() -> None:
    with running([OK]) as bench:
        assert len(bench.line.source) // 2 == CUSHION + 40
        assert bench.audio.capture.counters.inserted == CUSHION


def test_a_ring_that_ran_empty_gets_its_cushion_again() -> None:
    with running([OK * 3], drained=True) as bench:
        assert bench.audio.capture.counters.inserted == 3 * CUSHION


def sound(samples: int) -> bytes:
    """A ramp: every sample differs from its neighbours."""
    return b"".join((n % 30000 + 1).to_bytes(2, "little") for n in range(samples))


def silence(samples: int) -> bytes:
    return bytes(2 * samples)


def written(bench: Bench) -> bytes:
    return bytes(bench.alsa.pcms[FakeAlsa.PCM_PLAYBACK][-1].written)


def test_the_card_gets_its_margin_and_then_the_sound() -> None:
    with running([], [[ENOUGH] * 4], sink=sound(80)) as bench:
        assert written(bench) == silence(40 + MARGIN) + sound(80)


def test_old_sound_is_not_played_late() -> None:
    with running([], [[ENOUGH] * 4], sink=sound(1000)) as bench:
        assert written(bench) == silence(40 + MARGIN) + sound(1000)[-2 * 80 :]
        assert bench.audio.playback.counters.discarded == 1000 - 80


def test_a_card_plays_silence_while_the_engine_has_nothing() -> None:
    with running([], [[ENOUGH] * 6], sink=sound(39)) as bench:
        assert written(bench) == silence(6 * 40)


def test_the_tick_is_waited_for_while_the_card_has_something() -> None:
    with running([], [[ENOUGH]], abilities=Abilities(queued=60)) as bench:
        assert bench.audio.playback.counters.periods == 0
        assert set(bench.pauses) == {0.0025}


XRUNS = [
    ("capture", [[*OK, XRUN, *OK, XRUN, *OK]], [], 2),
    ("playback", [], [[ENOUGH, ENOUGH, XRUN, ENOUGH, XRUN, XRUN, ENOUGH]], 3),
]


@pytest.mark.parametrize(("side", "capture", "playback", "xruns"), XRUNS)
def test_xruns_are_counted_and_survived(
    side: str, capture: list[Card], playback: list[Card], xruns: int
) -> None:
    with running(capture, playback, sink=sound(80)) as bench:
        counters = getattr(bench.audio, side).counters
        assert (counters.xruns, counters.opened) == (xruns, 1)
        assert bench.faults == []


def test_an_underrun_loses_no_sample() -> None:
    """write() answers -EPIPE and has taken nothing: the same sound goes again, after a margin."""
    steps = [ENOUGH, ENOUGH, ENOUGH, XRUN, XRUN, ENOUGH]
    with running([], [steps], sink=sound(80)) as bench:
        assert written(bench) == (
            silence(40 + MARGIN) + sound(40) + silence(MARGIN) + sound(80)[80:]
        )


def test_a_short_write_is_finished() -> None:
    with running([], [[ENOUGH, ENOUGH, 15, 15, 10]], sink=sound(80)) as bench:
        assert written(bench) == silence(40 + MARGIN) + sound(40)


SHAPES = [
    ("8 kHz", Abilities([8000, 48000], [1, 2]), "plughw:Device", 8000, 1),
    ("a range", Abilities((8000, 192000), [1]), "plughw:Device", 8000, 1),
    ("a dongle", Abilities([44100, 48000], [2]), "plughw:Device", 48000, 2),
    ("one rate", Abilities(48000, [1, 2]), "hw:Device", 48000, 1),
    ("CDs", Abilities(44100, [2]), "hw:Device", 44100, 2),
    ("wide band", Abilities([16000, 44100, 48000], [1]), "hw:Device", 16000, 1),
    ("a plug-in", Abilities((4000, 1 << 31), list(range(1, 100))), "default", 8000, 1),
]


@pytest.mark.parametrize(
    ("abilities", "device", "rate", "channels"), [r[1:] for r in SHAPES], ids=[r[0] for r in SHAPES]
)
def test_a_card_is_opened_at_its_own_rate(
    abilities: Abilities, device: str, rate: int, channels: int
) -> None:
    with running(devices=Devices(device, device), abilities=abilities) as bench:
        assert {(each["rate"], each["channels"]) for each in bench.alsa.opened} == {
            (rate, channels)
        }
        assert {each["periodsize"] for each in bench.alsa.opened} == {rate // 200}
        for side in (bench.audio.capture, bench.audio.playback):
            assert side.shape is not None
            assert side.shape.name == "USB Audio Device"
            assert side.shape.period_ms == pytest.approx(5, abs=0.02)


def test_a_stereo_card_at_48_khz_is_heard_on_its_left() -> None:
    dongle = Abilities(48000, [2])
    with running([[240] * 20], abilities=dongle) as bench:
        source = bytes(bench.line.source[2 * CUSHION :])
        samples = [int.from_bytes(source[i : i + 2], "little") for i in range(0, len(source), 2)]
    assert len(samples) == pytest.approx(20 * 40, abs=30)  # the filter holds 3 ms back
    assert set(samples[200:]) == {240 + 256}  # what the fake card says on the left


def test_a_stereo_card_at_48_khz_plays_on_both_sides() -> None:
    level = (1000).to_bytes(2, "little")
    with running([], [[ENOUGH] * 12], sink=level * 400, abilities=Abilities(48000, [2])) as bench:
        frames = written(bench)
    left, right = frames[0::4] + frames[1::4], frames[2::4] + frames[3::4]
    assert left == right
    assert level * 2 in frames


LOST: list[tuple[str, list[Card], list[Card], str]] = [
    ("missing", [ALSAAudioError("No such device"), OK], [], "plughw:CARD=Mic (capture): No such"),
    ("refused", [ALSAAudioError("Device or resource busy"), OK], [], "busy"),
    ("unplugged, told by number", [[40, 40, GONE], OK], [], "No such device"),
    ("unplugged, told by exception", [[40, ALSAAudioError("gone")], OK], [], "gone"),
    ("overruns without end", [[XRUN] * BAD_TRIES, OK], [], "no sound any more"),
    ("reads nothing without end", [[0] * BAD_TRIES, OK], [], "no sound any more"),
    ("missing earpiece", [], [ALSAAudioError("No such device"), OK], "CARD=Ear (playback): No"),
    ("unplugged earpiece", [], [[40, 40, GONE], OK], "No such device"),
    ("underruns without end", [], [[XRUN] * BAD_TRIES, OK], "takes no sound any more"),
    ("writes nothing without end", [], [[0] * BAD_TRIES, OK], "takes no sound any more"),
]


@pytest.mark.parametrize(
    ("capture", "playback", "said"), [r[1:] for r in LOST], ids=[r[0] for r in LOST]
)
def test_a_lost_card_is_reported_and_tried_again(
    capture: list[Card], playback: list[Card], said: str
) -> None:
    with running(capture, playback, sink=sound(80)) as bench:
        (fault,) = bench.faults
        assert said in fault
        assert "it is tried again until it works" in fault
        kind = FakeAlsa.PCM_CAPTURE if capture else FakeAlsa.PCM_PLAYBACK
        assert all(pcm.closed for pcm in bench.alsa.pcms[kind][:-1])
        assert bench.pauses
        side = bench.audio.capture if capture else bench.audio.playback
        assert side.fault in fault
        assert side.fault


REPORTS = [
    ("one way", "f:capture", ["fault capture"]),
    ("both ways", "f:capture f:playback r:capture", ["fault capture"]),
    ("and back", "f:playback f:capture r:playback r:capture", ["fault playback", "works"]),
    ("and again", "f:capture r:capture f:capture", ["fault capture", "works", "fault capture"]),
    ("a warning twice", "w: w:", ["no such level"]),
]


@pytest.mark.parametrize(
    ("happened", "told"), [r[1:] for r in REPORTS], ids=[r[0] for r in REPORTS]
)
def test_a_card_is_reported_once(happened: str, told: list[str]) -> None:
    heard = list[str]()
    reports = Reports(
        lambda text: heard.append(f"fault {'capture' if '(capture)' in text else 'playback'}"),
        lambda text: heard.append(text.rpartition(" ")[2]),
        heard.append,
    )
    for word in happened.split():
        what, _, name = word.partition(":")
        kind: Kind = "capture" if name == "capture" else "playback"
        if what == "f":
            reports.fault(kind, "plughw:CARD=Phone", "gone")
        elif what == "r":
            reports.recovered(kind, "plughw:CARD=Phone")
        else:
            reports.warning("no such level")
    assert heard == told


def test_retries_grow_slower_and_say_no_more() -> None:
    with running([ALSAAudioError("No such device")] * 40) as bench:
        waits = bench.pauses[:6]
        assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
        assert len(bench.faults) == 1


def test_a_card_that_opens_and_dies_does_not_reset_the_pauses() -> None:
    with running([[40, GONE]] * 4 + [OK]) as bench:
        assert bench.pauses == [0.25, 0.5, 1.0, 2.0]


def test_half_a_second_of_sound_is_a_recovery() -> None:
    with running([[GONE], OK * GOOD_PERIODS, []], drained=True) as bench:
        assert len(bench.faults) == 1
        assert bench.recoveries == ["sound card plughw:CARD=Mic works"]


WRONG = [
    ({"rate": 44100}, None, "rate 44100 instead of 8000; name it as plughw"),
    ({"channels": 2}, None, "channels 2 instead of 1"),
    ({"format_name": "S32_LE"}, None, "format_name S32_LE instead of S16_LE"),
    ({"period_size": 1024}, None, "moves 1024 samples at a time"),
    ({}, Abilities([5512, 6000]), "none of the usual rates; it has [5512, 6000]"),
]


@pytest.mark.parametrize(("info", "abilities", "said"), WRONG)
def test_a_card_that_agreed_to_something_else(
    info: dict[str, Any], abilities: Abilities | None, said: str
) -> None:
    with running(info=info, abilities=abilities) as bench:
        assert all(said in fault for fault in bench.faults)
        assert bench.faults
        assert all(pcm.closed for pcm in bench.alsa.pcms[FakeAlsa.PCM_CAPTURE])


def test_a_card_faster_than_sound_is_no_card() -> None:
    with running([OK * GOOD_PERIODS, []], seconds_a_call=0.0, drained=True) as bench:
        assert "faster than sound" in bench.faults[0]


def test_a_ring_that_nobody_empties_is_not_filled_for_ever() -> None:
    with running([OK * 100]) as bench:
        assert len(bench.line.source) // 2 <= CUSHION + LIMIT + 40
        assert bench.audio.capture.counters.discarded > 0
        assert bench.faults == []


def test_stopping_twice() -> None:
    with running() as bench:
        pass
    bench.audio.stop()
    assert len(bench.line.commands) == 3
