"""The ring level stays inside its bounds for any card a person could buy."""

from __future__ import annotations

import pytest

from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.direction import BAND, LIMIT, TARGET

MINUTE = 6000  # periods


@pytest.mark.parametrize("ppm", [-2500, -500, -50, 0, 50, 500, 2500])
def test_level_stays_inside_its_bounds(ppm: float) -> None:
    """The card makes 80 samples a period; the engine takes 160 every second one, `ppm` apart."""
    match = ClockMatch(TARGET, BAND, LIMIT)
    level, owed = float(TARGET), 0.0
    levels, corrections = [], 0
    for period in range(10 * MINUTE):
        change = match.correction(round(level))
        corrections += abs(change)
        level += 80 + change
        owed += 80 * (1 - ppm * 1e-6)
        if period % 2:
            level -= owed
            owed = 0.0
        levels.append(level)
    assert min(levels) > 40
    assert max(levels) < TARGET + 3 * BAND
    assert corrections <= abs(ppm) * 1e-6 * 80 * 10 * MINUTE + BAND
