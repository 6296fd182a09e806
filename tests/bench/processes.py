"""What a tree of processes costs, by /proc; and how to load the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Sums over a process and all that it started; megabytes are 2^20 bytes, CPU in seconds."""

    rss_mb: float
    pss_mb: float
    cpu_s: float
    processes: int


def tree(pid: int) -> list[int]:
    """The process and its descendants that still run."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                found += tree(int(child))
    return found


def footprint(pid: int) -> Footprint:
    """Resident and proportional memory and CPU time (all threads, user and system) now."""
    pids = tree(pid)
    return Footprint(
        sum(_rss(p) for p in pids) / 2**20,
        sum(_pss(p) for p in pids) / 2**20,
        sum(_cpu(p) for p in pids),
        len(pids),
    )


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _cpu(pid: int) -> float:
    """utime + stime, fields 14 and 15 of proc(5), counted behind the bracketed name."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def end(process: subprocess.Popen[bytes], patience_s: float = 6.0) -> None:
    """SIGTERM, then SIGKILL, to that process alone."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


_BURN = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
parent, end = os.getppid(), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end and os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def busy_cores(longest_s: float) -> Iterator[None]:
    """One endless loop pinned to every core, nice 0; they end with this process at the latest."""
    command = [sys.executable, "-c", _BURN]
    burners = [
        subprocess.Popen([*command, str(core), str(longest_s)])
        for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        time.sleep(0.3)
        yield
    finally:
        for burner in burners:
            end(burner)
