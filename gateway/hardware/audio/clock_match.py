"""Keeps what waits between two clocks small, and never empty.

The measure is the lowest level of a second: what is left then is delay that nobody needs, but for
the margin that late threads take from. It is corrected by single samples, at most one in two ticks:
that follows clocks 4,000 ppm apart; sound cards differ by less than 500.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 100  # observations, one a tick
CALM: Final = 4  # windows in a row before anything is taken away
EVERY: Final = 2  # ticks between two corrections
MOST: Final = 400  # samples between two looks


class ClockMatch:
    """Levels are samples. The lowest stays between `floor` and `ceiling`: from below it is lifted
    to the ceiling, what is above it is taken away. Between them is what late threads may take.
    """

    def __init__(self, floor: int, ceiling: int) -> None:
        self.floor = floor
        self.ceiling = ceiling
        self.lowest: int | None = None
        """Of the last whole window; None before it."""
        self.restart()

    def restart(self) -> None:
        """The level was just set anew."""
        self._owed = 0
        self._surplus: list[int] = []
        self._look()

    def _look(self) -> None:
        self._seen = 0
        self._least = 1 << 30

    def correction(self, level: int) -> int:
        """Call once a tick: samples that should be added to (1) or taken from (-1) the level."""
        self._seen += 1
        if self._owed:
            return self._pay()
        self._least = min(self._least, level)
        if self._seen == WINDOW:
            self.lowest = self._least
            self._owed = self._judge(self._least)
            self._look()
        return 0

    def _judge(self, lowest: int) -> int:
        if lowest < self.floor:
            self._surplus.clear()
            return min(self.ceiling - lowest, MOST)
        self._surplus.append(lowest - self.ceiling)
        if len(self._surplus) < CALM:
            return 0
        surplus = min(self._surplus)
        self._surplus.clear()
        return -min(max(surplus, 0), MOST)

    def _pay(self) -> int:
        if self._seen < EVERY:
            return 0
        step = 1 if self._owed > 0 else -1
        self._owed -= step
        self._look()
        return step
