"""What the engine reports. Times are nanoseconds of CLOCK_MONOTONIC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gateway.media.line import Line
    from gateway.media.stream import Stream


@dataclass(frozen=True)
class StreamRetired:
    """The engine has let the stream go: its descriptors may be closed, its place is free."""

    stream: Stream
    t_ns: int


@dataclass(frozen=True)
class FirstPacket:
    """The first valid RTP packet arrived from `source` (address, port)."""

    stream: Stream
    source: tuple[str, int]
    t_ns: int


@dataclass(frozen=True)
class SourceChanged:
    """Another source than the signalled one is heard from now on."""

    stream: Stream
    source: tuple[str, int]
    t_ns: int


@dataclass(frozen=True)
class DigitStarted:
    """The peer pressed `digit` (0-9 * # A-D)."""

    stream: Stream
    digit: str
    t_ns: int


@dataclass(frozen=True)
class DigitEnded:
    """The peer let `digit` go after `duration_ms` of its own clock."""

    stream: Stream
    digit: str
    duration_ms: int
    t_ns: int


@dataclass(frozen=True)
class DigitSent:
    """Our digit is on the wire to its end; `duration_ms` is what the peer was told."""

    stream: Stream
    digit: str
    duration_ms: int
    t_ns: int


@dataclass(frozen=True)
class RtpTimeout:
    """Nothing valid was received for the stream's `timeout_s`, while receiving."""

    stream: Stream
    t_ns: int


@dataclass(frozen=True)
class RtpResumed:
    """Packets arrive again after RtpTimeout."""

    stream: Stream
    t_ns: int


@dataclass(frozen=True)
class RemoteRtcpBye:
    """The peer's RTCP said BYE; the call is ended by signalling, not by this."""

    stream: Stream
    t_ns: int


@dataclass(frozen=True)
class SourceDrained:
    """Everything written before the line's last `end_source` has been taken."""

    line: Line
    t_ns: int


@dataclass(frozen=True)
class DataSent:
    """What `Line.send_data` was given is over to its last bit; it was not cut short."""

    line: Line
    t_ns: int


@dataclass(frozen=True)
class DigitGuarded:
    """The line's decoder heard `digit`, but it was we who played it to the telephone."""

    line: Line
    digit: str
    t_ns: int


MediaEvent: TypeAlias = (
    StreamRetired
    | FirstPacket
    | SourceChanged
    | DigitStarted
    | DigitEnded
    | DigitSent
    | RtpTimeout
    | RtpResumed
    | RemoteRtcpBye
    | SourceDrained
    | DataSent
    | DigitGuarded
)
