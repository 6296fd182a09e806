"""Processes that are killed, or stand still, while RM is high: it is low soon, and stays low.

A line that nobody holds falls back to its pull here, and RM's is down: so on a board with Debian's
kernel and the resistor at RM that the reference circuit has. Only what is set is seen by `Watch`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.hardware.gpio_slic.park import main as park_main
from tests.vm.guest.board import PINS, Board
from tests.vm.guest.line import line_processes, wait_for
from tests.vm.guest.ring import edges
from tests.vm.guest.watch import Watch

RM = PINS["RM"]
LIMIT_S = 2.5
INTO_BURST_S = 0.3
NEXT_BURSTS_S = 8.0


@contextmanager
def ringing(watch: Watch) -> Iterator[list[int]]:
    """A service and its line's process, in the first burst; their numbers."""
    service = subprocess.Popen([sys.executable, "-m", "tests.vm.guest.bell"])
    try:
        assert watch.wait("RM", 1, timeout_s=15) is not None
        (line,) = line_processes()
        time.sleep(INTO_BURST_S)
        yield [service.pid, line]
    finally:
        service.kill()
        service.wait()
        for pid in line_processes():
            os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda: not line_processes())


@pytest.mark.parametrize("victims", [[0], [1], [0, 1]], ids=["service", "line", "both"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_burst_ends(
    board: Board,
    number: signal.Signals,
    victims: list[int],
    record_property: Callable[[str, object], None],
) -> None:
    with Watch(board) as watch, ringing(watch) as processes:
        assert board.value(RM)
        for victim in victims:
            os.kill(processes[victim], number)
        began = time.monotonic()
        assert wait_for(lambda: not board.value(RM), timeout_s=5)
        low_s = time.monotonic() - began
        record_property("rm_low_after_s", low_s)
        assert low_s <= LIMIT_S
        watch.read()
        again = watch.wait("RM", 1, timeout_s=NEXT_BURSTS_S)
        assert again is None
        assert not board.value(RM)


def test_what_two_killed_processes_left_is_parked(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `tipring park`, which systemd runs after the service's end, however that came."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with Watch(board) as watch:
        with ringing(watch) as processes:
            for process in reversed(processes):
                os.kill(process, signal.SIGKILL)
        assert [note.name for note in tmp_path.iterdir()] == ["phone1.pins"]
        watch.read()
        before = len(watch.levels)
        assert park_main() == 0
    parked = watch.levels[before:]
    rest, low = edges(parked, "FR")[-1], edges(parked, "RM")[-1]
    assert (rest.level, low.level) == (1, 0)
    assert 0.010 < (low.t_ns - rest.t_ns) / 1e9 < 0.5
    assert list(tmp_path.iterdir()) == []
