"""When the engine's ticks are, learnt from what a ring shows of them.

The engine wakes on an absolute grid of 10 ms, which never moves. What comes a little before a tick
need not wait in a ring for it, and what a tick brings can be fetched at once. So each direction of
a card wakes by this grid, and not by the card's own periods.
"""

from __future__ import annotations

from typing import Final

TICK_S: Final = 0.01
LOOK_S: Final = 0.001
LOOKS: Final = 50  # ticks that are looked for one look after the other; the earliest seen is right
NARROW_S: Final = 3 * LOOK_S  # between two looks, or it was seen too late to learn from


class Ticks:
    """`look` after each `wait_s`; times are seconds of CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._phase: float | None = None
        self._last = 0.0
        self._seen = 0

    @property
    def known(self) -> bool:
        """Whether the grid is known by now."""
        return self._seen >= LOOKS

    def look(self, now: float, happened: bool) -> None:
        """Whether there was a tick since the last look."""
        if happened and not self.known:
            self._seen += 1
            if now - self._last <= NARROW_S:
                self._learn(now)
        self._last = now

    def _learn(self, now: float) -> None:
        if self._phase is None or self._after(self._phase, now) > TICK_S / 2:
            self._phase = now

    @staticmethod
    def _after(phase: float, now: float) -> float:
        return (now - phase) % TICK_S

    def wait_s(self, now: float, offset: float) -> float:
        """How long until the next look: `offset` from a tick, once the ticks are known."""
        if not self.known or self._phase is None:
            return LOOK_S
        left = TICK_S - self._after(self._phase + offset, now)
        return left if left > TICK_S / 4 else left + TICK_S
