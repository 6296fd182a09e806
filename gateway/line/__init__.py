"""The analog line, sans-IO: port protocol, hook, pulses, cadences, tones, countries."""

from gateway.line.cadence import Cadence, distinctive_cadence
from gateway.line.caller_id import Absence, CallerIdentity, LocalTime
from gateway.line.country import Country
from gateway.line.display import NO_CALLER_ID, CallerIdScheme
from gateway.line.effects import (
    Disconnect,
    Effect,
    PlayTone,
    Reverse,
    SendData,
    StartRing,
    StopRing,
    StopTone,
)
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
    "NO_CALLER_ID",
    "TONE_NAMES",
    "Absence",
    "Cadence",
    "CallerIdScheme",
    "CallerIdentity",
    "Country",
    "DigitEnded",
    "DigitStarted",
    "Disconnect",
    "Effect",
    "HookFlash",
    "LineEvent",
    "LineFault",
    "LineMachine",
    "LinePort",
    "LineReady",
    "LocalTime",
    "OffHook",
    "OnHook",
    "PlayTone",
    "PortEvent",
    "PulseDigit",
    "Reverse",
    "Ringing",
    "SendData",
    "StartRing",
    "StopRing",
    "StopTone",
    "Tone",
    "ToneSegment",
    "distinctive_cadence",
]
