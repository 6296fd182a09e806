"""A chip with pins that a test turns and watches, under the Gpio protocol."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.errors import HardwareError
from gateway.hardware.gpio_slic.chip import Edge


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
    _watched: tuple[int, ...] = ()
    _edges: deque[Edge] = field(default_factory=deque)
    _bell: int | None = None

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

    def watch(self, pins: Sequence[int]) -> None:
        for pin in pins:
            self.make_input(pin)
        self._watched = tuple(pins)

    def fileno(self) -> int:
        if self._bell is None:
            self._bell = os.eventfd(len(self._edges))
        return self._bell

    def edges(self) -> Iterator[Edge]:
        if self._bell is not None and self._edges:
            os.eventfd_read(self._bell)
        while self._edges:
            yield self._edges.popleft()

    def close(self) -> None:
        self.closed = True
        self._watched = ()
        self._edges.clear()
        self._outputs.clear()
        if self._bell is not None:
            os.close(self._bell)
            self._bell = None

    # --- the other end ---

    def drive(self, pin: int, level: bool, *, seen: bool = True) -> None:
        """Turn an input from outside; not `seen`: the edge gets lost on its way."""
        if self._levels.get(pin, False) is not level:
            self._levels[pin] = level
            if seen and pin in self._watched:
                self._edges.append(Edge(pin, level, self.clock()))
                if self._bell is not None:
                    os.eventfd_write(self._bell, 1)

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
