"""A cadence as RING commands: what the bell is to do now, and when it is to do something else.

The card repeats one burst and its pause by itself. A RING while it rings changes what follows the
present pause, so a cadence of several bursts is sent one burst ahead, in the middle of the one
before: half a burst and pause of time for a line that is lost.
"""

from __future__ import annotations

from gateway.hardware.serial_card.commands import Command
from gateway.line.cadence import Cadence


class Bursts:
    """Rings by a cadence from `start` until `stop`. `hz` is the country's."""

    def __init__(self, hz: float) -> None:
        self._hz = hz
        self._cadence: Cadence | None = None
        self._index = 0
        self._confirmed = False
        self._begins: float | None = None  # the burst that was sent last

    @property
    def ringing(self) -> bool:
        """The bell is wanted."""
        return self._cadence is not None

    def start(self, cadence: Cadence) -> None:
        """From the first burst on."""
        self._cadence, self._confirmed = cadence, False
        self.again()

    def again(self) -> None:
        """The card has forgotten: from the first burst on, but it is no new ringing."""
        self._index, self._begins = 0, None

    def stop(self) -> None:
        """Silence."""
        self._cadence, self._begins = None, None

    def command(self) -> Command:
        """What makes the card do what is wanted now."""
        if self._cadence is None:
            return Command("STOP")
        on_ms, off_ms = _allowed(*self._cadence.steps[self._index])
        return Command("RING", (str(on_ms), str(off_ms), f"{self._hz:g}"))

    def confirmed(self, now: float) -> bool:
        """The card has taken a RING; True for the first one since `start`."""
        if self._cadence is None:
            return False
        if self._begins is None:
            self._begins = now
        first, self._confirmed = not self._confirmed, True
        return first

    def next_deadline(self) -> float | None:
        """When `advance` is due; None for a cadence that the card repeats by itself."""
        if self._cadence is None or self._begins is None or len(self._cadence.steps) == 1:
            return None
        return self._begins + self._length_s() / 2

    def advance(self) -> Command:
        """The next burst, to be sent now."""
        if self._cadence is not None and self._begins is not None:
            self._begins += self._length_s()
            self._index = (self._index + 1) % len(self._cadence.steps)
        return self.command()

    def _length_s(self) -> float:
        if self._cadence is None:
            return 0.0
        return sum(_allowed(*self._cadence.steps[self._index])) / 1e3


def _allowed(on_ms: int, off_ms: int) -> tuple[int, int]:
    """THE place where bursts and pauses are fitted to the SLIC's ring duty before they are sent.

    Passed on as they are: the card guards its duty itself, and stretches pauses where it must.
    """
    return on_ms, off_ms
