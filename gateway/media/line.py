"""One line inside the engine: microphone, earpiece, tones. Implements `gateway.media.port`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.errors import LocalProtocolError
from gateway.media.digits import DIGITS
from gateway.media.lib import LOOP_RING, check, ffi, lib
from gateway.media.port import SAMPLE_BYTES
from gateway.media.statistics import LineStatistics, read_line


@dataclass(frozen=True)
class ToneSegmentSpec:
    """Up to four frequencies (Hz) of `level_dbm` dBm0 each, on and off for so many ms.

    `on_ms` 0 sounds for ever; `modulated_by` (Hz) is amplitude modulation, 0 for none.
    """

    frequencies: tuple[float, ...]
    level_dbm: float = -13.0
    on_ms: int = 0
    off_ms: int = 0
    modulated_by: float = 0.0


@dataclass(frozen=True)
class ToneSpec:
    """Segments in a row; then from `repeat_from` on again, or silence when it is None.

    `mix` adds the tone to what the peer says (call waiting) instead of replacing it.
    """

    segments: tuple[ToneSegmentSpec, ...]
    repeat_from: int | None = None
    mix: bool = False


def _raw_tone(tone: ToneSpec) -> Any:
    if not 1 <= len(tone.segments) <= lib.TR_TONE_SEGMENTS:
        raise LocalProtocolError(f"a tone has 1 to {lib.TR_TONE_SEGMENTS} segments")
    raw = ffi.new("tr_tone *")
    for at, segment in enumerate(tone.segments):
        if len(segment.frequencies) > lib.TR_TONE_FREQUENCIES:
            raise LocalProtocolError(f"at most {lib.TR_TONE_FREQUENCIES} frequencies sound at once")
        into = raw.segments[at]
        for index, frequency in enumerate(segment.frequencies):
            into.frequencies[index] = frequency
        into.modulated_by = segment.modulated_by
        into.level_dbm0 = segment.level_dbm
        into.on_ms, into.off_ms = segment.on_ms, segment.off_ms
    raw.count = len(tone.segments)
    raw.repeat_from = -1 if tone.repeat_from is None else tone.repeat_from
    raw.mix = tone.mix
    return raw


_MODULATIONS = {"bell202": lib.TR_BELL_202, "v23": lib.TR_V23}


@dataclass(frozen=True)
class DataSpec:
    """A message for a telephone's display, by modem: "bell202" or "v23", 1,200 bits a second.

    Channel seizure (0101...) and mark go before `message`, whose checksum is its last byte.
    """

    modulation: str
    message: bytes
    seizure_bits: int = 300
    mark_bits: int = 180
    level_dbm: float = -13.5


def _raw_data(data: DataSpec) -> Any:
    if data.modulation not in _MODULATIONS:
        raise LocalProtocolError(f"a modulation is one of {', '.join(_MODULATIONS)}")
    if not 1 <= len(data.message) <= lib.TR_DATA_BYTES:
        raise LocalProtocolError(f"a data message has 1 to {lib.TR_DATA_BYTES} bytes")
    raw = ffi.new("tr_data *")
    raw.modulation = _MODULATIONS[data.modulation]
    raw.level_dbm0 = data.level_dbm
    raw.seizure_bits, raw.mark_bits = data.seizure_bits, data.mark_bits
    raw.count = len(data.message)
    ffi.memmove(raw.bytes, data.message, len(data.message))
    return raw


class Line:
    """A line's audio. Made by `Engine.open_line`.

    Source methods belong to one thread, sink methods to one thread, those of `LineSignals` to one
    thread, tones and close to the loop. The rings hold at least four seconds each, so that no stall
    of Python is heard.
    """

    def __init__(
        self, engine: Any, slot: int, serial: int, guard: Callable[[], None], lookahead_ms: int = 0
    ) -> None:
        self._engine = engine
        self._guard = guard
        self.slot = slot
        self.serial = serial
        self.closed = False
        self.end_serial = 0
        # A former user of this slot may have left samples behind.
        lib.tr_line_clear_source(engine, slot)
        lib.tr_line_collect_sink(engine, slot, 0)
        self._discard_sink()
        check(lib.tr_line_open(engine, LOOP_RING, slot, serial, lookahead_ms), "open line")

    def _discard_sink(self) -> None:
        scratch = ffi.new("int16_t[1600]")
        while lib.tr_line_read_sink(self._engine, self.slot, scratch, 1600):
            pass

    def _handle(self) -> Any:
        if self.closed:
            raise LocalProtocolError("the line is closed")
        self._guard()
        return self._engine

    def write_source(self, pcm: bytes) -> int:
        """Queue microphone samples; returns how many samples were taken (less when full)."""
        samples = len(pcm) // SAMPLE_BYTES
        return int(
            lib.tr_line_write_source(
                self._handle(), self.slot, ffi.from_buffer("int16_t[]", pcm), samples
            )
        )

    def end_source(self) -> None:
        """Nothing follows for now: running empty is no underrun, and SourceDrained is reported."""
        self.end_serial = lib.tr_line_end_source(self._handle(), self.slot)

    def clear_source(self) -> None:
        """Forget the samples not yet taken by the engine; a pending SourceDrained too."""
        self.end_serial = -1
        lib.tr_line_clear_source(self._handle(), self.slot)

    def source_level(self) -> int:
        """Samples queued and not yet taken."""
        return int(lib.tr_line_source_level(self._handle(), self.slot))

    def start_sink(self) -> None:
        """Begin to collect what the earpiece plays, from the next engine tick on."""
        lib.tr_line_collect_sink(self._handle(), self.slot, 1)

    def stop_sink(self) -> None:
        """Collect no more; samples already collected can still be read."""
        lib.tr_line_collect_sink(self._handle(), self.slot, 0)

    def read_sink(self, max_samples: int) -> bytes:
        """Take up to `max_samples` collected earpiece samples; empty when there are none."""
        wanted = min(max_samples, self.sink_level())
        if wanted <= 0:
            return b""
        pcm = bytearray(wanted * SAMPLE_BYTES)
        taken = lib.tr_line_read_sink(
            self._handle(), self.slot, ffi.from_buffer("int16_t[]", pcm), wanted
        )
        return bytes(pcm[: taken * SAMPLE_BYTES])

    def sink_level(self) -> int:
        """Samples collected and not yet read."""
        return int(lib.tr_line_sink_level(self._handle(), self.slot))

    def early_tone(self, on: bool, t_ns: int) -> None:
        """ESt rose or fell. Where the engine has not looked for 64 edges, this one is lost."""
        lib.tr_line_early_tone(self._handle(), self.slot, on, t_ns)

    def key_down(self, digit: str, t_ns: int) -> bool:
        """StD rose. False: the tone is one that we play, and no key of the telephone's."""
        code = DIGITS.index(digit)
        return bool(lib.tr_line_key_down(self._handle(), self.slot, code, t_ns) != 0)

    def key_up(self, t_ns: int) -> None:
        """StD fell."""
        lib.tr_line_key_up(self._handle(), self.slot, t_ns)

    def ring_trip(self, t_ns: int) -> None:
        """Lifted while the bell rang."""
        lib.tr_line_ring_trip(self._handle(), self.slot, t_ns)

    def play_tone(self, tone: ToneSpec) -> None:
        """Play `tone` into the earpiece from its beginning, instead of an earlier one."""
        raw = _raw_tone(tone)
        check(lib.tr_line_play_tone(self._handle(), LOOP_RING, self.slot, raw), "play tone")

    def stop_tone(self) -> None:
        """Silence the tone, and data that are being sent; harmless when there is neither."""
        check(lib.tr_line_stop_tone(self._handle(), LOOP_RING, self.slot), "stop tone")

    def send_data(self, data: DataSpec) -> None:
        """Send `data` into the earpiece, after the tone that plays now if that has an end.

        DataSent follows, unless another tone or `stop_tone` comes before.
        """
        raw = _raw_data(data)
        check(lib.tr_line_send_data(self._handle(), LOOP_RING, self.slot, raw), "send data")

    def statistics(self) -> LineStatistics:
        """The line's counters now."""
        return read_line(self._handle(), self.slot)

    def close(self) -> None:
        """Leave the engine; connected streams go on with silence. Idempotent."""
        if self.closed:
            return
        check(lib.tr_line_close(self._handle(), LOOP_RING, self.slot), "close line")
        self.closed = True
