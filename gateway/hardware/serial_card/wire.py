"""The serial port itself, over pyserial: one thread that reads, and opens again when told to.

The thread decides nothing. It stamps what arrives, lets the engine know of key tones (`tap.py`),
puts it into a queue and wakes the loop; when the device is lost it says so and waits until it is
told to try again. Writing is done on the loop thread and never waits: pyserial's own `write` would
spin on a port that takes nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol, TypeAlias

from gateway.errors import HardwareError
from gateway.hardware.finding import FoundFaulty
from gateway.hardware.serial_card import device as dev
from gateway.hardware.serial_card.tap import Tap
from gateway.line.port import Wake

BAUD: Final = 57600
JOIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The device is open again."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes, and for each key that goes down in them whether it is not the telephone's."""

    data: bytes
    t_ns: int
    guarded: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """The device is gone, or could not be opened; `text` says what to do."""

    text: str
    t_ns: int


Arrival: TypeAlias = Opened | Received | Lost


class Wire(Protocol):
    """What a line needs of a serial port. All methods are called on the loop thread."""

    def open(self) -> None:
        """Open the device now. Raises HardwareError."""

    def try_again(self) -> None:
        """Open it in the background: Opened or Lost will arrive."""

    def write(self, data: bytes) -> None:
        """Send, or lose, at once."""

    def arrival(self) -> Arrival | None:
        """The oldest thing that has happened and was not yet taken."""

    def close(self) -> None:
        """Let the device go; nothing arrives any more. Idempotent."""


class SerialWire:
    """A Wire. `wake()` is called on the reading thread after each arrival; `tap`: what hears keys
    on it, if anybody does."""

    def __init__(
        self,
        device: str,
        wake: Wake,
        tap: Tap | None = None,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._device = device
        self._wake = wake
        self._tap = tap
        self._clock_ns = clock_ns
        self._arrivals: deque[Arrival] = deque()
        self._lock = threading.Lock()  # of the port's life: a descriptor may be used again
        self._port: Any = None
        self._halt = False
        self._try = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """See Wire. The thread begins to read."""
        self._port = self._open()
        self._thread = threading.Thread(target=self._run, name="tipring-serial", daemon=True)
        self._thread.start()

    def try_again(self) -> None:
        """See Wire."""
        self._try.set()

    def write(self, data: bytes) -> None:
        """See Wire. What a full port does not take is lost: the protocol repeats it."""
        with self._lock, suppress(OSError):  # of a lost device the reading thread will tell
            if self._port is not None:
                os.write(self._port.fileno(), data)

    def arrival(self) -> Arrival | None:
        """See Wire."""
        return self._arrivals.popleft() if self._arrivals else None

    def close(self) -> None:
        """See Wire. A driver that will not close delays it by 2 s at most."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._lock:
            self._halt = True
            if self._port is not None:
                self._port.cancel_read()
        self._try.set()
        thread.join(JOIN_S)
        self._arrivals.clear()

    # --- the thread ---

    def _run(self) -> None:
        while not self._halt:
            if self._port is None:
                self._try.wait()
                self._try.clear()
                if not self._halt:
                    self._reopen()
            else:
                self._read()
        self._drop()

    def _reopen(self) -> None:
        try:
            port = self._open()
        except HardwareError as error:
            self._arrived(Lost(str(error), self._clock_ns()))
            return
        with self._lock:
            self._port = port
        self._arrived(Opened(self._clock_ns()))

    def _read(self) -> None:
        try:
            data = self._port.read(1)
            data += self._port.read(self._port.in_waiting)
        except OSError:  # SerialException is one
            self._drop()
            self._arrived(Lost(str(dev.unplugged(self._device)), self._clock_ns()))
            return
        if data:
            t_ns = self._clock_ns()
            guarded = () if self._tap is None else self._tap.read(data, t_ns)
            self._arrived(Received(data, t_ns, guarded))

    def _drop(self) -> None:
        if self._tap is not None:
            self._tap.lost()
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            with suppress(OSError):
                port.close()

    def _arrived(self, arrival: Arrival) -> None:
        if not self._halt:
            self._arrivals.append(arrival)
            self._wake()

    def _open(self) -> Any:
        in_the_way = dev.in_the_way(self._device)
        if in_the_way is not None:
            raise FoundFaulty(in_the_way)
        serial = import_module("serial")
        try:
            port = serial.Serial(self._device, BAUD, exclusive=True)
        except OSError as error:
            raise FoundFaulty(dev.why_not(self._device, error)) from error
        with suppress(OSError, ValueError):  # else an FTDI chip keeps each line for 16 ms
            port.set_low_latency_mode(True)
        return port
