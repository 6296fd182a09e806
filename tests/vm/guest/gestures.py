"""What a person does with a telephone, and the decoder chip beside it, as planned turns of lines.

Pure: times in seconds from the gesture's beginning, lines by their names. Nothing here knows how a
driver works; the figures are those of telephones and data sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

DIGITS: Final = "D1234567890*#ABC"  # by the decoder's code: 1 is 0001, 0 is 1010, D is 0000


@dataclass(frozen=True, slots=True)
class Turn:
    """A line is turned to a level, `at_s` after the beginning."""

    at_s: float
    signal: str
    level: int


Gesture = list[Turn]


def lift(bounces_s: Sequence[float] = ()) -> Gesture:
    """The handset leaves its hook."""
    return _contact(0.0, 1, bounces_s)


def hang_up(bounces_s: Sequence[float] = ()) -> Gesture:
    """The handset is put on its hook."""
    return _contact(0.0, 0, bounces_s)


def flash(length_s: float, bounces_s: Sequence[float] = ()) -> Gesture:
    """The hook is pressed for a moment."""
    return in_turn([hang_up(bounces_s), lift(bounces_s)], [length_s])


def rotary(
    digits: str,
    pulses_s: float = 10.0,
    break_percent: float = 60.0,
    gap_s: float = 0.6,
    bounces_s: Sequence[float] = (),
) -> Gesture:
    """A rotary dial: as many breaks of the loop as the digit says, 0 being ten.

    `gap_s` is from a digit's last make to the next one's first break: the finger on its way.
    """
    turns: Gesture = []
    at_s = 0.0
    for digit in digits:
        for _ in range(int(digit) or 10):
            turns += _contact(at_s, 0, bounces_s)
            turns += _contact(at_s + break_percent / 100 / pulses_s, 1, bounces_s)
            at_s += 1 / pulses_s
        # The last make has begun already, and is a part of the gap.
        at_s += gap_s - (1 - break_percent / 100) / pulses_s
    return turns


@dataclass(frozen=True, slots=True)
class Decoder:
    """Times of an MT8870 with 300 kohm and 100 nF, from the tone's own beginning and end."""

    early_s: float = 0.011  # to ESt high: 5 to 14 ms
    valid_s: float = 0.041  # to StD high: 40 to 50 ms
    early_end_s: float = 0.004  # to ESt low: 0.5 to 8.5 ms
    valid_end_s: float = 0.026  # to StD low


def keys(
    digits: str, on_s: float = 0.1, off_s: float = 0.1, decoder: Decoder = Decoder()
) -> Gesture:
    """Keys pressed one after another, as the decoder tells of them.

    A tone that ends before StD would rise is seen early, and then is none. Q stays until the next.
    """
    turns: Gesture = []
    for place, digit in enumerate(digits):
        at_s = place * (on_s + off_s)
        turns.append(Turn(at_s + decoder.early_s, "EST", 1))
        turns.append(Turn(at_s + on_s + decoder.early_end_s, "EST", 0))
        if on_s >= decoder.valid_s:
            code = DIGITS.index(digit)
            # Q is there 4 us before StD: less than the time that turning a line takes.
            valid_s = at_s + decoder.valid_s
            turns += [Turn(valid_s, f"Q{bit + 1}", code >> bit & 1) for bit in range(4)]
            turns.append(Turn(valid_s, "STD", 1))
            turns.append(Turn(at_s + on_s + decoder.valid_end_s, "STD", 0))
    return sorted(turns, key=lambda turn: turn.at_s)


def speech_on_early(times: int, on_s: float = 0.02, off_s: float = 0.18) -> Gesture:
    """A voice that the decoder takes for the beginning of a tone, again and again: ESt alone."""
    return [
        Turn(time * (on_s + off_s) + (0 if level else on_s), "EST", level)
        for time in range(times)
        for level in (1, 0)
    ]


def in_turn(gestures: Iterable[Gesture], pauses_s: Iterable[float]) -> Gesture:
    """One gesture after another: each begins so long after the beginning of the one before."""
    turns: Gesture = []
    begin_s = 0.0
    starts = iter(pauses_s)
    for gesture in gestures:
        turns += [Turn(begin_s + turn.at_s, turn.signal, turn.level) for turn in gesture]
        begin_s += next(starts, 0.0)
    return sorted(turns, key=lambda turn: turn.at_s)


def _contact(at_s: float, level: int, bounces_s: Sequence[float]) -> Gesture:
    """A contact closes (1) or opens (0), and springs back in between."""
    if len(bounces_s) % 2:
        raise ValueError("an odd number of bounces would leave the contact where it was")
    turns = [Turn(at_s, "SHK", level)]
    for bounce_s in bounces_s:
        level = 1 - level
        turns.append(Turn(at_s + bounce_s, "SHK", level))
    return turns
