"""Who is faster, in one interleaved run: slices of the same messages go to each in turn.

A machine that slows down for a second slows all of them; the median over rounds forgets the rest.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Contestant:
    """`one` is timed, message by message; `settle` is not: it checks results and cleans up."""

    name: str
    one: Callable[[bytes], Any]
    settle: Callable[[int, list[Any]], None]


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages a second of CPU time: median, lowest and highest of the rounds."""

    median: float
    lowest: float
    highest: float


def measure(
    contestants: Sequence[Contestant],
    messages: Sequence[bytes],
    *,
    rounds: int,
    size: int,
    seed: int = 1,
    clock: Clock = time.process_time,
) -> dict[str, Rate]:
    """Each contestant's rate; `settle` is told the index of the slice's first message."""
    chance = random.Random(seed)
    found: dict[str, list[float]] = {one.name: [] for one in contestants}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            spent = _round(contestants, messages, size, chance, clock)
            for name, seconds in spent.items():
                found[name].append(len(messages) / seconds)
    finally:
        gc.unfreeze()
    return {
        name: Rate(statistics.median(rates), min(rates), max(rates))
        for name, rates in found.items()
    }


def _round(
    contestants: Sequence[Contestant],
    messages: Sequence[bytes],
    size: int,
    chance: random.Random,
    clock: Clock,
) -> dict[str, float]:
    spent = {one.name: 0.0 for one in contestants}
    for start in range(0, len(messages), size):
        part = messages[start : start + size]
        for contestant in chance.sample(contestants, len(contestants)):
            gc.collect()  # what one leaves behind is not collected on another's time
            one = contestant.one
            began = clock()
            results = [one(data) for data in part]
            spent[contestant.name] += clock() - began
            contestant.settle(start, results)
    return spent
