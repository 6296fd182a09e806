"""One asyncio timer for a sans-IO core: re-armed after every turn, never early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class CoreTimer:
    """Calls `due(now)` when the earliest deadline that was armed has come."""

    def __init__(self, loop: asyncio.AbstractEventLoop, due: Callable[[float], None]) -> None:
        self._loop = loop
        self._due = due
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, deadline: float | None) -> None:
        """Move the timer to `deadline` (loop time, which is CLOCK_MONOTONIC), or stop it."""
        handle = self._handle
        if handle is not None:
            if deadline is not None and handle.when() == deadline:
                return
            handle.cancel()
        self._handle = None if deadline is None else self._loop.call_at(deadline, self._fire)

    def _fire(self) -> None:
        assert self._handle is not None
        planned = self._handle.when()
        self._handle = None
        # asyncio may fire a clock tick early; the core shall find its deadline due.
        self._due(max(planned, self._loop.time()))
