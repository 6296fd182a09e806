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
    """A set of named absolute times; setting a name again moves it.

    A name that is cancelled or moved is let go at once: what it refers to must not live on in the
    heap, where a flood of short lives would pile up.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._names: dict[int, Name] = {}
        self._serials: dict[Name, int] = {}
        self._serial = count()

    def __len__(self) -> int:
        return len(self._serials)

    def __contains__(self, name: Name) -> bool:
        return name in self._serials

    def set(self, name: Name, at: float) -> None:
        """Arm `name` for the absolute time `at` (seconds), replacing an earlier setting."""
        self.cancel(name)
        serial = next(self._serial)
        self._serials[name] = serial
        self._names[serial] = name
        heapq.heappush(self._heap, (at, serial))
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._names):
            self._compact()

    def cancel(self, name: Name) -> None:
        """Disarm `name`; unknown names are fine, since a timer may just have fired."""
        serial = self._serials.pop(name, None)
        if serial is not None:
            del self._names[serial]

    def next(self) -> float | None:
        """The earliest armed time, or None when nothing is armed."""
        heap = self._heap
        while heap and heap[0][1] not in self._names:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, now: float) -> Name | None:
        """Disarm and return the earliest name whose time has come, None when there is none.

        One at a time, so that a timer which an earlier one has cancelled is not run: a loop that
        was stalled finds many due at once.
        """
        at = self.next()
        if at is None or at > now:
            return None
        name = self._names.pop(heapq.heappop(self._heap)[1])
        del self._serials[name]
        return name

    def pop_due(self, now: float) -> list[Name]:
        """Disarm and return the names whose time has come, earliest first."""
        due: list[Name] = []
        while (name := self.pop(now)) is not None:
            due.append(name)
        return due

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if entry[1] in self._names]
        heapq.heapify(self._heap)
