"""The process that works the pins of one line: clock, pipe and chip around a Slic.

A process of its own, so that nothing the service does (a busy interpreter, a stalled loop, its
death) reaches the bell, or Q that has to be read when StD rises: a burst ends on a deadline that
the service cannot miss. The pipe is its leash: when it closes, the bell is parked and the process
ends; when nobody sends a Beat for two seconds, the bell is parked. SIGTERM and SIGINT go to the
whole group of the service, which still has to end its calls: they are for the service to follow.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.chip import Gpio
from gateway.hardware.gpio_slic.fuse import Fuse
from gateway.hardware.gpio_slic.park import Note, park
from gateway.hardware.gpio_slic.rpi_gpio import RpiGpio
from gateway.hardware.gpio_slic.slic import Slic
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.line.events import Fault, Recovered

PRIORITY: Final = 20
# A real-time thread that does not sleep for so long is a defect, and is ended.
_RUNAWAY_US: Final = (1_000_000, 2_000_000)
_READ_BYTES: Final = 4096


class Worker:
    """Runs a Slic between two pipes until `commands` closes."""

    def __init__(self, gpio: Gpio, wiring: Wiring, commands: int, messages: int) -> None:
        self._commands, self._messages = commands, messages
        os.set_blocking(messages, False)
        self._text = b""
        self._gpio = gpio
        self._slic = Slic(gpio, wiring, self._tell, time.monotonic_ns(), Fuse().burn)

    def run(self) -> None:
        """Until the pipe closes, or its reader has stopped reading; the bell is parked then."""
        self._tell(Recovered(time.monotonic_ns()))
        self._slic.begin(time.monotonic_ns())
        with suppress(BrokenPipeError, BlockingIOError):
            while self._turn([self._commands]):
                pass
        self._slic.park(time.monotonic_ns())
        while not self._slic.parked:
            self._turn([])

    def _turn(self, inputs: list[int]) -> bool:
        due = self._slic.next_ns()
        timeout = None if due is None else max(0, due - time.monotonic_ns()) / 1e9
        ready, _, _ = select.select([*inputs, self._gpio.fileno()], [], [], timeout)
        for edge in self._gpio.edges():
            self._slic.edge(edge)
        self._slic.handle_deadline(time.monotonic_ns())
        return self._commands not in ready or self._obey()

    def _obey(self) -> bool:
        data = os.read(self._commands, _READ_BYTES)
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            self._slic.command(wire.read_command(line.decode("ascii")), time.monotonic_ns())
        return bool(data)

    def _tell(self, message: wire.Message) -> None:
        tell(self._messages, message)


def tell(messages: int, message: wire.Message) -> None:
    """Lines are shorter than PIPE_BUF: all of it is written, or nothing is (pipe(7))."""
    os.write(messages, f"{wire.message_line(message)}\n".encode())


def serve(chip: Callable[[], Gpio], line: str, wiring: Wiring, commands: int, messages: int) -> int:
    """Take the chip and work the line; 1 when that cannot be."""
    try:
        gpio = chip()
        note = Note(line)
        note.leave(wiring)
        park(gpio, wiring, time.sleep)
        try:
            worker = Worker(gpio, wiring, commands, messages)
            become_real_time()
            worker.run()
        finally:
            park(gpio, wiring, time.sleep)
            gpio.close()
            note.take_away()
    except OSError as error:  # HardwareError is one
        with suppress(OSError):
            tell(messages, Fault(str(error), time.monotonic_ns()))
        return 1
    return 0


def become_real_time() -> None:
    """Every thread of this process, the chip's own too; where it is refused, we go on."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RTTIME, _RUNAWAY_US)
        for thread in os.listdir("/proc/self/task"):
            os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(PRIORITY))


def main(chip: Callable[[], Gpio] = RpiGpio) -> int:
    """Arguments: the line's name, and its wiring."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    messages = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no message
    return serve(chip, sys.argv[1], Wiring.from_text(sys.argv[2]), 0, messages)


if __name__ == "__main__":
    # At once: the library's own threads would go on while the interpreter is taken to pieces.
    os._exit(main())
