"""Keeps a sample ring between two clocks from drifting full or empty.

Low-tech on purpose: one sample dropped or doubled every few periods, by the ring's smoothed level.
At 8 kHz and 10 ms periods that follows clocks 3,000 ppm apart; sound cards differ by less than 500.
Adaptive resampling in the engine is to replace it behind the same idea of a target level.
"""

from __future__ import annotations

SMOOTHING = 1 / 64  # the engine takes 160 samples at a time: the level is a saw-tooth
EVERY = 4  # periods between two corrections


class ClockMatch:
    """Levels are samples. `target` is held within `band`; above `limit` a whole period goes."""

    def __init__(self, target: int, band: int, limit: int) -> None:
        self.target = target
        self._band = band
        self._limit = limit
        self._smooth = float(target)
        self._since = 0

    def restart(self) -> None:
        """The ring was just filled to the target."""
        self._smooth = float(self.target)
        self._since = 0

    def overflows(self, level: int) -> bool:
        """Whether the ring is so full that small corrections cannot help."""
        return level > self._limit

    def correction(self, level: int) -> int:
        """Call once a period: samples that should be added to (1) or taken from (-1) the ring."""
        self._smooth += (level - self._smooth) * SMOOTHING
        self._since += 1
        if self._since < EVERY:
            return 0
        if abs(self._smooth - self.target) <= self._band:
            return 0
        self._since = 0
        return -1 if self._smooth > self.target else 1
