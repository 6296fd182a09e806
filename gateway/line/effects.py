"""What the line machine wants done: bell, polarity and feed by the port, sounds by the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.line.cadence import Cadence
from gateway.line.tones import Tone


@dataclass(frozen=True, slots=True)
class StartRing:
    """Ring the bell until StopRing."""

    cadence: Cadence


@dataclass(frozen=True, slots=True)
class StopRing:
    """Silence the bell."""


@dataclass(frozen=True, slots=True)
class PlayTone:
    """Play a tone into the earpiece, in place of the one that plays now."""

    tone: Tone


@dataclass(frozen=True, slots=True)
class StopTone:
    """End the tone, or the data; the earpiece hears the call again."""


@dataclass(frozen=True, slots=True)
class SendData:
    """Send a message to the telephone's display, behind the tone that plays now if that has an end.

    `modulation` is bell202 or v23; StopTone ends this too.
    """

    modulation: str
    message: bytes
    seizure_bits: int
    mark_bits: int
    level_dbm: float


@dataclass(frozen=True, slots=True)
class Reverse:
    """Reverse the polarity of the line, or have it as usual."""

    on: bool


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take the line's feed away for so long: the far end has hung up (calling party control)."""

    ms: int


Effect: TypeAlias = StartRing | StopRing | PlayTone | StopTone | SendData | Reverse | Disconnect
