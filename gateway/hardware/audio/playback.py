"""From the line's sink ring to the card."""

from __future__ import annotations

import errno
import os
from typing import Any

from gateway.hardware.audio.direction import BAD_TRIES, PERIOD, PERIODS, TARGET, CardLost, Direction
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE


class Playback(Direction):
    """Sink ring to card."""

    kind = "playback"

    def begin(self, pcm: Any, period: int) -> None:
        self._filling = True
        # Whatever was collected while there was no card is old: nobody wants to hear it late.
        self._take(max(0, self.audio.sink_level() - TARGET))
        for _ in range(PERIODS // 2):
            self._write(pcm, bytes(period * SAMPLE_BYTES))

    def move(self, pcm: Any, period: int) -> None:
        level = self.audio.sink_level()
        if self._filling and level < TARGET:
            self.counters.inserted += period
            self._write(pcm, bytes(period * SAMPLE_BYTES))
            return
        if self._filling or self.match.overflows(level):
            self._take(level - TARGET)
            self.match.restart()
        self._filling = False
        self._write(pcm, self._sound(period, level))

    def _sound(self, period: int, level: int) -> bytes:
        """One period, a sample more or less taken from the ring as the clocks need it."""
        correction = self.match.correction(level)
        sound = self.audio.read_sink(period - correction)
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
            self.counters.discarded += len(self.audio.read_sink(samples)) // SAMPLE_BYTES

    def _write(self, pcm: Any, sound: bytes) -> None:
        for _ in range(BAD_TRIES):
            if self.halt.is_set():
                return
            written = pcm.write(sound)
            if written == -errno.EPIPE:  # underrun: nothing was taken, the stream is ready again
                self.counters.xruns += 1
                continue
            if written < 0:
                raise CardLost(-written, os.strerror(-written))
            if written == 0:
                self.world.pause(PERIOD / SAMPLE_RATE)
            sound = sound[written * SAMPLE_BYTES :]
            if not sound:
                return
        raise CardLost("the card takes no sound any more")
