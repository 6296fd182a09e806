"""Digits as tones, one after another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.line.country import DtmfLevels
from gateway.media.line import ToneSpec
from gateway.service.digit_tones import DigitTones


class Line:
    """An earpiece and a timer that only the test lets run."""

    def __init__(self) -> None:
        self.played: list[ToneSpec] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.tones = DigitTones(
            DtmfLevels(-8, -10), self.played.append, lambda *timer: self.timers.append(timer)
        )

    def run(self) -> None:
        while self.timers:
            self.timers.pop(0)[1]()


@pytest.mark.parametrize(
    ("digit", "frequencies"),
    [
        ("1", (697, 1209)),
        ("5", (770, 1336)),
        ("9", (852, 1477)),
        ("*", (941, 1209)),
        ("0", (941, 1336)),
        ("#", (941, 1477)),
        ("A", (697, 1633)),
        ("D", (941, 1633)),
    ],
)
def test_a_digit_is_two_frequencies(digit: str, frequencies: tuple[float, float]) -> None:
    line = Line()
    line.tones.add(digit, 160)
    (tone,) = line.played
    (segment,) = tone.segments
    assert segment.frequencies == frequencies
    assert (segment.on_ms, segment.off_ms, segment.level_dbm) == (160, 50, -9)
    assert (tone.repeat_from, tone.mix) == (None, False)


@pytest.mark.parametrize(("told", "played"), [(0, 50), (80, 80), (10_000, 1000)])
def test_a_digit_has_a_sensible_length(told: int, played: int) -> None:
    line = Line()
    line.tones.add("1", told)
    assert line.played[0].segments[0].on_ms == played
    assert line.timers[0][0] == pytest.approx((played + 50) / 1000)


def test_digits_wait_for_each_other_and_not_for_ever() -> None:
    line = Line()
    for digit in "12x" + "3" * 40:
        line.tones.add(digit, 100)
    assert len(line.played) == 1
    line.run()
    assert len(line.played) == 33
    line.tones.add("7", 100)
    assert len(line.played) == 34


def test_the_end_of_a_call_forgets_what_waits() -> None:
    line = Line()
    for digit in "123":
        line.tones.add(digit, 100)
    line.tones.clear()
    line.run()
    assert len(line.played) == 1
