"""The engine: its life, its pools of streams and lines, its events."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from gateway.errors import ExhaustedError, LocalProtocolError, SystemRefusal
from gateway.media import address
from gateway.media.digits import DIGITS
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
from gateway.media.lib import check, ffi, lib
from gateway.media.line import Line
from gateway.media.stream import Stream, StreamSettings

_EVENTS_AT_ONCE = 64

# Events that carry nothing but their stream and time.
_PLAIN: dict[int, Callable[[Stream, int], MediaEvent]] = {
    lib.TR_EVENT_RETIRED: StreamRetired,
    lib.TR_EVENT_RTP_TIMEOUT: RtpTimeout,
    lib.TR_EVENT_RTP_RESUMED: RtpResumed,
    lib.TR_EVENT_RTCP_BYE: RemoteRtcpBye,
}

_OF_LINES = (
    lib.TR_EVENT_LINE_RETIRED,
    lib.TR_EVENT_SOURCE_DRAINED,
    lib.TR_EVENT_DATA_SENT,
    lib.TR_EVENT_DIGIT_GUARDED,
)


@dataclass(frozen=True)
class EngineSettings:
    """Sizes of the pools; SCHED_FIFO `priority` (0 asks for none); ring length of a line.

    `srtp` makes libsrtp ready when the engine is opened (some 30 ms), and not in the middle of the
    first call that needs it.
    """

    streams: int = 16
    lines: int = 8
    priority: int = 50
    ring_ms: int = 4000
    srtp: bool = False


@dataclass(frozen=True)
class RealtimeStatus:
    """Whether the thread got SCHED_FIFO and locked memory, and what refused them."""

    fifo: bool
    locked: bool
    why_not: str


@dataclass(frozen=True)
class EngineStatus:
    """How the thread has kept its time: 10 ms ticks done, ticks skipped, worst wake-up (ms)."""

    ticks: int
    late_ticks: int
    worst_wake_ms: float
    events_lost: int


class Engine:
    """The voice engine. All methods are called on one thread, the loop's.

    Opening allocates everything; `start` makes the real-time thread; `close` ends it, after which
    streams and lines answer with LocalProtocolError.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings()
        raw = ffi.new("tr_engine_settings *")
        raw.streams, raw.lines = self.settings.streams, self.settings.lines
        raw.priority, raw.ring_ms = self.settings.priority, self.settings.ring_ms
        raw.srtp = self.settings.srtp
        self._handle: Any = lib.tr_engine_open(raw)
        if self._handle == ffi.NULL:
            raise SystemRefusal(ffi.errno, "the voice engine could not be opened")
        # An engine that is dropped without `close` takes its thread along. Not at exit: the process
        # ends the thread itself, and an audio thread may still be at its line.
        self._end = weakref.finalize(self, lib.tr_engine_close, self._handle)
        self._end.atexit = False
        self._serials = count(1)
        self._free_streams = list(reversed(range(self.settings.streams)))
        self._free_lines = list(reversed(range(self.settings.lines)))
        self._streams: dict[int, Stream] = {}
        self._lines: dict[int, Line] = {}
        self._buffer = ffi.new("tr_event[]", _EVENTS_AT_ONCE)
        self._started = False

    def start(self) -> None:
        """Make the real-time thread. Raises SystemRefusal when there can be none."""
        self._alive()
        check(lib.tr_engine_start(self._handle), "start the engine")
        self._started = True

    def close(self) -> None:
        """End the thread and free all memory. Idempotent; descriptors may be closed afterwards.

        Threads that use a line's source or sink must have stopped before.
        """
        if self._handle is None:
            return
        for stream in self._streams.values():
            stream.retire()
        self._end()
        self._handle = None
        self._streams.clear()
        self._lines.clear()

    def _alive(self) -> None:
        if self._handle is None:
            raise LocalProtocolError("the engine is closed")

    @property
    def event_fd(self) -> int:
        """Readable when `read_events` has something."""
        self._alive()
        return int(lib.tr_engine_event_fd(self._handle))

    def heartbeat(self) -> int:
        """Ticks (10 ms) done so far; standing still means that the thread hangs."""
        self._alive()
        return int(lib.tr_engine_heartbeat(self._handle))

    def _status(self) -> Any:
        self._alive()
        raw = ffi.new("tr_engine_status *")
        lib.tr_engine_read_status(self._handle, raw)
        return raw

    @property
    def realtime(self) -> RealtimeStatus:
        """What the system granted; meaningful after `start`."""
        raw = self._status()
        why_not = ffi.string(raw.why_not).decode(errors="replace")
        return RealtimeStatus(bool(raw.fifo), bool(raw.locked), why_not)

    def status(self) -> EngineStatus:
        """How the thread has kept its time."""
        raw = self._status()
        return EngineStatus(raw.ticks, raw.late_ticks, raw.worst_wake_ns / 1e6, raw.events_lost)

    def open_line(self, lookahead_ms: int = 0) -> Line:
        """A line from the pool. Raises ExhaustedError when all are in use.

        With `lookahead_ms` (0 to 50) its microphone is heard that much later, so that a key's tone
        can still be taken out of it when a decoder tells of it late.
        """
        self._alive()
        if not self._free_lines:
            raise ExhaustedError(f"all {self.settings.lines} lines of the engine are in use")
        slot = self._free_lines[-1]
        line = Line(self._handle, slot, next(self._serials), self._alive, lookahead_ms)
        self._free_lines.pop()
        self._lines[slot] = line
        return line

    def open_stream(self, settings: StreamSettings) -> Stream:
        """A stream from the pool. Raises ExhaustedError when all are in use or not yet retired."""
        self._alive()
        if not self._free_streams:
            raise ExhaustedError(f"all {self.settings.streams} streams of the engine are in use")
        slot = self._free_streams[-1]
        stream = Stream(self._handle, slot, next(self._serials), settings, self._alive)
        self._free_streams.pop()
        self._streams[slot] = stream
        return stream

    def read_events(self) -> list[MediaEvent]:
        """Everything reported since the last call, in order for each stream and line."""
        self._alive()
        events: list[MediaEvent] = []
        while True:
            number = lib.tr_engine_read_events(self._handle, self._buffer, _EVENTS_AT_ONCE)
            for at in range(number):
                event = self._translate(self._buffer[at])
                if event is not None:
                    events.append(event)
            if number < _EVENTS_AT_ONCE:
                return events

    def _translate(self, raw: Any) -> MediaEvent | None:
        if raw.kind in _OF_LINES:
            return self._line_event(raw)
        stream = self._streams.get(raw.slot)
        if stream is None or stream.serial != raw.serial:
            return None
        if raw.kind == lib.TR_EVENT_RETIRED:
            stream.retire()
            del self._streams[raw.slot]
            self._free_streams.append(raw.slot)
        return _stream_event(stream, raw)

    def _line_event(self, raw: Any) -> MediaEvent | None:
        line = self._lines.get(raw.slot)
        if line is None or line.serial != raw.serial:
            return None
        if raw.kind == lib.TR_EVENT_LINE_RETIRED:
            del self._lines[raw.slot]
            self._free_lines.append(raw.slot)
            return None
        if raw.kind == lib.TR_EVENT_DATA_SENT:
            return DataSent(line, raw.t_ns)
        if raw.kind == lib.TR_EVENT_DIGIT_GUARDED:
            return DigitGuarded(line, DIGITS[raw.value & 15], raw.t_ns)
        # An end that was cleared or overtaken by a newer one is nobody's business any more.
        return SourceDrained(line, raw.t_ns) if raw.value == line.end_serial else None


def _stream_event(stream: Stream, raw: Any) -> MediaEvent | None:
    t_ns = int(raw.t_ns)
    plain = _PLAIN.get(raw.kind)
    if plain is not None:
        return plain(stream, t_ns)
    if raw.kind == lib.TR_EVENT_FIRST_PACKET:
        return FirstPacket(stream, address.read(raw.address), t_ns)
    if raw.kind == lib.TR_EVENT_SOURCE_CHANGED:
        return SourceChanged(stream, address.read(raw.address), t_ns)
    return _digit_event(stream, raw, t_ns)


def _digit_event(stream: Stream, raw: Any, t_ns: int) -> MediaEvent | None:
    digit = DIGITS[raw.value & 15]
    if raw.kind == lib.TR_EVENT_DIGIT_STARTED:
        return DigitStarted(stream, digit, t_ns)
    if raw.kind == lib.TR_EVENT_DIGIT_ENDED:
        return DigitEnded(stream, digit, raw.extra, t_ns)
    if raw.kind == lib.TR_EVENT_DIGIT_SENT:
        return DigitSent(stream, digit, raw.extra, t_ns)
    return None
