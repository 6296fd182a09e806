"""Keeps a flood of like records out of the journal, and counts what it kept out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=Hashable)


class Throttle(Generic[Kind]):
    """Lets `limit` of each kind pass between two calls of `turn_over`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: Counter[Kind] = Counter()

    def passes(self, kind: Kind) -> bool:
        """Whether one more of this kind may be written."""
        self._seen[kind] += 1
        return self._seen[kind] <= self._limit

    def turn_over(self) -> dict[Kind, int]:
        """Begin anew; how many of each kind were kept out, where any were."""
        kept = {k: seen - self._limit for k, seen in self._seen.items() if seen > self._limit}
        self._seen.clear()
        return kept
