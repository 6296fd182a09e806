"""From the line's sink ring to the card."""

from __future__ import annotations

import errno
import os
from typing import Any

from gateway.hardware.audio.card import Shape
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.convert import to_card
from gateway.hardware.audio.direction import BAD_TRIES, LIMIT, SPREAD, TICK, CardLost, Direction
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE

MARGIN = 32  # samples in the card, beside a period, when the engine's tick comes
RESERVE = 24  # while the card has more, the tick is waited for
LOOK_S = 0.0025


class Playback(Direction):
    """Sink ring to card. The level is what both still have: least just before the engine's tick."""

    kind = "playback"

    def begin(self, pcm: Any, shape: Shape) -> None:
        self._convert = to_card(shape, self.world.make_converter)
        self._frame = shape.channels * SAMPLE_BYTES
        self._period = shape.samples(shape.period)
        floor = self._period + MARGIN
        self.match = ClockMatch(floor, floor + SPREAD)
        self._margin = shape.frames(floor) * self._frame
        self._least = floor
        self._empty = True
        # Whatever was collected while there was no card is old: nobody wants to hear it late.
        self._take(self.audio.sink_level())

    def move(self, pcm: Any, shape: Shape) -> bool:
        level, queued = self.audio.sink_level(), self._queued(pcm, shape)
        self._least = min(self._least, level + queued)
        if level >= self._period:
            self._play(pcm, level, queued)
        elif queued > RESERVE:
            self.world.pause(LOOK_S)
            return False
        else:
            self._silence(pcm, self._period)
            self._empty = True
        self._least = level + queued
        return True

    def _play(self, pcm: Any, level: int, queued: int) -> None:
        if self._empty:  # the engine's tick was a moment ago
            self._take(level - max(self._period, TICK))
            self._silence(pcm, self.match.floor - queued)
            self._empty = False
            self.match.restart()
        elif level + queued > self.match.ceiling + LIMIT:
            self._take(level + queued - self.match.floor - TICK)
            self.match.restart()
        self._write(pcm, self._convert(self._sound(self.match.correction(self._least))))

    def _queued(self, pcm: Any, shape: Shape) -> int:
        """Samples that the card has and has not played; none when it ran empty."""
        room = pcm.avail()
        return shape.samples(max(0, shape.buffer - room)) if room >= 0 else 0

    def _sound(self, correction: int) -> bytes:
        """One period, a sample more or less taken from the ring as the clocks need it."""
        sound = self.audio.read_sink(self._period - correction)
        if correction < 0:
            self.counters.dropped += 1
            return sound[: self._period * SAMPLE_BYTES]
        self.counters.inserted += correction
        return sound + sound[-SAMPLE_BYTES:] * correction

    def _silence(self, pcm: Any, samples: int) -> None:
        if samples > 0:
            self.counters.inserted += samples
            self._write(pcm, self._convert(bytes(samples * SAMPLE_BYTES)))

    def _take(self, samples: int) -> None:
        if samples > 0:
            self.counters.discarded += len(self.audio.read_sink(samples)) // SAMPLE_BYTES

    def _write(self, pcm: Any, frames: bytes) -> None:
        margin = b""
        for _ in range(BAD_TRIES):
            if self.halt.is_set() or not frames:
                return
            written = pcm.write(margin + frames)
            if written == -errno.EPIPE:  # underrun: nothing was taken, the stream is ready again
                self.counters.xruns += 1
                margin = bytes(self._margin)
                continue
            if written < 0:
                raise CardLost(-written, os.strerror(-written))
            if written == 0:
                self.world.pause(self._period / SAMPLE_RATE)
            frames = (margin + frames)[written * self._frame :]
            margin = b""
        if frames:
            raise CardLost("the card takes no sound any more")
