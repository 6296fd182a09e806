"""Edges of inputs from the kernel itself, over libgpiod: with their level, time and order.

The RPi.GPIO API tells of an edge by a callback with the pin alone, and its provider lgpio looks for
edges 2,000 times a second: 2 % of a core of a Raspberry Pi Zero 2 W with nothing to see. The kernel
notes level and time where the interrupt is, keeps a queue, and wakes whoever waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from gateway.hardware.gpio_slic.chip import Edge

# Contacts bounce for milliseconds: so many edges are a reader's absence of a second.
_QUEUED: Final = 256
_AT_ONCE: Final = timedelta(0)


class KernelEdges:
    """Inputs of one chip, watched. Raises OSError when one of them is in use."""

    def __init__(self, chip: str, pins: Sequence[int]) -> None:
        gpiod = import_module("gpiod")
        self._rising = gpiod.EdgeEvent.Type.RISING_EDGE
        self._active = gpiod.line.Value.ACTIVE
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.INPUT,
            edge_detection=gpiod.line.Edge.BOTH,
            bias=gpiod.line.Bias.DISABLED,
            event_clock=gpiod.line.Clock.MONOTONIC,
        )
        self._lines: Any = gpiod.request_lines(
            chip, {tuple(pins): settings}, consumer="tipring", event_buffer_size=_QUEUED
        )

    def fileno(self) -> int:
        """Readable when there are edges."""
        return int(self._lines.fd)

    def read(self, pin: int) -> bool:
        """The present level."""
        return bool(self._lines.get_value(pin) == self._active)

    def edges(self) -> Iterator[Edge]:
        """Those in the queue."""
        while self._lines.wait_edge_events(_AT_ONCE):
            for event in self._lines.read_edge_events():
                yield Edge(event.line_offset, event.event_type == self._rising, event.timestamp_ns)

    def close(self) -> None:
        """Let the lines go."""
        self._lines.release()
