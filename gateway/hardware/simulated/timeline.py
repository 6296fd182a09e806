"""Port events that are still to come, in order of their time stamps."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import count

from gateway.hardware.simulated.script import Script
from gateway.line.events import PortEvent


class Timeline:
    """Times are nanoseconds of CLOCK_MONOTONIC. Events of the same time keep their order."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, PortEvent]] = []
        self._serial = count()

    def plan(self, script: Script, start_ns: int) -> int:
        """Put a script on the time line; returns when it is over."""
        for offset_ns, event in script.events:
            at = start_ns + offset_ns
            heapq.heappush(self._heap, (at, next(self._serial), replace(event, t_ns=at)))
        return start_ns + script.length_ns

    def next_ns(self) -> int | None:
        """When the next event is due."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ns: int) -> PortEvent | None:
        """The oldest event that is due, removed; None when there is none."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        return heapq.heappop(self._heap)[2]

    def clear(self) -> None:
        """Nothing of what was planned will happen."""
        self._heap.clear()
