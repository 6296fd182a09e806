"""The handle of the native voice engine: streams, lines, statistics, events.

Names load on first use, so that `gateway.media.port`, which is pure, never loads the C extension.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.media.engine import Engine, EngineSettings, EngineStatus, RealtimeStatus
    from gateway.media.events import (
        DataSent,
        DigitEnded,
        DigitGuarded,
        DigitSent,
        DigitStarted,
        FirstPacket,
        MediaEvent,
        RemoteRtcpBye,
        RtpResumed,
        RtpTimeout,
        SourceChanged,
        SourceDrained,
        StreamRetired,
    )
    from gateway.media.line import DataSpec, Line, ToneSegmentSpec, ToneSpec
    from gateway.media.resample import Resampler
    from gateway.media.srtp import SrtpKeys
    from gateway.media.statistics import LineStatistics, StreamStatistics
    from gateway.media.stream import Stream, StreamSettings

_HOME = {
    "Engine": "engine",
    "EngineSettings": "engine",
    "EngineStatus": "engine",
    "RealtimeStatus": "engine",
    "DataSent": "events",
    "DigitEnded": "events",
    "DigitGuarded": "events",
    "DigitSent": "events",
    "DigitStarted": "events",
    "FirstPacket": "events",
    "MediaEvent": "events",
    "RemoteRtcpBye": "events",
    "RtpResumed": "events",
    "RtpTimeout": "events",
    "SourceChanged": "events",
    "SourceDrained": "events",
    "StreamRetired": "events",
    "DataSpec": "line",
    "Line": "line",
    "ToneSegmentSpec": "line",
    "ToneSpec": "line",
    "Resampler": "resample",
    "SrtpKeys": "srtp",
    "LineStatistics": "statistics",
    "StreamStatistics": "statistics",
    "Stream": "stream",
    "StreamSettings": "stream",
}

__all__ = [
    "DataSent",
    "DataSpec",
    "DigitEnded",
    "DigitGuarded",
    "DigitSent",
    "DigitStarted",
    "Engine",
    "EngineSettings",
    "EngineStatus",
    "FirstPacket",
    "Line",
    "LineStatistics",
    "MediaEvent",
    "RealtimeStatus",
    "RemoteRtcpBye",
    "Resampler",
    "RtpResumed",
    "RtpTimeout",
    "SourceChanged",
    "SourceDrained",
    "SrtpKeys",
    "Stream",
    "StreamRetired",
    "StreamSettings",
    "StreamStatistics",
    "ToneSegmentSpec",
    "ToneSpec",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
