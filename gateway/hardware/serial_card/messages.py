"""What a line card says, as values. `parse` raises WireError alone, whatever it is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.errors import TipringError
from gateway.hardware.serial_card.card.framing import unframe


class WireError(TipringError, ValueError):
    """A line was damaged on its way, or is none of the protocol's."""

    fault = "hardware"


@dataclass(frozen=True, slots=True)
class Ready:
    """The card has started, or has parked and hears us again: it knows nothing of our wishes."""

    version: str


@dataclass(frozen=True, slots=True)
class Done:
    """The command of that number has been obeyed."""

    number: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The command of that number cannot be obeyed; the text is the card's."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Hook:
    """The hook contact moved, undebounced. `t_ms` is the card's own clock, 32 bits of it."""

    off_hook: bool
    t_ms: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key tone became valid, or ended."""

    digit: str
    down: bool
    t_ms: int


@dataclass(frozen=True, slots=True)
class Early:
    """What may become a key tone began, or ended."""

    on: bool
    t_ms: int


@dataclass(frozen=True, slots=True)
class Tripped:
    """The handset was lifted during a burst."""

    t_ms: int


@dataclass(frozen=True, slots=True)
class State:
    """How the card stands, in answer to STATE?."""

    off_hook: bool
    ringing: bool
    powered: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """The card lives."""


Message: TypeAlias = Ready | Done | Refused | Hook | Key | Early | Tripped | State | Beat
_Match: TypeAlias = re.Match[str]

_LATEST_MS: Final = 0xFFFFFFFF
_NUMBER: Final = r"([0-9]{1,2})"
_TIME: Final = r"([0-9]{1,10})"


def _time(text: str) -> int:
    t_ms = int(text)
    if t_ms > _LATEST_MS:
        raise WireError(f"{text} is no time of a counter of 32 bits")
    return t_ms


def _state(match: _Match) -> State:
    pairs = dict(word.lower().split("=", 1) for word in match[1].split() if "=" in word)
    try:
        return State(
            off_hook=("on", "off").index(pairs["hook"]) == 1,
            ringing=("0", "1").index(pairs["ring"]) == 1,
            powered=("0", "1").index(pairs["power"]) == 1,
        )
    except (KeyError, ValueError):
        raise WireError(f"STATE {match[1]}: hook, ring or power is missing or wrong") from None


# What a line looks like, whole, and what it means. Further words of STATE are a later version's.
_LINES: Final[tuple[tuple[re.Pattern[str], Callable[[_Match], Message]], ...]] = tuple(
    (re.compile(pattern), build)
    for pattern, build in (
        (r"BEAT", lambda m: Beat()),
        (rf"HOOK (OFF|ON) {_TIME}", lambda m: Hook(m[1] == "OFF", _time(m[2]))),
        (
            rf"DTMF ([0-9*#A-D]) (START|END) {_TIME}",
            lambda m: Key(m[1], m[2] == "START", _time(m[3])),
        ),
        (rf"EARLY ([01]) {_TIME}", lambda m: Early(m[1] == "1", _time(m[2]))),
        (rf"RINGTRIP {_TIME}", lambda m: Tripped(_time(m[1]))),
        (rf"OK {_NUMBER}", lambda m: Done(int(m[1]))),
        (rf"ERR {_NUMBER}(?: (.*))?", lambda m: Refused(int(m[1]), m[2] or "no reason given")),
        (r"READY (.+)", lambda m: Ready(m[1])),
        (r"STATE (.+)", _state),
    )
)


def parse(line: bytes) -> Message:
    """The message of a line that came without its CR LF. Raises WireError."""
    text = unframe(line)
    if text is None:
        raise WireError(f"damaged line {line!r}")
    for pattern, build in _LINES:
        match = pattern.fullmatch(text)
        if match is not None:
            return build(match)
    raise WireError(f"{text!r} is no line of the protocol")
