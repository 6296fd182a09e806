"""The mathematics of packet spacing: percentiles, the best 20 ms grid, the drift of a clock.

Nothing here reads a clock: arrival times (nanoseconds of CLOCK_MONOTONIC) come in, figures in
milliseconds and parts per million go out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

NOMINAL_NS = 20_000_000
BLOCKS = 120  # medians in a robust line fit: 7,140 pairs, a few milliseconds of work


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of absolute deviations, in milliseconds."""

    p50: float
    p99: float
    worst: float
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """arrival = offset_ns + period_ns * slot; `resolution_ppm`: a standard error of the period."""

    offset_ns: float
    period_ns: float
    resolution_ppm: float

    def drift_ppm(self, nominal_ns: float = NOMINAL_NS) -> float:
        """How far the period is from the nominal one; positive means slow (packets come late)."""
        return (self.period_ns / nominal_ns - 1.0) * 1e6


def percentile(values: Sequence[float], q: float) -> float:
    """The q-th percentile (0-100), interpolated linearly between neighbours.

    NaN when there are no values, or when one of them is NaN (something did not happen).
    """
    if not values or any(map(math.isnan, values)):
        return math.nan
    ordered = sorted(values)
    place = (len(ordered) - 1) * q / 100.0
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(deviations_ns: Sequence[float]) -> Spread:
    """Percentiles of the magnitudes of signed deviations."""
    sizes = [abs(d) / 1e6 for d in deviations_ns]
    worst = max(sizes, default=math.nan)
    return Spread(percentile(sizes, 50), percentile(sizes, 99), worst, len(sizes))


def gap_errors(slots: Sequence[int], arrivals_ns: Sequence[int]) -> list[float]:
    """Gap minus 20 ms for each pair of neighbouring slots; a slot's first packet counts.

    Slots missing in between (loss, digits held back) make no pair: what is measured is pacing.
    """
    first: dict[int, int] = {}
    for slot, arrival in zip(slots, arrivals_ns, strict=True):
        first.setdefault(slot, arrival)
    return [
        float(first[slot + 1] - arrival - NOMINAL_NS)
        for slot, arrival in first.items()
        if slot + 1 in first
    ]


def fixed_grid_offset(slots: Sequence[int], arrivals_ns: Sequence[int]) -> float:
    """Offset of the grid of exactly 20 ms nearest to the arrivals (least absolute distance)."""
    return median(a - s * NOMINAL_NS for s, a in zip(slots, arrivals_ns, strict=True))


def grid_errors(slots: Sequence[int], arrivals_ns: Sequence[int], line: Line) -> list[float]:
    """Signed distance of every arrival from its place on the grid; positive is late."""
    return [
        a - line.offset_ns - line.period_ns * s for s, a in zip(slots, arrivals_ns, strict=True)
    ]


def fixed_grid(slots: Sequence[int], arrivals_ns: Sequence[int]) -> Line:
    """The best grid whose period is exactly 20 ms of CLOCK_MONOTONIC."""
    return Line(fixed_grid_offset(slots, arrivals_ns), float(NOMINAL_NS), 0.0)


def fit_line(slots: Sequence[int], arrivals_ns: Sequence[int]) -> Line:
    """A robust line through (slot, arrival): Theil-Sen over the medians of equal blocks.

    A third of the packets may be late by anything without moving it. Needs at least two slots.
    """
    base = arrivals_ns[0]
    points = _block_medians(slots, [a - base for a in arrivals_ns])
    period = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2))
    offset = median(a - base - period * s for s, a in zip(slots, arrivals_ns, strict=True))
    return Line(base + offset, period, _resolution_ppm(points, period))


def _block_medians(slots: Sequence[int], times: Sequence[int]) -> list[tuple[float, float]]:
    """Within a block the nominal slope is taken out, so that its median is of deviations alone."""
    size = max(1, len(slots) // BLOCKS)
    points = []
    for start in range(0, len(slots) - size + 1, size):
        block = slots[start : start + size]
        centre = (block[0] + block[-1]) / 2
        late = median(
            t - NOMINAL_NS * (s - centre)
            for s, t in zip(block, times[start : start + size], strict=True)
        )
        points.append((centre, late))
    return points


def _resolution_ppm(points: Sequence[tuple[float, float]], period: float) -> float:
    """Standard error of a line's slope: sigma / sqrt(sum of squared distances from the centre)."""
    middle = sum(x for x, _ in points) / len(points)
    rests = [y - period * x for x, y in points]
    centre = median(rests)
    sigma = 1.4826 * median(abs(r - centre) for r in rests)
    reach = math.sqrt(sum((x - middle) ** 2 for x, _ in points))
    return math.inf if reach == 0 else sigma / reach / NOMINAL_NS * 1e6
