"""The protocol of a line port: what every driver (GPIO, serial, simulated) offers.

A port is thin: it moves electrical facts. It never debounces, counts pulses or knows of calls.
All methods are called on the loop thread and return at once. A driver with threads of its own is
made with a `Wake`, and hands its events over in the `handle_deadline` that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gateway.line.cadence import Cadence
from gateway.line.events import PortEvent

Listener: TypeAlias = Callable[[PortEvent], None]

Wake: TypeAlias = Callable[[], None]
"""Called on any thread: something has happened, let the loop call `handle_deadline` soon."""


class LinePort(Protocol):
    """One telephone line. `now` is CLOCK_MONOTONIC in seconds."""

    @property
    def driver(self) -> str:
        """The registry's name of the driver: gpio, serial, simulated."""

    def start(self, listener: Listener, now: float) -> None:
        """Take the hardware and report the present hook state as a first HookEdge if off-hook.

        Raises HardwareError when the device is missing or refused.
        """

    def ring(self, cadence: Cadence, now: float) -> None:
        """Ring the bell until `stop_ringing`; reports RingStarted once, or Fault.

        RingPending goes before where the bell has to rest first.
        """

    def stop_ringing(self, now: float) -> None:
        """Silence the bell; harmless when it is silent."""

    def reverse(self, on: bool, now: float) -> None:
        """Reverse the polarity of the line, or have it as usual; the bell rings as usual."""

    def power(self, on: bool, now: float) -> None:
        """Feed the line, or do not; the hook says nothing meanwhile, and then what it is."""

    def disconnect(self, ms: int, now: float) -> None:
        """Take the feed away for so long (calling party control): the far end has hung up."""

    def next_deadline(self) -> float | None:
        """When `handle_deadline` wants to be called; None when the driver needs no timer."""

    def handle_deadline(self, now: float) -> None:
        """Report what has happened, and do what is due at `now`; nothing may be due.

        Time stamps of events are those planned or measured, not `now`.
        """

    def close(self, now: float) -> None:
        """Park the hardware and let it go. Idempotent."""
