"""Ways for the caller to misbehave on purpose, so that the checks of a call can be tested."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Impairments:
    """`delay_ms`: speech leaves that much later than announced. Percentages are of packets."""

    mute: bool = False
    delay_ms: int = 0
    swap_speech: str | None = None
    alter_digit: int | None = None  # which of the digits (0 is the first) leaves as another
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    seed: int = 1

    def digits(self, wanted: str) -> str:
        """What is really sent for `wanted`."""
        if self.alter_digit is None or self.alter_digit >= len(wanted):
            return wanted
        place = self.alter_digit
        other = "1" if wanted[place] != "1" else "2"
        return wanted[:place] + other + wanted[place + 1 :]


class Network:
    """What becomes of each datagram: lost, sent once or twice, or held back behind the next."""

    def __init__(self, how: Impairments) -> None:
        self._how = how
        self._dice = random.Random(how.seed)
        self._held: bytes | None = None

    def carry(self, packet: bytes) -> Iterator[bytes]:
        if self._happens(self._how.loss):
            return
        if self._held is None and self._happens(self._how.reorder):
            self._held = packet
            return
        yield packet
        if self._happens(self._how.duplicate):
            yield packet
        if self._held is not None:
            yield self._held
            self._held = None

    def _happens(self, percent: float) -> bool:
        return percent > 0 and self._dice.random() * 100 < percent
