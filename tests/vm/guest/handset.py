"""A telephone outside the drivers: gestures played on the simulated board's lines, in real time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.vm.guest.board import PINS, Board
from tests.vm.guest.gestures import Gesture

# Above all ordinary threads, for a finger waits for no processor; below the kernel's threads (50)
# that take an edge to the driver, or a line could be turned again before it was seen.
PRIORITY: Final = 45


@dataclass(frozen=True, slots=True)
class Turned:
    """A line was turned, at this time of CLOCK_MONOTONIC."""

    t_ns: int
    signal: str
    level: int


class Handset:
    """Turns lines. `play` returns when the gesture is done; play in a thread to go on meanwhile."""

    def __init__(self, board: Board) -> None:
        self._board: Final = board

    def play(self, gesture: Gesture) -> list[Turned]:
        """Play it from now on, and tell when each line was really turned."""
        begin_ns = time.monotonic_ns()
        turned = []
        for turn in gesture:
            left_s = turn.at_s - (time.monotonic_ns() - begin_ns) / 1e9
            if left_s > 0:
                time.sleep(left_s)
            turned.append(Turned(time.monotonic_ns(), turn.signal, turn.level))
            self._board.pull(PINS[turn.signal], turn.level)
        return turned


@contextmanager
def ahead_of_others() -> Iterator[None]:
    """The calling thread goes before all ordinary ones meanwhile, so that its times are kept."""
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, parameters)
