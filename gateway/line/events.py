"""What a line port reports, and what a line tells the telephone exchange.

Port events are raw: hook edges are undebounced, and flash, dial pulses and hang-up are decided by
the hook machine of this package for every driver alike. `t_ns` is CLOCK_MONOTONIC in nanoseconds,
taken where the edge was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# --- from the port (driver) to the line machine ------------------------------------------------


@dataclass(frozen=True, slots=True)
class HookEdge:
    """The hook switch changed; not debounced."""

    off_hook: bool
    t_ns: int


@dataclass(frozen=True, slots=True)
class DtmfStart:
    """The decoder reports a valid key tone. `digit` is one of 0-9 * # A-D."""

    digit: str
    t_ns: int


@dataclass(frozen=True, slots=True)
class DtmfEnd:
    """The key tone ended."""

    digit: str
    t_ns: int


@dataclass(frozen=True, slots=True)
class EarlyTone:
    """The decoder sees the beginning of what may be a key tone (ESt); no digit yet."""

    on: bool
    t_ns: int


@dataclass(frozen=True, slots=True)
class RingTrip:
    """The driver saw loop current while ringing: an answer that needs no further persistence."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class RingPending:
    """The bell will ring by itself, once its circuit has rested: within five seconds."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class RingStarted:
    """The port confirms that the bell rings."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class Fault:
    """The port cannot work as asked; `text` says what is wrong and what to do."""

    text: str
    t_ns: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """The port works again after a Fault."""

    t_ns: int


PortEvent: TypeAlias = (
    HookEdge
    | DtmfStart
    | DtmfEnd
    | EarlyTone
    | RingTrip
    | RingPending
    | RingStarted
    | Fault
    | Recovered
)


# --- from the line machine to the exchange -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ringing:
    """The bell rings, or is sure to in a moment (confirmed by the port): 180 may be sent."""


@dataclass(frozen=True, slots=True)
class OffHook:
    """The handset was lifted, persistence over. `answered`: the bell was ringing."""

    answered: bool


@dataclass(frozen=True, slots=True)
class OnHook:
    """The handset was put down for longer than any flash."""


@dataclass(frozen=True, slots=True)
class HookFlash:
    """A hook flash within the country's window."""


@dataclass(frozen=True, slots=True)
class DigitStarted:
    """A key went down. It will be followed by DigitEnded."""

    digit: str


@dataclass(frozen=True, slots=True)
class DigitEnded:
    """The key of the last DigitStarted was let go, `duration_ms` after it went down.

    The duration is the port's own measure: it holds where the loop saw both ends at once.
    """

    digit: str
    duration_ms: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PulseDigit:
    """A digit dialled by pulses, complete."""

    digit: str


@dataclass(frozen=True, slots=True)
class LineFault:
    """The line is out of service until LineReady."""

    text: str


@dataclass(frozen=True, slots=True)
class LineReady:
    """The line is in service again."""


LineEvent: TypeAlias = (
    Ringing
    | OffHook
    | OnHook
    | HookFlash
    | DigitStarted
    | DigitEnded
    | PulseDigit
    | LineFault
    | LineReady
)
