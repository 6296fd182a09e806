"""Ringing measured from what was set on F/R and RM: bursts, frequency, duty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Level:
    """A line was set to a level; perhaps to the one that it had."""

    t_ns: int
    signal: str
    level: int


@dataclass(frozen=True, slots=True)
class Burst:
    """One stretch of RM high. Times in nanoseconds of CLOCK_MONOTONIC."""

    start_ns: int
    end_ns: int
    turns: tuple[int, ...]  # of F/R within it

    @property
    def length_s(self) -> float:
        """How long RM was high."""
        return (self.end_ns - self.start_ns) / 1e9

    @property
    def frequency(self) -> float:
        """Of the ringing current, in hertz; the last half is left out, for it may be cut short."""
        first, last, count = self.turns[0], self.turns[-2], len(self.turns) - 2
        return count / 2 / ((last - first) / 1e9)

    @property
    def longest_half_s(self) -> float:
        """The longest time from one turn of F/R to the next."""
        return max(b - a for a, b in pairwise(self.turns)) / 1e9

    @property
    def parked_s(self) -> float:
        """From the last turn of F/R to RM low: 10 to 500 ms by the data sheet."""
        return (self.end_ns - max(self.turns, default=self.start_ns)) / 1e9


def edges(levels: Iterable[Level], signal: str) -> list[Level]:
    """The changes of one line: what sets it to the level that it has is left out."""
    found: list[Level] = []
    for level in levels:
        if level.signal == signal and (not found or found[-1].level != level.level):
            found.append(level)
    return found


def bursts(levels: Sequence[Level]) -> list[Burst]:
    """All finished bursts, in order."""
    ring_mode = edges(levels, "RM")
    turns = [level.t_ns for level in edges(levels, "FR")]
    return [
        Burst(on.t_ns, off.t_ns, tuple(t for t in turns if on.t_ns <= t <= off.t_ns))
        for on, off in pairwise(ring_mode)
        if on.level and not off.level
    ]


def worst_excess_s(found: Sequence[Burst], duty: float = 0.325) -> float:
    """Of all intervals T, the most that RM was high beyond `duty` T. The interlock allows 1.4 s.

    The worst interval begins with a burst and ends with one.
    """
    worst = running = 0.0
    before_ns = None
    for burst in found:
        if before_ns is not None:
            running = max(0.0, running - duty * (burst.start_ns - before_ns) / 1e9)
        running += (1 - duty) * burst.length_s
        worst = max(worst, running)
        before_ns = burst.end_ns
    return worst
