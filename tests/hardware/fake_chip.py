"""A chip with pins that a test turns and watches, under the Gpio protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.errors import HardwareError


class Written(NamedTuple):
    """A level that came onto an output."""

    t_ns: int
    pin: int
    level: bool


@dataclass
class FakeChip:
    """`clock` gives nanoseconds. An output keeps its level when the pin becomes an input."""

    clock: Callable[[], int]
    written: list[Written] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    on_write: Callable[[Written], None] = lambda _written: None
    closed: bool = False
    _levels: dict[int, bool] = field(default_factory=dict)
    _outputs: dict[int, bool] = field(default_factory=dict)
    _edges: dict[int, Callable[[int], None]] = field(default_factory=dict)

    # --- Gpio ---

    def make_input(self, pin: int) -> None:
        self._check(pin)
        self._outputs[pin] = False

    def make_output(self, pin: int, level: bool) -> None:
        self._check(pin)
        self._outputs[pin] = True
        self.write(pin, level)

    def read(self, pin: int) -> bool:
        self._check(pin)
        if pin not in self._outputs:
            raise HardwareError(f"pin BCM {pin}: set it up first")
        return self._levels.get(pin, False)

    def write(self, pin: int, level: bool) -> None:
        self._check(pin)
        if not self._outputs.get(pin):
            raise HardwareError(f"pin BCM {pin}: it is no output")
        self._levels[pin] = level
        self.written.append(Written(self.clock(), pin, level))
        self.on_write(self.written[-1])

    def watch(self, pin: int, edge: Callable[[int], None]) -> None:
        self._check(pin)
        if self._outputs.get(pin, True):
            raise HardwareError(f"pin BCM {pin}: it is no input")
        self._edges[pin] = edge

    def close(self) -> None:
        self.closed = True
        self._edges.clear()
        self._outputs.clear()

    # --- the other end ---

    def drive(self, pin: int, level: bool, *, seen: bool = True) -> None:
        """Turn an input from outside; not `seen`: the edge gets lost on its way."""
        if self._levels.get(pin, False) is not level:
            self._levels[pin] = level
            if seen and pin in self._edges:
                self._edges[pin](pin)

    def level(self, pin: int) -> bool:
        """What a meter at the pin would show."""
        return self._levels.get(pin, False)

    def is_output(self, pin: int) -> bool:
        """Whether the board drives it."""
        return self._outputs.get(pin, False)

    def waveform(self, pin: int, since_ns: int = 0) -> list[tuple[float, bool]]:
        """Changes of an output, with milliseconds after `since_ns`."""
        found: list[tuple[float, bool]] = []
        for t_ns, each, level in self.written:
            if each == pin and (not found or found[-1][1] is not level):
                found.append(((t_ns - since_ns) / 1e6, level))
        return found

    def _check(self, pin: int) -> None:
        if self.closed:
            raise HardwareError("the chip is closed")
        if pin in self.refused:
            raise HardwareError(f"pin BCM {pin}: {self.refused[pin]}")
