"""What a line and the process that works its pins say to each other: lines of words.

Commands go to the process, port events come from it. `Recovered` first: the pins are taken; or
`Fault`, and the process ends. Everything fits one line, so that a pipe needs no framing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    Fault,
    HookEdge,
    PortEvent,
    Recovered,
    RingPending,
    RingStarted,
    RingTrip,
)


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring by (on_ms, off_ms) steps at `hz`. Without a Beat every now and then it is ended."""

    hz: float
    steps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Silence."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """Polarity of tip and ring: reversed, or as usual."""

    reversed: bool


@dataclass(frozen=True, slots=True)
class Power:
    """The line's feed: on, or off until it is told on."""

    on: bool


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take the feed away for so long (calling party control): the far end has hung up."""

    ms: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Whoever sends this is alive; answered by the same."""


Command: TypeAlias = Ring | Stop | Reverse | Power | Disconnect | Beat
Message: TypeAlias = PortEvent | Beat


def command_line(command: Command) -> str:
    """As text, without a line end."""
    match command:
        case Ring(hz, steps):
            return f"ring {hz!r} " + " ".join(f"{on} {off}" for on, off in steps)
        case Reverse(on) | Power(on):
            return f"{type(command).__name__.lower()} {int(on)}"
        case Disconnect(ms):
            return f"disconnect {ms}"
    return type(command).__name__.lower()


def read_command(line: str) -> Command:
    """ValueError for what is no command."""
    word, *rest = line.split()
    match word, rest:
        case "ring", [hz, *times]:
            numbers = [int(each) for each in times]
            return Ring(float(hz), tuple(zip(numbers[::2], numbers[1::2], strict=True)))
        case "reverse", [on]:
            return Reverse(on == "1")
        case "power", [on]:
            return Power(on == "1")
        case "disconnect", [ms]:
            return Disconnect(int(ms))
        case "stop", []:
            return Stop()
        case "beat", []:
            return Beat()
    raise ValueError(f"{line!r} is no command")


def message_line(message: Message) -> str:
    """As text, without a line end."""
    match message:
        case HookEdge(on, t_ns) | EarlyTone(on, t_ns):
            return f"{_WORDS[type(message)]} {t_ns} {int(on)}"
        case DtmfStart(digit, t_ns) | DtmfEnd(digit, t_ns):
            return f"{_WORDS[type(message)]} {t_ns} {digit}"
        case Fault(text, t_ns):
            return f"fault {t_ns} {' '.join(text.split())}"
        case Beat():
            return "beat 0"
    return f"{_WORDS[type(message)]} {message.t_ns}"


def read_message(line: str) -> Message:
    """ValueError for what is no message."""
    word, t_ns, *rest = line.strip().split(maxsplit=2)
    try:
        message: Message = _MESSAGES[word](int(t_ns), *rest)
        return message
    except (KeyError, TypeError) as error:
        raise ValueError(f"{line!r} is no message") from error


_WORDS: Final[Mapping[type, str]] = {
    HookEdge: "hook",
    EarlyTone: "early",
    DtmfStart: "key",
    DtmfEnd: "key-end",
    RingTrip: "trip",
    RingPending: "pending",
    RingStarted: "ringing",
    Recovered: "ready",
}
_MESSAGES: Final[Mapping[str, Callable[..., Any]]] = {
    "hook": lambda t_ns, on: HookEdge(on == "1", t_ns),
    "early": lambda t_ns, on: EarlyTone(on == "1", t_ns),
    "key": lambda t_ns, digit: DtmfStart(digit, t_ns),
    "key-end": lambda t_ns, digit: DtmfEnd(digit, t_ns),
    "trip": RingTrip,
    "pending": RingPending,
    "ringing": RingStarted,
    "ready": Recovered,
    "fault": lambda t_ns, text: Fault(text, t_ns),
    "beat": lambda _: Beat(),
}
