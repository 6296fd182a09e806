"""A number as it grows under somebody's finger.

What a number looks like is not known here, so it is complete when `#` says so or when no digit
follows for a while (RFC 5098 section 3.1: the long inter-digit time, shortened, since nothing can
be told to be too short).
"""

from __future__ import annotations

from typing import Final

from gateway.line.events import DigitEnded, DigitStarted, PulseDigit

INTER_DIGIT_S: Final = 4.0
MOST_DIGITS: Final = 64
_DIALLED: Final = frozenset("0123456789*")
_SEND: Final = "#"


class Dialling:
    """Collects the digits of one number. A key that is held down keeps the number open."""

    def __init__(self) -> None:
        self.number = ""
        self._held = False
        self._deadline: float | None = None

    def clear(self) -> None:
        """Forget the number."""
        self.number = ""
        self._held = False
        self._deadline = None

    def take(self, event: DigitStarted | DigitEnded | PulseDigit, now: float) -> str | None:
        """The number, when this makes it complete; "" for a `#` with nothing before it.

        The keys A to D are no part of any number.
        """
        match event:
            case DigitStarted(digit):
                self._held, self._deadline = True, None
            case PulseDigit(digit):
                self._held, self._deadline = False, now + INTER_DIGIT_S
            case DigitEnded():
                if self._held:
                    self._held, self._deadline = False, now + INTER_DIGIT_S
                return None
        if digit in _DIALLED:
            self.number += digit
        complete = digit == _SEND or len(self.number) == MOST_DIGITS
        return self._complete() if complete else None

    def next_deadline(self) -> float | None:
        """When the number is complete without another digit."""
        return self._deadline

    def handle_deadline(self, now: float) -> str | None:
        """The number, when its time is up."""
        if self._deadline is None or self._deadline > now:
            return None
        return self._complete()

    def _complete(self) -> str:
        number = self.number
        self.clear()
        return number
