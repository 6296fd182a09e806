"""What a rotary dial has shown of itself: how fast it runs and how long it breaks.

Dials are set by a governor and a cam, and each keeps its own speed (8 to 12 pulses a second) and
ratio (50 to 75 % break) for years. Once they are known, a single break in a call can be told from
the press of an R key that is about as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.line.pulse import NS_PER_MS

ENOUGH: Final = 8  # pulses with a make before them: two digits, usually
KEPT: Final = 64
# A dial keeps within a few per cent; the ends of a break are known to some milliseconds of bounce.
SPREAD_NS: Final = 10 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class DialHabits:
    """Pulses a second, and the share of each that the loop is open."""

    pulses_s: float
    break_percent: float


class Dial:
    """Learns from whole trains; forgets an earlier dial as a new one is used."""

    def __init__(self) -> None:
        self._pulses: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def learn(self, breaks_ns: Sequence[int], makes_ns: Sequence[int]) -> None:
        """A train that was a digit: its breaks, and the makes between them."""
        self._pulses.extend(zip(makes_ns, breaks_ns[1:], strict=True))

    @property
    def habits(self) -> DialHabits | None:
        """None before enough has been dialled."""
        if len(self._pulses) < ENOUGH:
            return None
        breaks = sum(each for _, each in self._pulses)
        whole = breaks + sum(each for each, _ in self._pulses)
        return DialHabits(len(self._pulses) * 1e9 / whole, 100 * breaks / whole)

    def made(self, break_ns: int) -> bool:
        """Whether a break is as long as this dial's."""
        if len(self._pulses) < ENOUGH:
            return False
        mean = sum(each for _, each in self._pulses) / len(self._pulses)
        return abs(break_ns - mean) <= SPREAD_NS
