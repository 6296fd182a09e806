"""The analog line, sans-IO: port protocol, hook, pulses, cadences, tones, countries."""

from gateway.line.cadence import Cadence, distinctive_cadence
from gateway.line.country import Country
from gateway.line.effects import Effect, PlayTone, StartRing, StopRing, StopTone
from gateway.line.events import (
    DigitEnded,
    DigitStarted,
    HookFlash,
    LineEvent,
    LineFault,
    LineReady,
    OffHook,
    OnHook,
    PortEvent,
    PulseDigit,
    Ringing,
)
from gateway.line.machine import LineMachine
from gateway.line.port import LinePort
from gateway.line.tones import TONE_NAMES, Tone, ToneSegment

__all__ = [
    "TONE_NAMES",
    "Cadence",
    "Country",
    "DigitEnded",
    "DigitStarted",
    "Effect",
    "HookFlash",
    "LineEvent",
    "LineFault",
    "LineMachine",
    "LinePort",
    "LineReady",
    "OffHook",
    "OnHook",
    "PlayTone",
    "PortEvent",
    "PulseDigit",
    "Ringing",
    "StartRing",
    "StopRing",
    "StopTone",
    "Tone",
    "ToneSegment",
    "distinctive_cadence",
]
