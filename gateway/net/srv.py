"""The order of SRV records (RFC 2782): by priority, and within one by weight and chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Srv(NamedTuple):
    """One SRV record; the field order is that of the record itself."""

    priority: int
    weight: int
    port: int
    target: str


def in_order(records: Iterable[Srv], random: Callable[[], float]) -> list[Srv]:
    """The order in which to try them. `random` gives numbers from 0 to below 1."""
    ordered: list[Srv] = []
    groups: dict[int, list[Srv]] = {}
    for record in sorted(records):
        groups.setdefault(record.priority, []).append(record)
    for priority in sorted(groups):
        waiting = groups[priority]  # weight 0 first, so that it has a small chance, too
        while waiting:
            ordered.append(waiting.pop(_draw([each.weight for each in waiting], random)))
    return ordered


def _draw(weights: list[int], random: Callable[[], float]) -> int:
    """RFC 2782, page 4: the first whose running sum reaches a number from 0 to the sum."""
    chosen = int(random() * (sum(weights) + 1))
    running = 0
    for index, weight in enumerate(weights):
        running += weight
        if running >= chosen:
            return index
    return len(weights) - 1
