"""A thousand keys and a thousand dialled digits, at all speeds: none lost, none doubled.

All of them while another thread holds the interpreter; some in quiet too, to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from random import Random

import pytest

from gateway.line import DigitEnded, DigitStarted, LineEvent, PulseDigit
from gateway.line.events import DtmfStart, EarlyTone
from tests.line.traces import country
from tests.vm.guest import gestures, load
from tests.vm.guest.board import Board
from tests.vm.guest.hand import Hand
from tests.vm.guest.line import QUICK, Attended, GpioRig, gpio_rig

Load = Callable[[], AbstractContextManager[None]]
Record = Callable[[str, object], None]

KEYS = 250
DIGITS = 125
GAP_S = 0.25  # from a dialled digit to the next


@pytest.fixture
def line(board: Board, hand: Hand) -> Iterator[Attended]:
    with gpio_rig(board, hand) as rig:
        yield lifted(rig)


def lifted(rig: GpioRig) -> Attended:
    line = Attended(rig, country("us"))
    line.start()
    rig.lift()
    line.run_for(0.5)
    line.forget()
    return line


def pressed(keys: str) -> list[LineEvent]:
    return [event for key in keys for event in (DigitStarted(key), DigitEnded(key))]


def random_of(symbols: str, count: int, seed: object) -> str:
    return "".join(Random(str(seed)).choices(symbols, k=count))


@pytest.mark.parametrize(
    ("on_ms", "off_ms", "busy"),
    [
        (40, 40, load.nothing),
        (40, 40, load.interpreter_held),
        (50, 50, load.interpreter_held),
        (65, 45, load.interpreter_held),
        (100, 100, load.interpreter_held),
    ],
)
def test_keys(
    line: Attended, hand: Hand, on_ms: int, off_ms: int, busy: Load, record_property: Record
) -> None:
    keys = random_of("0123456789*#ABCD", KEYS, on_ms)
    with busy():
        line.run_for(hand.play(gestures.keys(keys, on_ms / 1e3, off_ms / 1e3, QUICK)) + 0.5)
    assert line.events == pressed(keys)
    valid = [turn.t_ns for turn in hand.turned() if (turn.signal, turn.level) == ("STD", 1)]
    heard = line.heard_of(DtmfStart)
    late = [at - turned for at, turned in zip(heard, valid, strict=True)]
    stamps = [e.t_ns - turned for e, turned in zip(line.of(DtmfStart), valid, strict=True)]
    record_property("stamped_after_ms", max(stamps) / 1e6)
    record_property("heard_after_ms", max(late) / 1e6)


@pytest.mark.parametrize(
    ("pulses_s", "break_percent", "busy"),
    [
        (12, 75, load.nothing),
        (8, 50, load.interpreter_held),
        (8, 75, load.interpreter_held),
        (12, 50, load.interpreter_held),
        (12, 75, load.interpreter_held),
        (10, 60, load.interpreter_held),
        (10, 67, load.interpreter_held),
        (9, 55, load.interpreter_held),
        (11, 70, load.interpreter_held),
    ],
)
def test_a_rotary_dial(
    line: Attended, hand: Hand, pulses_s: float, break_percent: float, busy: Load
) -> None:
    digits = random_of("0123456789", DIGITS, (pulses_s, break_percent))
    with busy():
        line.run_for(hand.play(gestures.rotary(digits, pulses_s, break_percent, GAP_S)) + 0.5)
    assert line.events == [PulseDigit(digit) for digit in digits]


def test_all_is_busy(line: Attended, hand: Hand) -> None:
    """Less of both: here the machine's clock has to count what others do."""
    with load.all_busy():
        line.run_for(hand.play(gestures.keys("0123456789*#ABCD", 0.05, 0.05, QUICK)) + 0.3)
        line.run_for(hand.play(gestures.rotary("5927", 12, 75, GAP_S)) + 0.3)
    assert line.events == pressed("0123456789*#ABCD") + [PulseDigit(digit) for digit in "5927"]


def test_a_voice_is_no_digit(line: Attended, hand: Hand, record_property: Record) -> None:
    """The decoder takes it for the beginning of a tone, and says so by ESt alone."""
    line.run_for(hand.play(gestures.speech_on_early(200)) + 0.5)
    record_property("early_tones", len(line.of(EarlyTone)) // 2)
    assert [type(event) for event in line.raw] == [EarlyTone] * 400
    assert line.events == []
