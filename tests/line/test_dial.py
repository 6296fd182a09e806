"""What a rotary dial shows of itself, and what a single break in a call is once that is known."""

from __future__ import annotations

import pytest

from gateway.line import HookFlash, LineEvent, PulseDigit
from gateway.line.dial import Dial
from tests.line.traces import Run, bounced, breaks, train

DIALS = [(pps, ratio) for pps in (8, 10, 12) for ratio in (50, 60, 75)]


@pytest.mark.parametrize(("pps", "ratio"), DIALS)
@pytest.mark.parametrize("bounce_ms", [0, 3])
def test_a_dial_is_measured(pps: float, ratio: float, bounce_ms: float) -> None:
    moves = train(2000, 10, pps, ratio)
    run = Run().lifted().edges(bounced(moves, bounce_ms) if bounce_ms else moves).at(9000)
    habits = run.machine.hook.dial.habits
    assert habits is not None
    assert habits.pulses_s == pytest.approx(pps, rel=0.001)
    assert habits.break_percent == pytest.approx(ratio, rel=0.001)


@pytest.mark.parametrize("digits", [(), (2, 3), (1,) * 20])
def test_it_takes_a_few_pulses(digits: tuple[int, ...]) -> None:
    """The make before a train says nothing of the dial, so a 1 teaches nothing."""
    run, t = Run().lifted(), 2000.0
    for pulses in digits:
        run.edges(train(t, pulses, 10, 60))
        t += 2000
    assert run.at(t).machine.hook.dial.habits is None


def test_another_dial_takes_the_place_of_the_first() -> None:
    dial = Dial()
    for length in (75, 50):
        for _ in range(10):
            dial.learn([length] * 10, [100 - length] * 9)
    habits = dial.habits
    assert habits is not None
    assert habits.break_percent == pytest.approx(50)


ONE, FLASH = [PulseDigit("1")], [HookFlash()]
SINGLE = [
    ("uk", None, 60, FLASH),
    ("uk", (10, 60), 60, ONE),
    ("uk", (10, 60), 68, ONE),
    ("uk", (10, 60), 90, FLASH),  # the R key
    ("uk", (8, 75), 94, FLASH),  # a dial that could be an R key
    ("uk", (12, 50), 60, FLASH),  # not this dial's
    ("au", (10, 66.7), 66, ONE),
    ("us", (10, 60), 60, ONE),  # no flash is so short there
]


@pytest.mark.parametrize(("code", "dial", "break_ms", "found"), SINGLE)
def test_a_single_break_in_a_call(
    code: str, dial: tuple[float, float] | None, break_ms: float, found: list[LineEvent]
) -> None:
    run = Run(code).answered()
    if dial is not None:
        run.edges(train(2000, 10, *dial)).at(5000)
        assert run.events == [PulseDigit("0")]
        found = [PulseDigit("0"), *found]
    run.edges(breaks(6000, (break_ms, 0))).at(9000)
    assert run.events == found
