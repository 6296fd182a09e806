"""Measures of ringing, tried on rings whose measures are known."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.vm.guest.ring import Burst, Level, bursts, edges, worst_excess_s

MS = 1_000_000


def ringing(hertz: float, bursts_ms: list[tuple[int, int]], park_ms: int = 20) -> list[Level]:
    """F/R idles high, and is high again for `park_ms` before RM falls."""
    levels = [Level(0, "FR", 1), Level(0, "RM", 0)]
    half_ns = round(1e9 / hertz / 2)
    for on_ms, off_ms in bursts_ms:
        levels.append(Level(on_ms * MS, "RM", 1))
        turns = range(on_ms * MS + half_ns, (off_ms - park_ms) * MS + 1, half_ns)
        levels += [Level(t_ns, "FR", number % 2) for number, t_ns in enumerate(turns)]
        levels.append(Level(off_ms * MS, "RM", 0))
    return levels


@pytest.mark.parametrize("hertz", [20.0, 25.0])
def test_bursts(hertz: float) -> None:
    found = bursts(ringing(hertz, [(1000, 3000), (7000, 9000)]))
    assert [burst.length_s for burst in found] == [2, 2]
    assert [burst.frequency for burst in found] == [pytest.approx(hertz)] * 2
    assert [burst.longest_half_s for burst in found] == [pytest.approx(0.5 / hertz)] * 2
    assert all(0.019 < burst.parked_s <= 0.02 + 0.5 / hertz for burst in found)


def test_a_burst_that_has_not_ended_is_none() -> None:
    assert bursts(ringing(20, [(1000, 3000)])[:-1]) == []


def test_edges_are_changes() -> None:
    levels = [Level(t, "RM", level) for t, level in enumerate([0, 0, 1, 1, 0])]
    assert [edge.t_ns for edge in edges(levels, "RM")] == [0, 2, 4]


@pytest.mark.parametrize(
    ("cadence_ms", "periods", "excess_s"),
    [
        ((2000, 4000), 1, 1.35),
        ((2000, 4000), 10, 1.35 + 9 * 0.05),  # a third is too much, and it adds up
        ((2000, 4160), 100, 1.35),
        ((400, 200), 1, 0.27),
        ((400, 2000), 50, 0.27),
    ],
)
def test_worst_interval(cadence_ms: tuple[int, int], periods: int, excess_s: float) -> None:
    on_ms, off_ms = cadence_ms
    found = [
        Burst(start * MS, (start + on_ms) * MS, ())
        for start in range(0, periods * (on_ms + off_ms), on_ms + off_ms)
    ]
    assert len(list(pairwise(found))) == periods - 1
    assert worst_excess_s(found) == pytest.approx(excess_s, abs=1e-9)
