"""The GPIO library on the simulated chip, the ground under drivers: levels show, and are measured.

Only what the product uses of it: lgpio's threads for edges and PWM go on to the end of the process,
and one run ended by a signal there.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from RPi import GPIO

from tests.vm.guest.board import PINS, Board
from tests.vm.guest.handset import ahead_of_others
from tests.vm.guest.ring import bursts, edges, worst_excess_s
from tests.vm.guest.watch import Watch

FR, RM = PINS["FR"], PINS["RM"]
RING_HZ = 25


@pytest.fixture
def gpio(board: Board) -> Iterator[None]:
    GPIO.setmode(GPIO.BCM)
    GPIO.setup(FR, GPIO.OUT, initial=1)
    GPIO.setup(RM, GPIO.OUT, initial=0)
    yield
    GPIO.cleanup()


def test_the_versions_that_the_product_asks_for() -> None:
    # pip takes a stub 0.0.0.2 of lgpio where it finds nothing better.
    assert importlib.metadata.version("lgpio") == "0.2.2.0"
    assert importlib.metadata.version("rpi-lgpio") == "0.6"


def ring() -> None:
    """A burst of a second as the data sheet wants it."""
    with ahead_of_others():
        GPIO.output(RM, 1)
        due = time.monotonic()
        for half in range(2 * RING_HZ):
            GPIO.output(FR, half % 2)
            due += 1 / RING_HZ / 2
            time.sleep(max(0.0, due - time.monotonic()))
        GPIO.output(FR, 1)
        time.sleep(0.011)
        GPIO.output(RM, 0)


@pytest.mark.usefixtures("gpio")
def test_a_burst_is_measured_on_the_pins(
    board: Board, record_property: Callable[[str, object], None]
) -> None:
    with Watch(board) as watch:
        ring()
    (burst,) = bursts(watch.levels)
    record_property("hertz", burst.frequency)
    record_property("longest_half_ms", burst.longest_half_s * 1e3)
    assert burst.frequency == pytest.approx(RING_HZ, rel=0.01)
    assert burst.length_s == pytest.approx(1.011, rel=0.01)
    assert 0.010 < burst.parked_s < 0.040
    assert worst_excess_s([burst]) == pytest.approx(0.675 * burst.length_s)
    assert (board.value(FR), board.value(RM)) == (1, 0)


@pytest.mark.usefixtures("gpio")
def test_a_watch_has_the_time_of_the_monotonic_clock(board: Board) -> None:
    with Watch(board, ["RM"]) as watch:
        before = time.monotonic_ns() // 1000 * 1000
        GPIO.output(RM, 1)
        after = time.monotonic_ns()
        level = watch.wait("RM", 1, timeout_s=1)
    assert level is not None
    assert before <= level.t_ns <= after
    assert [level.level for level in edges(watch.levels, "RM")] == [1]


def test_lines_of_a_killed_process_fall_back_to_their_pulls(board: Board) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from RPi import GPIO; GPIO.setmode(GPIO.BCM)\n"
            f"GPIO.setup({RM}, GPIO.OUT, initial=1); print('ready', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        held = board.value(RM)
        holder.kill()
    assert (held, board.value(RM)) == (1, 0)
