"""The level stays inside its bounds for any card a person could buy."""

from __future__ import annotations

from itertools import count

import pytest

from gateway.hardware.audio.clock_match import CALM, WINDOW, ClockMatch

FLOOR, CEILING = 48, 72
PERIOD, TICK = 40, 80  # samples: 5 and 10 ms
MINUTE = 12_000  # periods


def levels_of(ppm: float, periods: int, start: int, match: ClockMatch) -> list[int]:
    """A card makes 40 samples a period; the engine takes 80 at each tick, `ppm` apart.

    What the engine left over at each tick, which is what it must never lack.
    """
    level, due, left = start, 0.0, list[int]()
    for now in count():
        if now == periods:
            return left
        while due <= now * PERIOD * (1 - ppm * 1e-6):
            level -= TICK
            due += TICK
            left.append(level)
        level += PERIOD + match.correction(level)
    raise AssertionError


@pytest.mark.parametrize(
    ("ppm", "most"),
    [(-2500, 120), (-500, 120), (-50, 120), (0, 120), (50, 120), (500, 150), (2500, 350)],
)
def test_level_stays_inside_its_bounds(ppm: float, most: int) -> None:
    match = ClockMatch(FLOOR, CEILING)
    left = levels_of(ppm, 10 * MINUTE, FLOOR + PERIOD + TICK, match)
    settled = left[6000:]
    assert min(left) > 0
    assert max(settled) < most


def test_nothing_is_touched_where_the_clocks_agree() -> None:
    match = ClockMatch(FLOOR, CEILING)
    left = levels_of(0, MINUTE, FLOOR + TICK, match)
    assert set(left) == {FLOOR}


@pytest.mark.parametrize(
    ("level", "corrections"), [(FLOOR - 30, 30), (FLOOR, 0), (CEILING, 0), (CEILING + 60, -60)]
)
def test_what_is_wrong_is_corrected_once(level: int, corrections: int) -> None:
    match = ClockMatch(FLOOR, CEILING)
    done = 0
    for _ in range(CALM * WINDOW * 3):
        done += match.correction(level + done)
    assert done == corrections
    assert match.lowest == min(max(level, FLOOR), CEILING)


def test_one_quiet_window_is_not_enough_to_take_something_away() -> None:
    match = ClockMatch(FLOOR, CEILING)
    levels = ([CEILING + 40] * WINDOW + [FLOOR] * WINDOW) * CALM
    assert [match.correction(level) for level in levels] == [0] * len(levels)
