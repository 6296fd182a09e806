"""What the line machine wants done: the bell through the port, tones through the voice engine."""

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
    """End the tone; the earpiece hears the call again."""


Effect: TypeAlias = StartRing | StopRing | PlayTone | StopTone
