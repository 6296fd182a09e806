"""The mathematics of spacing against data made to order."""

from __future__ import annotations

import math
import random

import pytest

from tests.bench import grid

MS = 1_000_000


def arrivals(count: int, ppm: float = 0.0, noise_ms: float = 0.0, seed: int = 1) -> list[int]:
    """Packets on a grid that is `ppm` slow, late by an exponential noise."""
    rng = random.Random(seed)
    period = grid.NOMINAL_NS * (1 + ppm / 1e6)
    late = [rng.expovariate(1 / noise_ms) * MS if noise_ms else 0.0 for _ in range(count)]
    return [round(5e15 + n * period + late[n]) for n in range(count)]


@pytest.mark.parametrize(
    ("values", "q", "expected"),
    [
        ([3.0], 99, 3.0),
        ([1.0, 2.0, 3.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.5),
        ([float(n) for n in range(101)], 99, 99.0),
        ([1.0, 2.0], 100, 2.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_percentile(values: list[float], q: float, expected: float) -> None:
    assert grid.percentile(values, q) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [1.0, math.nan, 2.0]])
def test_percentile_of_what_did_not_happen(values: list[float]) -> None:
    assert math.isnan(grid.percentile(values, 50))


@pytest.mark.parametrize("ppm", [0.0, 0.5, -3.0, 40.0])
@pytest.mark.parametrize("noise_ms", [0.0, 0.05, 2.0])
def test_fit_finds_the_drift(ppm: float, noise_ms: float) -> None:
    line = grid.fit_line(range(30_000), arrivals(30_000, ppm, noise_ms))
    assert line.drift_ppm() == pytest.approx(ppm, abs=0.02 + 0.3 * noise_ms)
    assert line.resolution_ppm <= 0.02 + 0.3 * noise_ms


def test_fit_withstands_a_fifth_of_wild_packets() -> None:
    times = arrivals(5_000, 2.0, 0.05)
    rng = random.Random(2)
    for place in rng.sample(range(5_000), 1_000):
        times[place] += rng.randrange(5 * MS, 90 * MS)
    assert grid.fit_line(range(5_000), times).drift_ppm() == pytest.approx(2.0, abs=0.3)


def test_fit_takes_missing_slots() -> None:
    times = arrivals(3_000, 1.0)
    kept = [n for n in range(3_000) if n % 7]
    line = grid.fit_line(kept, [times[n] for n in kept])
    assert line.drift_ppm() == pytest.approx(1.0, abs=0.01)
    assert grid.spread(grid.grid_errors(kept, [times[n] for n in kept], line)).worst < 0.001


@pytest.mark.parametrize(
    ("slots", "late_ms", "expected"),
    [
        ([0, 1, 2], [0, 0, 0], [0.0, 0.0]),
        ([0, 1, 2], [0, 3, 0], [3.0, -3.0]),
        ([0, 2, 3], [0, 3, 0], [-3.0]),  # slot 1 is missing: no pair across it
        ([0, 1, 1, 2], [0, 1, 9, 0], [1.0, -1.0]),  # a repeated end packet shares its slot
    ],
)
def test_gap_errors(slots: list[int], late_ms: list[float], expected: list[float]) -> None:
    times = [round(s * grid.NOMINAL_NS + late * MS) for s, late in zip(slots, late_ms, strict=True)]
    assert [e / MS for e in grid.gap_errors(slots, times)] == pytest.approx(expected)


def test_one_late_packet_is_the_worst_and_not_the_median() -> None:
    times = arrivals(1_000)
    times[500] += 7 * MS
    errors = grid.grid_errors(range(1_000), times, grid.fixed_grid(range(1_000), times))
    found = grid.spread(errors)
    assert (found.p50, found.p99) == (0.0, 0.0)
    assert found.worst == pytest.approx(7.0)
    assert found.count == 1_000
