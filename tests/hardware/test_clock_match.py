"""The level stays inside its bounds for any card a person could buy."""

from __future__ import annotations

import pytest

from gateway.hardware.audio.clock_match import CALM, WINDOW, ClockMatch

FLOOR, CEILING = 48, 72
TICK = 80  # samples
MINUTE = 6_000  # ticks


def levels_of(ppm: float, ticks: int, match: ClockMatch) -> list[int]:
    """What is left at each tick of 80 samples, of a card that is `ppm` faster than the engine."""
    level, left = float(CEILING), list[int]()
    for _ in range(ticks):
        level += TICK * ppm * 1e-6 + match.correction(round(level))
        left.append(round(level))
    return left


@pytest.mark.parametrize("ppm", [-2500, -500, -50, 0, 50, 500, 2500])
def test_level_stays_inside_its_bounds(ppm: float) -> None:
    left = levels_of(ppm, 10 * MINUTE, ClockMatch(FLOOR, CEILING))
    a_second = abs(ppm) * 1e-6 * 8000
    assert min(left) >= FLOOR - 2 * a_second - 1
    assert max(left) <= CEILING + 12 * a_second + 1


def test_nothing_is_touched_where_the_clocks_agree() -> None:
    match = ClockMatch(FLOOR, CEILING)
    assert set(levels_of(0, MINUTE, match)) == {CEILING}


@pytest.mark.parametrize(
    ("level", "corrections"), [(FLOOR - 30, 54), (FLOOR, 0), (CEILING, 0), (CEILING + 60, -60)]
)
def test_what_is_wrong_is_corrected_once(level: int, corrections: int) -> None:
    match = ClockMatch(FLOOR, CEILING)
    done = 0
    for _ in range(CALM * WINDOW * 3):
        done += match.correction(level + done)
    assert done == corrections
    assert match.lowest == level + corrections


def test_one_quiet_window_is_not_enough_to_take_something_away() -> None:
    match = ClockMatch(FLOOR, CEILING)
    levels = ([CEILING + 40] * WINDOW + [FLOOR] * WINDOW) * CALM
    assert [match.correction(level) for level in levels] == [0] * len(levels)
