"""Moves sound between a card and a line's rings: one thread a direction, over pyalsaaudio.

The capture thread alone writes the source ring and the playback thread alone reads the sink ring;
everything that commands the engine (start, stop, end) is called on the loop thread. pyalsaaudio
gives the GIL away while it waits for the card, and the card is what paces both threads.

A card that is missing, refused or unplugged is reported once, and tried again ever more slowly
until it works: never a busy loop, never a silent one. Names, not numbers, address a card
(`plughw:CARD=Device`), because the order of cards changes between boots.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gateway.errors import HardwareError
from gateway.hardware.clock_match import ClockMatch
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE, LineAudio

PERIOD = 80  # samples: 10 ms
PERIODS = 4
LONGEST_PERIOD = 160  # what a plug-in may make of it
TARGET = 240  # ring level, samples: one engine tick and a period to spare
BAND = 80
LIMIT = TARGET + 800
FIRST_RETRY_S, LONGEST_RETRY_S = 0.25, 5.0
GOOD_PERIODS = 100  # after these the card counts as working again
BAD_READS = 20  # in a row: no sound comes any more
FIFO_PRIORITY = 40  # below the engine's
JOIN_S = 2.0

FaultReport = Callable[[str], None]


class CardLost(HardwareError):
    """The card was there and is no more, or does not behave like one."""


@dataclass(slots=True)
class AudioCounters:
    """Of one direction. `inserted` and `dropped` are samples, by which the clocks were matched."""

    periods: int = 0
    xruns: int = 0
    inserted: int = 0
    dropped: int = 0
    opened: int = 0
    realtime: bool = False


class AlsaAudio:
    """A card for one line. `on_fault(text)` and `on_recovered()` are called on audio threads."""

    def __init__(
        self,
        line_audio: LineAudio,
        capture: str,
        playback: str,
        on_fault: FaultReport,
        *,
        on_recovered: Callable[[], None] = lambda: None,
        alsa: Any = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._line_audio = line_audio
        self._halt = threading.Event()
        module = alsa or import_module("alsaaudio")
        pause = pause or self._halt.wait
        world = _World(line_audio, module, self._halt, clock, pause, on_fault, on_recovered)
        self._directions = (_Capture(capture, world), _Playback(playback, world))
        self._threads: list[threading.Thread] = []

    @property
    def capture(self) -> AudioCounters:
        """What the microphone's direction has done."""
        return self._directions[0].counters

    @property
    def playback(self) -> AudioCounters:
        """What the earpiece's direction has done."""
        return self._directions[1].counters

    def start(self) -> None:
        """Begin to move sound. A missing card is reported, not raised: it may come yet."""
        self._line_audio.start_sink()
        for direction in self._directions:
            name = f"tipring-{direction.kind}"
            thread = threading.Thread(target=direction.run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End both threads and let the card go; idempotent. A dead card delays it 2 s at most."""
        self._halt.set()
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(JOIN_S)
        if threads:
            self._line_audio.stop_sink()
            self._line_audio.end_source()


@dataclass(frozen=True, slots=True)
class _World:
    """What both directions share."""

    audio: LineAudio
    alsa: Any
    halt: threading.Event
    clock: Callable[[], float]
    pause: Callable[[float], object]
    on_fault: FaultReport
    on_recovered: Callable[[], None]


class _Direction:
    """Opens the card, pumps, and starts over when it is lost."""

    kind = ""

    def __init__(self, device: str, world: _World) -> None:
        self.counters = AudioCounters()
        self._device = device
        self._world = world
        self._audio, self._alsa, self._halt = world.audio, world.alsa, world.halt
        self._match = ClockMatch(TARGET, BAND, LIMIT)
        self._faulty = False
        self._retry_s = FIRST_RETRY_S
        self._good = 0
        self._since = 0.0

    def run(self) -> None:
        """The thread's life."""
        self.counters.realtime = _ask_for_fifo()
        while not self._halt.is_set():
            try:
                self._use_card()
            except (OSError, self._alsa.ALSAAudioError) as error:
                self._report(error)
                self._world.pause(self._retry_s)
                self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _use_card(self) -> None:
        pcm, period = self._open()
        try:
            self.counters.opened += 1
            self._good, self._since = 0, self._world.clock()
            self._begin(pcm, period)
            while not self._halt.is_set():
                self._move(pcm, period)
                self._count_period(period)
        finally:
            with suppress(OSError, self._alsa.ALSAAudioError):
                pcm.close()

    def _open(self) -> tuple[Any, int]:
        alsa = self._alsa
        little = sys.byteorder == "little"
        pcm = alsa.PCM(
            type=alsa.PCM_CAPTURE if self.kind == "capture" else alsa.PCM_PLAYBACK,
            mode=alsa.PCM_NORMAL,
            rate=SAMPLE_RATE,
            channels=1,
            format=alsa.PCM_FORMAT_S16_LE if little else alsa.PCM_FORMAT_S16_BE,
            periodsize=PERIOD,
            periods=PERIODS,
            device=self._device,
        )
        try:
            return pcm, _verify(pcm.info(), "S16_LE" if little else "S16_BE")
        except HardwareError:
            pcm.close()
            raise

    def _begin(self, pcm: Any, period: int) -> None:
        raise NotImplementedError

    def _move(self, pcm: Any, period: int) -> None:
        raise NotImplementedError

    def _count_period(self, period: int) -> None:
        self.counters.periods += 1
        self._good += 1
        if self._good % GOOD_PERIODS:
            return
        elapsed = self._world.clock() - self._since
        if elapsed < GOOD_PERIODS * period / SAMPLE_RATE / 4:
            raise CardLost("the card runs faster than sound: it is no real card")
        self._since = self._world.clock()
        self._retry_s = FIRST_RETRY_S
        if self._faulty:
            self._faulty = False
            self._world.on_recovered()

    def _report(self, error: Exception) -> None:
        if self._faulty:
            return
        self._faulty = True
        self._world.on_fault(
            f"sound card {self._device} ({self.kind}): {error}; it is tried again until it works. "
            f"`{'arecord' if self.kind == 'capture' else 'aplay'} -L` lists the names"
        )


class _Capture(_Direction):
    """Card to source ring."""

    kind = "capture"

    def _begin(self, pcm: Any, period: int) -> None:
        self._bad = 0

    def _move(self, pcm: Any, period: int) -> None:
        length, pcm_bytes = pcm.read()
        if length > 0:
            self._bad = 0
            self._feed(pcm_bytes)
            return
        self._bad += 1
        if length not in (0, -errno.EPIPE):
            raise CardLost(-length, os.strerror(-length))
        if length < 0:
            self.counters.xruns += 1
        if self._bad >= BAD_READS:
            raise CardLost("the card gives no sound any more")
        if length == 0:
            self._world.pause(period / SAMPLE_RATE)

    def _feed(self, pcm_bytes: bytes) -> None:
        level = self._audio.source_level()
        if level == 0:
            self._insert(bytes(TARGET * SAMPLE_BYTES))
            self._match.restart()
        elif self._match.overflows(level):
            self.counters.dropped += len(pcm_bytes) // SAMPLE_BYTES
            return
        else:
            pcm_bytes = self._match_clock(pcm_bytes, level)
        taken = self._audio.write_source(pcm_bytes)
        self.counters.dropped += len(pcm_bytes) // SAMPLE_BYTES - taken

    def _match_clock(self, pcm_bytes: bytes, level: int) -> bytes:
        correction = self._match.correction(level)
        if correction > 0:
            self.counters.inserted += 1
            return pcm_bytes + pcm_bytes[-SAMPLE_BYTES:]
        if correction < 0:
            self.counters.dropped += 1
            return pcm_bytes[:-SAMPLE_BYTES]
        return pcm_bytes

    def _insert(self, silence: bytes) -> None:
        self.counters.inserted += self._audio.write_source(silence)


class _Playback(_Direction):
    """Sink ring to card."""

    kind = "playback"

    def _begin(self, pcm: Any, period: int) -> None:
        self._filling = True
        # Whatever was collected while there was no card is old: nobody wants to hear it late.
        self._take(max(0, self._audio.sink_level() - TARGET))
        for _ in range(PERIODS // 2):
            self._write(pcm, bytes(period * SAMPLE_BYTES))

    def _move(self, pcm: Any, period: int) -> None:
        level = self._audio.sink_level()
        if self._filling and level < TARGET:
            self.counters.inserted += period
            self._write(pcm, bytes(period * SAMPLE_BYTES))
            return
        if self._filling or self._match.overflows(level):
            self._take(level - TARGET)
            self._match.restart()
        self._filling = False
        self._write(pcm, self._sound(period, level))

    def _sound(self, period: int, level: int) -> bytes:
        """One period, a sample more or less taken from the ring as the clocks need it."""
        correction = self._match.correction(level)
        sound = self._audio.read_sink(period - correction)
        if correction < 0:
            self.counters.dropped += 1
            sound = sound[: period * SAMPLE_BYTES]
        missing = period - len(sound) // SAMPLE_BYTES
        self.counters.inserted += missing
        if missing > 1:
            self._filling = True  # ran empty: one gap now rather than many small ones
        filler = sound[-SAMPLE_BYTES:] if missing == 1 else bytes(SAMPLE_BYTES)
        return sound + filler * missing

    def _take(self, samples: int) -> None:
        if samples > 0:
            self.counters.dropped += len(self._audio.read_sink(samples)) // SAMPLE_BYTES

    def _write(self, pcm: Any, sound: bytes) -> None:
        for _ in range(BAD_READS):
            if self._halt.is_set():
                return
            written = pcm.write(sound)
            if written == -errno.EPIPE:  # underrun: nothing was taken, the stream is ready again
                self.counters.xruns += 1
                continue
            if written < 0:
                raise CardLost(-written, os.strerror(-written))
            if written == 0:
                self._world.pause(PERIOD / SAMPLE_RATE)
            sound = sound[written * SAMPLE_BYTES :]
            if not sound:
                return
        raise CardLost("the card takes no sound any more")


def _verify(info: dict[str, Any], format_name: str) -> int:
    """Check what the card agreed to; returns its period. Raises HardwareError."""
    wanted = {"rate": SAMPLE_RATE, "channels": 1, "format_name": format_name}
    for key, value in wanted.items():
        if info[key] != value:
            raise HardwareError(
                f"the card gives {key} {info[key]} instead of {value}; name it as plughw:..."
            )
    period = int(info["period_size"])
    if not 0 < period <= LONGEST_PERIOD:
        raise HardwareError(
            f"the card moves {period} samples at a time; at most {LONGEST_PERIOD} can be used"
        )
    return period


def _ask_for_fifo() -> bool:
    """Real-time priority for the calling thread, where the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except OSError:
        return False
    return True
