"""The pins of a board, as little of them as a line needs. BCM numbers; True is high."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class Edge(NamedTuple):
    """An input changed to `level`, at this time of CLOCK_MONOTONIC."""

    pin: int
    level: bool
    t_ns: int


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

    def watch(self, pins: Sequence[int]) -> None:
        """Make these inputs, whose every change `edges` tells. Once.

        No debouncing: bounce is decided in `gateway.line`, and a decoder's outputs have none.
        """

    def fileno(self) -> int:
        """Readable when there are edges; for a chip that is watched."""

    def edges(self) -> Iterable[Edge]:
        """What has changed since the last call, in order; does not wait."""

    def close(self) -> None:
        """Let every pin go. Idempotent."""
