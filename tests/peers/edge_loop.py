"""Readable things and timers on one thread, and the timeline on stdout."""

from __future__ import annotations

import heapq
import itertools
import json
import selectors
import socket
import time
from collections.abc import Callable


class Loop:
    """`run` until `done()`."""

    def __init__(self) -> None:
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._selector = selectors.DefaultSelector()

    def reads(self, source: socket.socket | int, work: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, work)

    def forget(self, source: socket.socket | int) -> None:
        self._selector.unregister(source)

    def at(self, seconds: float, work: Callable[[], None]) -> None:
        """Have `work` done once, `seconds` from now."""
        entry = (time.monotonic() + seconds, next(self._serial), work)
        heapq.heappush(self._timers, entry)

    def run(self, done: Callable[[], bool]) -> None:
        while not done():
            for key, _ in self._selector.select(self._until_timer()):
                key.data()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()

    def _until_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None


class Timeline:
    """JSON lines on stdout, and the faults found on the way."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def say(self, event: str, t: float | None = None, /, **facts: object) -> None:
        row = {"t": round(time.monotonic() if t is None else t, 6), "event": event, **facts}
        print(json.dumps(row), flush=True)

    def fault(self, *faults: str) -> None:
        for text in faults:
            self.faults.append(text)
            self.say("fault", what=text)
