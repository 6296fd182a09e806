"""The bell of a simulated phone: silent, but it can be watched. Time is virtual: `now` comes in."""

from __future__ import annotations

from gateway.line.cadence import Cadence


class Bell:
    """Rings by a cadence, from `start` until `stop`."""

    def __init__(self) -> None:
        self._cadence: Cadence | None = None
        self._started = 0.0
        self._counted = 0

    @property
    def ringing(self) -> bool:
        """Being rung, pauses of the cadence included."""
        return self._cadence is not None

    def start(self, cadence: Cadence, now: float) -> None:
        """Begin with the first burst."""
        self._cadence, self._started, self._counted = cadence, now, 0

    def stop(self, now: float) -> None:
        """Fall silent; the count of bursts stays until the next start."""
        self._counted = self.count(now)
        self._cadence = None

    def sounding(self, now: float) -> bool:
        """Whether a burst is under way, for whoever draws the bell."""
        return self._cadence is not None and self._cadence.sounding_at(self._elapsed_ms(now))

    def count(self, now: float) -> int:
        """Bursts begun since the last start."""
        if self._cadence is None:
            return self._counted
        return self._cadence.bursts_by(self._elapsed_ms(now))

    def _elapsed_ms(self, now: float) -> float:
        return round((now - self._started) * 1e3, 3)
