"""Sound between a card and the engine in virtual time: whole, on time, whatever the clocks do."""

from __future__ import annotations

import errno
from collections.abc import Callable
from itertools import pairwise

import pytest

from gateway.hardware.audio.capture import Capture
from gateway.hardware.audio.playback import Playback
from tests.hardware.fake_alsa import ALSAAudioError
from tests.hardware.virtual_sound import RAMP, TICK, CardSettings, Run, run

SETTLED = 8000 * 12  # samples: twelve seconds
SIDES = [Capture, Playback]
Side = type[Capture] | type[Playback]
Late = Callable[[int], float]


def breaks(sound: list[int]) -> int:
    """Places where a ramp does not go on."""
    return sum(b != a % RAMP + 1 for a, b in pairwise(sound))


def sound_of(done: Run) -> list[int]:
    """What arrived, once all is settled."""
    if isinstance(done.side, Capture):
        return done.engine.heard.tolist()[SETTLED:]
    return done.pcm.played.tolist()[SETTLED:]


def delay_ms(done: Run) -> float:
    """Of the sample that waits least in the engine, from the one end to the other.

    To the engine that is the last of a tick, from it the first.
    """
    if isinstance(done.side, Capture):
        value = done.engine.heard[-1]
        number = max(
            n for n in range(value - 1, 1 << 30, RAMP) if n < len(done.engine.heard) + 9000
        )
        return 1000 * (done.engine.heard_at[-1] - done.pcm.captured_at(number))
    place = len(done.pcm.played) - TICK
    value = done.pcm.played[place]
    number = max(n for n in range(value - 1, 1 << 30, RAMP) if n < done.engine.given)
    return 1000 * (done.pcm.played_at(place) - done.engine.given_at(number))


def smooth(_number: int) -> float:
    return 0.0001


def held_up(number: int) -> float:
    """Half a millisecond now and then, and two from time to time."""
    return 0.002 if number % 611 == 0 else 0.0005 if number % 7 == 0 else 0.0001


# The card's position step, how the threads are held up, and the most that it may cost.
STEADY: list[tuple[str, float, Late, float, float]] = [
    ("a fine card", 0.0, smooth, 6.0, 8.5),
    ("a USB card", 0.001, smooth, 7.0, 8.5),
    ("a card moved by a slow timer", 0.004, smooth, 9.0, 8.5),
    ("threads held up", 0.001, held_up, 7.0, 8.5),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("step_s", "late", "to_engine_ms", "to_card_ms"),
    [r[1:] for r in STEADY],
    ids=[r[0] for r in STEADY],
)
def test_sound_is_whole_and_early(
    side: Side, step_s: float, late: Late, to_engine_ms: float, to_card_ms: float
) -> None:
    done = run(side, CardSettings(step_s=max(step_s, 1e-4)), late=late)
    assert breaks(sound_of(done)) == 0
    assert len(sound_of(done)) > 8000 * 15
    assert done.side.counters.xruns == 0
    assert delay_ms(done) <= (to_engine_ms if side is Capture else to_card_ms)
    assert done.faults == []


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("ppm", [-500, -100, 100, 500])
def test_clocks_that_differ_cost_single_samples(side: Side, ppm: float) -> None:
    done = run(side, CardSettings(ppm=ppm), seconds=120)
    lost = 8000 * 110 * abs(ppm) * 1e-6
    assert breaks(sound_of(done)) <= 1.2 * lost + 30
    assert done.side.counters.xruns == 0
    assert delay_ms(done) < 15


SHAPES = [
    ("8 kHz", CardSettings([8000, 48000], [1, 2]), "plughw:Device", 8000, 1),
    ("a range", CardSettings((8000, 192000), [1]), "plughw:Device", 8000, 1),
    ("a dongle", CardSettings([44100, 48000], [2]), "plughw:Device", 48000, 2),
    ("one rate", CardSettings(48000, [1, 2]), "hw:Device", 48000, 1),
    ("CDs", CardSettings(44100, [2]), "hw:Device", 44100, 2),
    ("wide band", CardSettings([16000, 44100, 48000], [1]), "hw:Device", 16000, 1),
    ("a plug-in", CardSettings((4000, 1 << 31), list(range(1, 100))), "default", 8000, 1),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("settings", "device", "rate", "channels"), [r[1:] for r in SHAPES], ids=[r[0] for r in SHAPES]
)
def test_a_card_is_opened_at_its_own_rate(
    side: Side, settings: CardSettings, device: str, rate: int, channels: int
) -> None:
    done = run(side, settings, device=device, seconds=4)
    asked = done.alsa.asked[-1]
    assert (asked["device"], asked["rate"], asked["channels"]) == (device, rate, channels)
    assert (asked["periodsize"], asked["periods"]) == (rate // 200, 16)
    assert done.faults == []
    assert done.side.counters.samples == pytest.approx(4 * 8000, rel=0.05)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_another_rate_costs_three_milliseconds(side: Side, rate: int) -> None:
    done = run(side, CardSettings(rate, [2]))
    waits = done.side.delay_ms
    assert waits is not None
    assert waits < 8.5
    assert done.side.counters.xruns == 0
    # A ramp of 8 kHz is one of another slope at the card: no step in it but where it begins anew.
    heard = done.engine.heard if side is Capture else done.pcm.played
    steps = [b - a for a, b in pairwise(heard.tolist()[SETTLED : SETTLED + 20_000])]
    slope = rate / 8000 if side is Capture else 8000 / rate
    assert sum(abs(step - slope) > 1 for step in steps) < 400


LOST: list[tuple[str, CardSettings, str]] = [
    ("missing", CardSettings(missing=[ALSAAudioError("No such device")]), "No such device"),
    ("busy", CardSettings(missing=[ALSAAudioError("Device or resource busy")]), "busy"),
    ("unplugged", CardSettings(lost=(2.0, -errno.ENODEV)), "No such device"),
    ("unplugged, by exception", CardSettings(lost=(2.0, ALSAAudioError("gone"))), "gone"),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("settings", "said"), [r[1:] for r in LOST], ids=[r[0] for r in LOST])
def test_a_lost_card_is_reported_and_comes_back(
    side: Side, settings: CardSettings, said: str
) -> None:
    done = run(side, settings)
    (fault,) = done.faults
    assert said in fault
    assert f"({done.side.kind})" in fault
    assert "it is tried again until it works" in fault
    assert done.recoveries == ["sound card plughw:CARD=Device works"]
    assert done.side.fault == ""
    assert breaks(sound_of(done)) == 0
    assert all(pcm.closed for pcm in done.alsa.pcms)


def test_what_the_engine_gave_meanwhile_is_not_played_late() -> None:
    done = run(Playback, CardSettings(missing=[ALSAAudioError("No such device")] * 4))
    assert done.side.counters.discarded > 8000 * 3
    assert delay_ms(done) < 8.5


@pytest.mark.parametrize("side", SIDES)
def test_retries_grow_slower_and_say_no_more(side: Side) -> None:
    done = run(side, CardSettings(missing=[ALSAAudioError("No such device")] * 9))
    assert done.engine.pauses[:8] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert len(done.faults) == 1


WRONG = [
    (CardSettings(info={"rate": 44100}), "rate 44100 instead of 8000; name it as plughw"),
    (CardSettings(info={"channels": 2}), "channels 2 instead of 1"),
    (CardSettings(info={"format_name": "S32_LE"}), "format_name S32_LE instead of S16_LE"),
    (CardSettings(info={"period_size": 1024}), "moves 1024 samples at a time"),
    (CardSettings([5512, 6000]), "none of the usual rates; it has [5512, 6000]"),
    (CardSettings(endless=True), "faster than sound"),
]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_what_is_no_use_is_a_fault(side: Side, settings: CardSettings, said: str) -> None:
    done = run(side, settings, seconds=3)
    assert len(done.faults) == 1
    assert said in done.faults[0]
    assert said in done.side.fault
    assert all(pcm.closed for pcm in done.alsa.pcms)


@pytest.mark.parametrize("side", SIDES)
def test_a_card_that_stands_still_is_a_fault(side: Side) -> None:
    done = run(side, CardSettings(step_s=1e6), seconds=4)
    assert "the card" in done.faults[0]
    assert "any more" in done.faults[0]


@pytest.mark.parametrize("side", SIDES)
def test_a_long_stall_is_an_xrun_and_passes(side: Side) -> None:
    done = run(side, late=lambda number: 0.5 if number == 700 else 0.0001)
    assert done.side.counters.xruns == 1
    assert done.faults == []
    assert breaks(sound_of(done)) == 0


@pytest.mark.parametrize("side", SIDES)
def test_a_machine_that_holds_threads_up_gets_a_longer_margin(side: Side) -> None:
    def late(number: int) -> float:
        return 0.0055 if number % 100 == 0 else 0.0001

    done = run(side, late=late, seconds=60)
    assert breaks(sound_of(done)[8000 * 30 :]) == 0
    assert delay_ms(done) < 16
