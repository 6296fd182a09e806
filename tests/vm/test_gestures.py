"""The gestures that the test machine plays: their times, worked out without it."""

from __future__ import annotations

import pytest

from tests.vm.guest import gestures
from tests.vm.guest.gestures import Gesture, Turn


def times_ms(gesture: Gesture, signal: str) -> list[tuple[float, int]]:
    return [(round(t.at_s * 1e3, 3), t.level) for t in gesture if t.signal == signal]


@pytest.mark.parametrize(
    ("gesture", "expected"),
    [
        (gestures.lift(), [(0, 1)]),
        (gestures.hang_up((0.001, 0.003)), [(0, 0), (1, 1), (3, 0)]),
        (gestures.flash(0.5), [(0, 0), (500, 1)]),
        (gestures.rotary("2"), [(0, 0), (60, 1), (100, 0), (160, 1)]),
        (gestures.rotary("1", pulses_s=8, break_percent=50), [(0, 0), (62.5, 1)]),
        (gestures.rotary("11", gap_s=0.6), [(0, 0), (60, 1), (660, 0), (720, 1)]),
        (gestures.in_turn([gestures.lift(), gestures.hang_up()], [2.0]), [(0, 1), (2000, 0)]),
    ],
)
def test_the_hook(gesture: Gesture, expected: list[tuple[float, int]]) -> None:
    assert times_ms(gesture, "SHK") == expected


@pytest.mark.parametrize(("digit", "breaks"), [("1", 1), ("5", 5), ("9", 9), ("0", 10)])
def test_breaks_of_a_digit(digit: str, breaks: int) -> None:
    assert [turn.level for turn in gestures.rotary(digit)].count(0) == breaks


def test_a_contact_ends_where_it_was_going() -> None:
    with pytest.raises(ValueError, match="odd"):
        gestures.lift((0.001,))


@pytest.mark.parametrize(
    ("digit", "code"),
    [("1", 1), ("9", 9), ("0", 10), ("*", 11), ("#", 12), ("A", 13), ("C", 15), ("D", 0)],
)
def test_codes_of_the_decoder(digit: str, code: int) -> None:
    bits = [t for t in gestures.keys(digit) if t.signal.startswith("Q")]
    assert sum(t.level << int(t.signal[1:]) - 1 for t in bits) == code


def test_a_key_as_the_decoder_tells_of_it() -> None:
    pressed = gestures.keys("12", on_s=0.05, off_s=0.05)
    assert times_ms(pressed, "EST") == [(11, 1), (54, 0), (111, 1), (154, 0)]
    assert times_ms(pressed, "STD") == [(41, 1), (76, 0), (141, 1), (176, 0)]
    valid = pressed.index(Turn(0.041, "STD", 1))
    assert {turn.signal for turn in pressed[valid - 4 : valid]} == {"Q1", "Q2", "Q3", "Q4"}


def test_a_tone_that_is_too_short_is_no_digit() -> None:
    assert {turn.signal for turn in gestures.keys("1", on_s=0.03)} == {"EST"}
