"""The GPIO library on the simulated chip, the ground under drivers: edges arrive, levels show."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from RPi import GPIO

from tests.vm.guest import gestures
from tests.vm.guest.board import PINS, Board
from tests.vm.guest.gestures import Gesture
from tests.vm.guest.handset import Handset, ahead_of_others
from tests.vm.guest.ring import bursts, edges, worst_excess_s
from tests.vm.guest.watch import Watch

SHK, FR, RM = PINS["SHK"], PINS["FR"], PINS["RM"]
RING_HZ = 25


@pytest.fixture
def gpio(board: Board) -> Iterator[None]:
    GPIO.setmode(GPIO.BCM)
    GPIO.setup(FR, GPIO.OUT, initial=1)
    GPIO.setup(RM, GPIO.OUT, initial=0)
    for name in ("SHK", "STD", "EST", "Q1", "Q2", "Q3", "Q4"):
        GPIO.setup(PINS[name], GPIO.IN)
    yield
    GPIO.cleanup()


def test_the_versions_that_the_product_asks_for() -> None:
    # pip takes a stub 0.0.0.2 of lgpio where it finds nothing better.
    assert importlib.metadata.version("lgpio") == "0.2.2.0"
    assert importlib.metadata.version("rpi-lgpio") == "0.6"


@pytest.mark.parametrize(
    ("signal", "before", "gesture"),
    [
        ("SHK", 1, gestures.rotary("5")),
        ("SHK", 1, gestures.rotary("05", pulses_s=12, break_percent=75)),
        ("SHK", 0, gestures.lift(bounces_s=(0.001, 0.002, 0.004, 0.0045))),
        ("STD", 0, gestures.keys("159#")),
        ("EST", 0, gestures.speech_on_early(5)),
    ],
)
@pytest.mark.usefixtures("gpio")
def test_every_edge_arrives_with_its_time(
    board: Board,
    handset: Handset,
    signal: str,
    before: int,
    gesture: Gesture,
    record_property: Callable[[str, object], None],
) -> None:
    seen: list[int] = []
    board.pull(PINS[signal], before)
    GPIO.add_event_detect(PINS[signal], GPIO.BOTH, lambda _: seen.append(time.monotonic_ns()))
    with ahead_of_others():
        turned = [turn.t_ns for turn in handset.play(gesture) if turn.signal == signal]
    time.sleep(0.1)
    late_ms = [(s - t) / 1e6 for s, t in zip(seen, turned, strict=True)]
    record_property("latest_ms", max(late_ms))
    assert min(late_ms) > 0
    assert max(late_ms) < 5


@pytest.mark.usefixtures("gpio")
def test_the_decoders_code_is_there_when_it_says_so(handset: Handset) -> None:
    codes: list[int] = []

    def read(_: int) -> None:
        codes.append(sum(GPIO.input(PINS[f"Q{bit + 1}"]) << bit for bit in range(4)))

    GPIO.add_event_detect(PINS["STD"], GPIO.RISING, read)
    handset.play(gestures.keys(gestures.DIGITS, on_s=0.06, off_s=0.06))
    time.sleep(0.1)
    assert codes == list(range(16))


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
def test_pwm_is_measured_on_the_pins(
    board: Board, record_property: Callable[[str, object], None]
) -> None:
    with Watch(board) as watch:
        pwm = GPIO.PWM(FR, RING_HZ)
        pwm.start(50)
        time.sleep(1)
        pwm.stop()
        GPIO.output(FR, 1)
        after_stop = board.value(FR)
        del pwm  # stops again, and that sets the line low
    running = edges(watch.levels, "FR")[:-3]  # without those of both stops, and ours
    halves_ms = [(b.t_ns - a.t_ns) / 1e6 for a, b in pairwise(running)]
    record_property("mean_half_ms", sum(halves_ms) / len(halves_ms))
    record_property("halves_ms", f"{min(halves_ms):.2f} to {max(halves_ms):.2f}")
    assert sum(halves_ms) / len(halves_ms) == pytest.approx(20, rel=0.01)
    assert (after_stop, board.value(FR)) == (1, 0)


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
