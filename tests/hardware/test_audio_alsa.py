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

from gateway.hardware.audio.direction import BAD_TRIES, GOOD_PERIODS, LIMIT, TARGET
from gateway.hardware.audio_alsa import AlsaAudio
from tests.hardware.fake_alsa import XRUN, ALSAAudioError, Card, FakeAlsa, FakeLineAudio, Step

GONE = -errno.ENODEV
OK: list[Step] = [80]


@dataclass
class Bench:
    alsa: FakeAlsa
    line: FakeLineAudio
    audio: AlsaAudio
    faults: list[str]
    pauses: list[float]
    recoveries: list[int]


@contextmanager
def running(
    capture: Sequence[Card] = (),
    playback: Sequence[Card] = (),
    *,
    sink: bytes = b"",
    drained: bool = False,
    seconds_a_call: float = 1.0,
    info: dict[str, Any] | None = None,
) -> Iterator[Bench]:
    alsa, line = FakeAlsa(capture, playback), FakeLineAudio()
    alsa.info = info or {}
    line.sink += sink
    line.drain_source = drained
    ticks = count()
    faults, pauses, recoveries = list[str](), list[float](), list[int]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) >= 2 * BAD_TRIES:  # a card that never comes back: enough seen
            for event in alsa.spent.values():
                event.set()
            alsa.release.wait(10)

    audio = AlsaAudio(
        line,
        "plughw:CARD=Mic",
        "plughw:CARD=Ear",
        faults.append,
        on_recovered=lambda: recoveries.append(1),
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
        (asked,) = [a for a in bench.alsa.opened if a["type"] == FakeAlsa.PCM_CAPTURE]
    assert asked["device"] == "plughw:CARD=Mic"
    wanted = {"rate": 8000, "channels": 1, "periodsize": 80, "periods": 4, "mode": 0}
    assert {key: asked[key] for key in wanted} == wanted


def test_each_ring_has_one_thread_and_the_engine_is_commanded_by_the_caller() -> None:
    with running([OK * 50], [OK * 50], sink=sound(4000)) as bench:
        pass
    line, here = bench.line, threading.get_ident()
    assert len(line.source_writers) == len(line.sink_readers) == 1
    assert not line.source_writers & line.sink_readers
    assert [name for name, _ in line.commands] == ["start_sink", "stop_sink", "end_source"]
    assert {thread for _, thread in line.commands} == {here}


def test_capture_begins_with_a_cushion() -> None:
    with running([OK]) as bench:
        assert len(bench.line.source) // 2 == TARGET + 80
        assert bench.audio.capture.inserted == TARGET


def test_a_ring_that_ran_empty_gets_its_cushion_again() -> None:
    with running([OK * 3], drained=True) as bench:
        assert bench.audio.capture.inserted == 3 * TARGET


def sound(samples: int) -> bytes:
    """A ramp: every sample differs from its neighbours."""
    return b"".join((n % 30000 + 1).to_bytes(2, "little") for n in range(samples))


def written(bench: Bench) -> bytes:
    return bytes(bench.alsa.pcms[FakeAlsa.PCM_PLAYBACK][-1].written)


def test_sound_goes_to_the_card() -> None:
    with running([], [OK * 5], sink=sound(TARGET)) as bench:
        assert written(bench) == bytes(2 * 160) + sound(TARGET)


def test_old_sound_is_not_played_late() -> None:
    with running([], [OK * 5], sink=sound(1000)) as bench:
        assert written(bench) == bytes(2 * 160) + sound(1000)[-2 * TARGET :]
        assert bench.audio.playback.discarded == 1000 - TARGET


def test_the_card_plays_silence_until_the_ring_has_its_cushion() -> None:
    with running([], [OK * 6], sink=sound(TARGET - 1)) as bench:
        assert written(bench) == bytes(6 * 160)
        assert len(bench.line.sink) == 2 * (TARGET - 1)


def test_a_sink_that_ran_empty_gets_its_cushion_again() -> None:
    with running([], [OK * 8], sink=sound(TARGET)) as bench:
        assert written(bench) == bytes(2 * 160) + sound(TARGET) + bytes(3 * 160)


XRUNS = [
    ("capture", [[*OK, XRUN, *OK, XRUN, *OK]], [], 2),
    ("playback", [], [[80, 80, XRUN, 80, XRUN, XRUN, 80]], 3),
]


@pytest.mark.parametrize(("side", "capture", "playback", "xruns"), XRUNS)
def test_xruns_are_counted_and_survived(
    side: str, capture: list[Card], playback: list[Card], xruns: int
) -> None:
    with running(capture, playback, sink=sound(TARGET)) as bench:
        counters = getattr(bench.audio, side)
        assert (counters.xruns, counters.opened) == (xruns, 1)
        assert bench.faults == []


def test_an_underrun_loses_no_sample() -> None:
    """write() answers -EPIPE and has taken nothing: the same sound goes again."""
    with running([], [[80, 80, 80, XRUN, 80, 80]], sink=sound(TARGET)) as bench:
        assert written(bench) == bytes(2 * 160) + sound(TARGET)


def test_a_short_write_is_finished() -> None:
    with running([], [[80, 80, 30, 30, 20]], sink=sound(TARGET)) as bench:
        assert written(bench) == bytes(2 * 160) + sound(80)


LOST: list[tuple[str, list[Card], list[Card], str]] = [
    ("missing", [ALSAAudioError("No such device"), OK], [], "plughw:CARD=Mic (capture): No such"),
    ("refused", [ALSAAudioError("Device or resource busy"), OK], [], "busy"),
    ("unplugged, told by number", [[80, 80, GONE], OK], [], "No such device"),
    ("unplugged, told by exception", [[80, ALSAAudioError("gone")], OK], [], "gone"),
    ("overruns without end", [[XRUN] * BAD_TRIES, OK], [], "no sound any more"),
    ("reads nothing without end", [[0] * BAD_TRIES, OK], [], "no sound any more"),
    ("missing earpiece", [], [ALSAAudioError("No such device"), OK], "CARD=Ear (playback): No"),
    ("unplugged earpiece", [], [[80, 80, GONE], OK], "No such device"),
    ("underruns without end", [], [[XRUN] * BAD_TRIES, OK], "takes no sound any more"),
    ("writes nothing without end", [], [[0] * BAD_TRIES, OK], "takes no sound any more"),
]


@pytest.mark.parametrize(
    ("capture", "playback", "said"), [r[1:] for r in LOST], ids=[r[0] for r in LOST]
)
def test_a_lost_card_is_reported_and_tried_again(
    capture: list[Card], playback: list[Card], said: str
) -> None:
    with running(capture, playback, sink=sound(TARGET)) as bench:
        (fault,) = bench.faults
        assert said in fault
        assert "it is tried again until it works" in fault
        kind = FakeAlsa.PCM_CAPTURE if capture else FakeAlsa.PCM_PLAYBACK
        assert all(pcm.closed for pcm in bench.alsa.pcms[kind][:-1])
        assert bench.pauses


def test_retries_grow_slower_and_say_no_more() -> None:
    with running([ALSAAudioError("No such device")] * 40) as bench:
        waits = bench.pauses[:6]
        assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
        assert len(bench.faults) == 1


def test_a_card_that_opens_and_dies_does_not_reset_the_pauses() -> None:
    with running([[80, GONE]] * 4 + [OK]) as bench:
        assert bench.pauses == [0.25, 0.5, 1.0, 2.0]


def test_a_second_of_sound_is_a_recovery() -> None:
    with running([[GONE], OK * GOOD_PERIODS, []], drained=True) as bench:
        assert len(bench.faults) == 1
        assert bench.recoveries == [1]


WRONG = [
    ({"rate": 48000}, "rate 48000 instead of 8000; name it as plughw"),
    ({"channels": 2}, "channels 2 instead of 1"),
    ({"format_name": "S32_LE"}, "format_name S32_LE instead of S16_LE"),
    ({"period_size": 1024}, "moves 1024 samples at a time"),
]


@pytest.mark.parametrize(("info", "said"), WRONG)
def test_a_card_that_agreed_to_something_else(info: dict[str, Any], said: str) -> None:
    with running(info=info) as bench:
        assert all(said in fault for fault in bench.faults)
        assert bench.faults
        assert all(pcm.closed for pcm in bench.alsa.pcms[FakeAlsa.PCM_CAPTURE])


def test_a_card_faster_than_sound_is_no_card() -> None:
    with running([OK * GOOD_PERIODS, []], seconds_a_call=0.0, drained=True) as bench:
        assert "faster than sound" in bench.faults[0]


def test_a_ring_that_nobody_empties_is_not_filled_for_ever() -> None:
    with running([OK * 100]) as bench:
        assert len(bench.line.source) // 2 <= LIMIT + 80
        assert bench.audio.capture.discarded > 0
        assert bench.faults == []


def test_stopping_twice() -> None:
    with running() as bench:
        pass
    bench.audio.stop()
    assert len(bench.line.commands) == 3
