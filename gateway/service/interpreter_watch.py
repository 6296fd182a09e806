"""How long threads have to wait for the interpreter: the service's own measure of its holds.

The audio threads need it within a period of sound. A thread at real-time priority, where that is
allowed, wakes at a time set before and looks how late it is: the kernel adds some microseconds, and
the rest is what somebody else held the interpreter for. A look every 20 ms costs a thousandth of a
small core, and sees each hold of that length and most that come again and again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

LOOK_S: Final = 0.02
FIFO_PRIORITY: Final = 30  # below the audio threads'


class InterpreterWatch:
    """`start` once everything is made; `wait(seconds)` is true when it is to end."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._halt = threading.Event()
        self._clock = clock
        self._wait = wait or self._halt.wait
        self._thread = threading.Thread(target=self.run, name="tipring-watch", daemon=True)
        self.longest_s = 0.0
        """The longest wait since `start`."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; harmless when it never began."""
        self._halt.set()
        if self._thread.ident is not None:
            self._thread.join()

    def run(self) -> None:
        """The thread's life."""
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
        due = self._clock() + LOOK_S
        while not self._wait(due - self._clock()):
            now = self._clock()
            self.longest_s = max(self.longest_s, now - due)
            due = now + LOOK_S
