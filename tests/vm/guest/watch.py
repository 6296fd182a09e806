"""What drivers do to their lines, as the kernel saw it: each level set, with its time.

A line that a driver holds can be read from behind the chip but not waited for, and reading it over
and over would take the processor from the driver. The kernel's trace point `gpio_value` tells of
each level that is set, on CLOCK_MONOTONIC to the microsecond, and costs nothing meanwhile.

It is silent when a line is let go, by a driver that ends or is killed; the line then falls back to
its pull at once (`Board.value` shows it), as a chip's does that resets its pins.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import gpiod
from gpiod.line import Direction

from tests.vm.guest.board import LINES, PINS, Board
from tests.vm.guest.ring import Level

TRACING: Final = Path("/sys/kernel/tracing/instances")
SET: Final = re.compile(
    rb" (\d+)\.(\d{6}): gpio_(?:value|direction): (\d+) +(set|out|in|get) \(?(\d)"
)
SPARE_LINE: Final = LINES - 1
_numbers: Final = count()


class Watch:
    """Watches the named lines from `with` on."""

    def __init__(self, board: Board, signals: Iterable[str] = ("FR", "RM", "PD")) -> None:
        self._board: Final = board
        self._trace: Final = TRACING / f"watch-{os.getpid()}-{next(_numbers)}"
        self._names: Final = {PINS[name]: name for name in signals}
        self._base = 0
        self._pipe = -1
        self._rest = b""
        self.levels: Final[list[Level]] = []

    def __enter__(self) -> Self:
        self._trace.mkdir()
        self._write("trace_clock", "mono")
        self._write("buffer_size_kb", "4096")
        self._write("buffer_percent", "0")  # a reader wakes at each record
        self._pipe = os.open(self._trace / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
        self._base = self._first_number()
        lines = " || ".join(f"gpio == {self._base + pin}" for pin in self._names)
        self._write("events/gpio/gpio_value/filter", f"get == 0 && ({lines})")
        self._write("events/gpio/gpio_value/enable", "1")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write("events/enable", "0")
        self.read()
        os.close(self._pipe)
        self._trace.rmdir()

    def read(self) -> list[Level]:
        """What was set since the last reading; `levels` has all of it."""
        new = [
            Level(t_ns, self._names[number - self._base], level)
            for t_ns, number, level in self._records()
        ]
        self.levels.extend(new)
        return new

    def wait(self, signal: str, level: int, timeout_s: float) -> Level | None:
        """The next time that a line is set to a level; None when it is not in time."""
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            select.select([self._pipe], [], [], left)
            for new in self.read():
                if (new.signal, new.level) == (signal, level):
                    return new
        return None

    def _first_number(self) -> int:
        """The number of the chip's first line in traces: only one that is set tells it."""
        self._write("events/gpio/gpio_direction/enable", "1")
        settings = {SPARE_LINE: gpiod.LineSettings(direction=Direction.OUTPUT)}
        gpiod.request_lines(f"/dev/{self._board.chip}", config=settings).release()
        self._write("events/gpio/gpio_direction/enable", "0")
        return next(number for _, number, _ in self._records()) - SPARE_LINE

    def _records(self) -> list[tuple[int, int, int]]:
        """Those that came since: time, number of the line, level."""
        try:
            while chunk := os.read(self._pipe, 1 << 16):
                self._rest += chunk
        except BlockingIOError:
            pass
        whole, _, self._rest = self._rest.rpartition(b"\n")
        found = (SET.search(line) for line in whole.splitlines())
        return [
            (int(m[1]) * 1_000_000_000 + int(m[2]) * 1000, int(m[3]), int(m[5])) for m in found if m
        ]

    def _write(self, name: str, text: str) -> None:
        (self._trace / name).write_text(text, "ascii")
