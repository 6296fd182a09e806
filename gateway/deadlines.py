"""Named absolute times. Every sans-IO core keeps its timers here and nowhere else.

Times are seconds on CLOCK_MONOTONIC, as `now: float`, given by the caller: no core reads a clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Deadlines(Generic[Name]):
    """A set of named absolute times; setting a name again moves it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Name]] = []
        self._current: dict[Name, int] = {}
        self._serial = count()

    def __len__(self) -> int:
        return len(self._current)

    def __contains__(self, name: Name) -> bool:
        return name in self._current

    def set(self, name: Name, at: float) -> None:
        """Arm `name` for the absolute time `at` (seconds), replacing an earlier setting."""
        serial = next(self._serial)
        self._current[name] = serial
        heapq.heappush(self._heap, (at, serial, name))
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._current):
            self._compact()

    def cancel(self, name: Name) -> None:
        """Disarm `name`; unknown names are fine, since a timer may just have fired."""
        self._current.pop(name, None)

    def next(self) -> float | None:
        """The earliest armed time, or None when nothing is armed."""
        while self._heap and self._is_stale(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: float) -> Name | None:
        """Disarm and return the earliest name whose time has come, None when there is none.

        One at a time, so that a timer which an earlier one has cancelled is not run: a loop that
        was stalled finds many due at once.
        """
        at = self.next()
        if at is None or at > now:
            return None
        name = heapq.heappop(self._heap)[2]
        del self._current[name]
        return name

    def pop_due(self, now: float) -> list[Name]:
        """Disarm and return the names whose time has come, earliest first."""
        due: list[Name] = []
        while self._heap and (self._heap[0][0] <= now or self._is_stale(self._heap[0])):
            entry = heapq.heappop(self._heap)
            if not self._is_stale(entry):
                del self._current[entry[2]]
                due.append(entry[2])
        return due

    def _is_stale(self, entry: tuple[float, int, Name]) -> bool:
        return self._current.get(entry[2]) != entry[1]

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if not self._is_stale(entry)]
        heapq.heapify(self._heap)
