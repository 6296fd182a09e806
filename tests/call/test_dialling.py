"""A number grows digit by digit; when it is complete, by rows."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.call.dialling import INTER_DIGIT_S, MOST_DIGITS, Dialling
from gateway.line.events import DigitEnded, DigitStarted, PulseDigit


def keys(text: str) -> list[Any]:
    return [event for key in text for event in (DigitStarted(key), DigitEnded(key, 100))]


def pulses(text: str) -> list[Any]:
    return [PulseDigit(digit) for digit in text]


@pytest.mark.parametrize(
    ("events", "complete", "later"),
    [
        pytest.param(keys("600#"), "600", None, id="# sends"),
        pytest.param(keys("600"), None, "600", id="silence sends"),
        pytest.param(pulses("600"), None, "600", id="pulses"),
        pytest.param(pulses("60") + keys("0#"), "600", None, id="pulses, then keys"),
        pytest.param(keys("*98600#"), "*98600", None, id="a star"),
        pytest.param(keys("6A0D0#"), "600", None, id="A to D are no digits"),
        pytest.param(keys("#"), "", None, id="# alone"),
        pytest.param(keys("A"), None, "", id="nothing that counts"),
        pytest.param([DigitStarted("6")], None, None, id="a key held down"),
        pytest.param(keys("1" * MOST_DIGITS), "1" * MOST_DIGITS, None, id="longer than any"),
    ],
)
def test_when_a_number_is_complete(
    events: list[Any], complete: str | None, later: str | None
) -> None:
    dialling = Dialling()
    found = [number for event in events if (number := dialling.take(event, 10.0)) is not None]
    assert found == ([] if complete is None else [complete])
    assert dialling.handle_deadline(10.0 + INTER_DIGIT_S - 0.01) is None
    assert dialling.handle_deadline(10.0 + INTER_DIGIT_S) == later
    assert dialling.next_deadline() is None


def test_each_digit_gives_time_for_the_next() -> None:
    dialling = Dialling()
    for number, digit in enumerate("600"):
        assert dialling.take(PulseDigit(digit), number * 3.9) is None
        assert dialling.next_deadline() == number * 3.9 + INTER_DIGIT_S
    assert dialling.number == "600"
