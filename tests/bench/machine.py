"""What the machine itself allows: how late a bare thread wakes that only sleeps, at the same time.

A virtual machine's host and other programs delay every thread, the most urgent ones too. No sender
can be more punctual than this; a figure beside it says how much of its deviation is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.bench import processes

PERIOD_S = 0.02
PRIORITY = 40  # below the engine's 50: it must not be what delays it


@dataclass(slots=True)
class Lateness:
    """Milliseconds after the planned instant; filled when the measurement is over."""

    p99: float = 0.0
    worst: float = 0.0
    realtime: bool = False

    def text(self) -> str:
        """For a note."""
        kind = "bare FIFO thread" if self.realtime else "bare thread without FIFO"
        return f"{kind} meanwhile p99 {self.p99:.3f} max {self.worst:.2f}"


def main() -> None:
    """Sleep to instants 20 ms apart until standard input ends; print how late each one was."""
    realtime = True
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        realtime = False
    os.set_blocking(0, False)
    late = []
    due = time.monotonic()
    while True:
        due += PERIOD_S
        time.sleep(max(0.0, due - time.monotonic()))
        late.append((time.monotonic() - due) * 1e3)
        with suppress(BlockingIOError):
            if os.read(0, 1) == b"":
                break
    late.sort()
    print(json.dumps([late[len(late) * 99 // 100], late[-1], realtime]))


@contextmanager
def watched() -> Iterator[Lateness]:
    """Measure in a process of its own while the body runs."""
    result = Lateness()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.machine"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield result
        output, _ = process.communicate(timeout=5)
        result.p99, result.worst, result.realtime = json.loads(output)
    finally:
        processes.end(process)


if __name__ == "__main__":
    main()
