"""The pins of a board, as little of them as a line needs. BCM numbers; True is high."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Gpio(Protocol):
    """A chip. Every method raises HardwareError when the chip refuses."""

    def make_input(self, pin: int) -> None:
        """The pin floats: nothing here drives it, and no pull is on."""

    def make_output(self, pin: int, level: bool) -> None:
        """The pin is driven, from the first moment at `level`."""

    def read(self, pin: int) -> bool:
        """The level of an input."""

    def write(self, pin: int, level: bool) -> None:
        """Drive an output."""

    def watch(self, pin: int, edge: Callable[[int], None]) -> None:
        """Call `edge(pin)` for every change of an input, on a thread of the chip's own.

        No debouncing: bounce is decided in `gateway.line`, and a decoder's outputs have none.
        """

    def close(self) -> None:
        """Let every pin go. Idempotent."""
