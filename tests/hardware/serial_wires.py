"""Two wires between a line card and its driver: a pseudo-terminal, and memory.

Both are moved by hand, in virtual time: nothing is under way but what was sent, and both ends wait
for exactly that. The pseudo-terminal carries it through pyserial and the shipped reading thread.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gateway.errors import HardwareError
from gateway.hardware.hearing import Hearing
from gateway.hardware.serial_card.tap import Tap
from gateway.hardware.serial_card.wire import Arrival, Lost, Opened, Received, SerialWire, Wire
from tests.hardware.fake_signals import FakeSignals

PATIENCE_S = 10  # of real time, for a thread to do what it certainly does


class Cable(Wire, Protocol):
    """A wire whose far end is in the test's hand."""

    def to_host(self, data: bytes) -> None:
        """The card sends; lost when the host is not there."""

    def from_host(self) -> bytes:
        """Everything that the host has sent."""

    @property
    def pending(self) -> bool:
        """Something has arrived for the host: the driver would have been woken."""

    @property
    def tries(self) -> int:
        """How often the host has asked to open the device again."""

    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def cut(self) -> None:
        """The end of a test."""


class MemoryCable:
    """Nothing but two queues."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._arrivals: deque[Arrival] = deque()
        self._sent = b""
        self._plugged, self._opened = True, False
        self.tries = 0

    @property
    def pending(self) -> bool:
        return bool(self._arrivals)

    def open(self) -> None:
        if not self._plugged:
            raise HardwareError("there is no card")
        self._opened = True

    def try_again(self) -> None:
        self.tries += 1
        self._opened = self._plugged
        at = self._clock_ns()
        self._arrivals.append(Opened(at) if self._opened else Lost("there is no card", at))

    def write(self, data: bytes) -> None:
        if self._opened:
            self._sent += data

    def arrival(self) -> Arrival | None:
        return self._arrivals.popleft() if self._arrivals else None

    def close(self) -> None:
        self._opened = False
        self._arrivals.clear()

    def to_host(self, data: bytes) -> None:
        if self._opened:
            self._arrivals.append(Received(data, self._clock_ns()))

    def from_host(self) -> bytes:
        sent, self._sent = self._sent, b""
        return sent

    def unplug(self) -> None:
        self._plugged = False
        if self._opened:
            self._opened = False
            self._arrivals.append(Lost("the card is gone", self._clock_ns()))

    def plug(self) -> None:
        self._plugged = True

    def cut(self) -> None:
        self.close()


class PtyCable:
    """A pseudo-terminal, with the name of a device that stays when it is plugged in again."""

    def __init__(self, folder: Path, clock_ns: Callable[[], int]) -> None:
        self.device = folder / "card"
        self._woken = threading.Semaphore(0)
        self._wire = SerialWire(
            str(self.device), self._woken.release, Tap(Hearing(FakeSignals())), clock_ns=clock_ns
        )
        self._arrivals: deque[Arrival] = deque()
        self._master: int | None = None
        self._slave: int | None = None
        self._opened = False
        self._due = 0  # bytes that the host has written and the card has not read
        self.tries = 0
        self.plug()

    @property
    def pending(self) -> bool:
        return bool(self._arrivals)

    def open(self) -> None:
        self._wire.open()
        self._opened = True

    def try_again(self) -> None:
        self.tries += 1
        self._wire.try_again()
        arrival = self._next()
        assert isinstance(arrival, Opened | Lost)
        self._opened = isinstance(arrival, Opened)

    def write(self, data: bytes) -> None:
        self._wire.write(data)
        if self._opened:
            self._due += len(data)

    def arrival(self) -> Arrival | None:
        return self._arrivals.popleft() if self._arrivals else None

    def close(self) -> None:
        self._wire.close()
        self._arrivals.clear()
        self._opened = False

    def to_host(self, data: bytes) -> None:
        if not self._opened or self._master is None:
            return
        os.write(self._master, data)
        got = 0
        while got < len(data):
            arrival = self._next()
            assert isinstance(arrival, Received)
            got += len(arrival.data)

    def from_host(self) -> bytes:
        data = b""
        while self._master is not None and len(data) < self._due:
            assert select.select([self._master], [], [], PATIENCE_S)[0], "nothing was written"
            data += os.read(self._master, 4096)
        self._due = 0
        return data

    def unplug(self) -> None:
        assert self._master is not None
        assert self._slave is not None
        self.from_host()
        self.device.unlink()
        os.close(self._slave)
        os.close(self._master)
        self._master = None
        if self._opened:
            self._opened = False
            assert isinstance(self._next(), Lost)

    def plug(self) -> None:
        self._master, self._slave = os.openpty()
        self.device.symlink_to(os.ttyname(self._slave))

    def cut(self) -> None:
        self.close()
        if self._master is not None and self._slave is not None:
            os.close(self._slave)
            os.close(self._master)

    def _next(self) -> Arrival:
        """The thread's next arrival, waited for."""
        assert self._woken.acquire(timeout=PATIENCE_S), "nothing has arrived"
        arrival = self._wire.arrival()
        assert arrival is not None
        self._arrivals.append(arrival)
        return arrival
