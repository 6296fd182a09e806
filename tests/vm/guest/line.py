"""The GPIO line as the service has it: made by the registry, its process on the simulated pins.

A rig of the conformance suite, on the machine's own time.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import gpiod
from gpiod.line import Direction

from gateway.hardware.registry import create_line
from gateway.line import LinePort
from gateway.line.events import PortEvent
from tests.hardware.conformance import Watched
from tests.hardware.virtual_sound import VirtualEngine
from tests.vm.guest import gestures
from tests.vm.guest.board import PINS, Board
from tests.vm.guest.hand import Hand

PROGRAM: Final = b"gateway.hardware.gpio_slic.worker"
# So long after its start the bell has its whole budget (ring_duty.py: 1.4 s at 0.325 s a second).
RESTED_S: Final = 4.4
# A decoder that is quick enough for keys of 40 ms.
QUICK: Final = gestures.Decoder(valid_s=0.038)


class Line:
    """A port, and time. News is told at once: `run_for` may return before its time is over."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._woken = threading.Event()
        self.port: LinePort = create_line(
            "phone1", "gpio", options or {}, VirtualEngine(), self._woken.set
        )

    @property
    def now(self) -> float:
        return time.monotonic()

    def run_for(self, seconds: float) -> None:
        end = self.now + seconds
        due = self.port.next_deadline()
        self._woken.wait(max(0.0, min(end, due or end) - self.now))
        self._woken.clear()
        self.port.handle_deadline(self.now)

    def close(self) -> None:
        self.port.close(self.now)


class GpioRig(Line):
    """A Rig, with a handset at the pins."""

    def __init__(self, board: Board, hand: Hand, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._board, self._hand = board, hand
        self._held: gpiod.LineRequest | None = None

    def lift(self) -> None:
        self._hand.play(gestures.lift())

    def put_down(self) -> None:
        self._hand.play(gestures.hang_up())

    def flash(self, ms: int) -> float:
        return self._hand.play(gestures.flash(ms / 1e3))

    def press(self, keys: str, on_ms: int, off_ms: int) -> float:
        return self._hand.play(gestures.keys(keys, on_ms / 1e3, off_ms / 1e3, QUICK))

    def turn(self, digits: str, pps: float, break_percent: float) -> float:
        return self._hand.play(gestures.rotary(digits, pps, break_percent))

    def meter(self) -> tuple[bool, bool]:
        return self._board.value(PINS["PD"]) == 1, self._board.value(PINS["FR"]) == 0

    def break_down(self) -> None:
        """Its process dies, and another program takes a pin of it before the next one can."""
        for pid in line_processes():
            os.kill(pid, signal.SIGKILL)
        self._held = _taken(self._board, PINS["RM"])

    def mend(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None

    def close(self) -> None:
        super().close()
        self.mend()


class Attended(Watched):
    """Port and machine are called when something has come or is due, as the service does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._heard_ns: list[int] = []

    def forget(self) -> None:
        """What was so far is not of interest."""
        self.raw.clear()
        self.events.clear()
        self._heard_ns.clear()

    def heard_of(self, kind: type) -> list[int]:
        """When the machine was told of these port events, CLOCK_MONOTONIC."""
        told = zip(self.raw, self._heard_ns, strict=True)
        return [at for event, at in told if isinstance(event, kind)]

    def _heard(self, event: PortEvent) -> None:
        super()._heard(event)
        self._heard_ns.append(time.monotonic_ns())

    def run_for(self, seconds: float, step: float = 0.0) -> None:
        end = self.rig.now + seconds
        while (now := self.rig.now) < end:
            due = self.machine.next_deadline()
            self.rig.run_for(min(end, due or end) - now)
            if due is not None and due <= self.rig.now:
                self.machine.handle_deadline(self.rig.now)
            self._carry_out()


def line_processes() -> list[int]:
    """Process numbers of all lines' processes, by what they run."""
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and PROGRAM in _command(folder)
    ]


def processor_s(pid: int) -> float:
    """What a process has had of the processor, in all its threads (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


@contextmanager
def gpio_rig(
    board: Board, hand: Hand, options: Mapping[str, Any] | None = None
) -> Iterator[GpioRig]:
    """A rig, and nothing left of it afterwards."""
    rig = GpioRig(board, hand, options)
    try:
        yield rig
    finally:
        rig.close()
        hand.turned()


def wait_for(done: Callable[[], bool], timeout_s: float = 2.0) -> bool:
    """Whether it came to be."""
    end = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True


def _command(folder: Path) -> list[bytes]:
    try:
        return (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []


def _taken(board: Board, pin: int) -> gpiod.LineRequest:
    settings = {pin: gpiod.LineSettings(direction=Direction.INPUT)}
    end = time.monotonic() + 2
    while True:
        try:
            return gpiod.request_lines(f"/dev/{board.chip}", config=settings)
        except OSError:  # until the killed process is gone
            if time.monotonic() > end:
                raise
            time.sleep(0.001)
