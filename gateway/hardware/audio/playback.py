"""From the line's sink ring to the card, just after each tick of the engine."""

from __future__ import annotations

import errno
import os
from typing import Any, Final

from gateway.hardware.audio.card import Shape
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.convert import to_card
from gateway.hardware.audio.direction import (
    BAD_TRIES,
    LIMIT,
    SILENT_S,
    TICK,
    CardLost,
    Direction,
)
from gateway.hardware.audio.ticks import LOOK_S, Ticks
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE

FLOOR, HIGHEST_FLOOR = 24, 128  # samples that the card still has when the tick comes
FLOOR_STEP: Final = 8
SPREAD: Final = 32  # from the floor to the ceiling: 4 ms that a thread may be late
RESERVE: Final = 16  # while the card has more, a late tick is waited for
AFTER_S: Final = 0.0002  # from a tick until what it brings is there


class Playback(Direction):
    """Sink ring to card. The level is what the card still has when the engine's tick comes."""

    kind = "playback"

    def begin(self, pcm: Any, shape: Shape) -> None:
        self._convert = to_card(shape, self.world.make_converter)
        self._frame = shape.channels * SAMPLE_BYTES
        self._ticks = Ticks()
        self._empty = True
        self._taken = self.world.clock()
        self.match = ClockMatch(FLOOR, FLOOR + SPREAD)
        # Whatever was collected while there was no card is old: nobody wants to hear it late.
        self._take(self.audio.sink_level())

    @property
    def delay_ms(self) -> float | None:
        lowest = self.match.lowest
        return None if lowest is None else 1000 * lowest / SAMPLE_RATE

    def move(self, pcm: Any, shape: Shape) -> int:
        self.world.pause(self._ticks.wait_s(self.world.clock(), AFTER_S))
        while (level := self.audio.sink_level()) < TICK:
            self._ticks.look(self.world.clock(), happened=False)
            if self._queued(pcm, shape) <= RESERVE:
                self._empty = True
                return self._silence(pcm, shape, TICK)
            self.world.pause(LOOK_S)
            if self.halt.is_set():
                return 0
        self._ticks.look(self.world.clock(), happened=True)
        return self._play(pcm, shape, level)

    def _play(self, pcm: Any, shape: Shape, level: int) -> int:
        queued = self._queued(pcm, shape)
        if self._empty:
            self._take(level - TICK)
            self._silence(pcm, shape, self.match.ceiling - queued)
            self._empty = False
            self.match.restart()
        elif queued + level > TICK + self.match.ceiling + LIMIT:
            self._take(queued + level - TICK - self.match.ceiling)
            self.match.restart()
        sound = self._sound(self.match.correction(queued))
        return self._write(pcm, shape, self._convert(sound))

    def _queued(self, pcm: Any, shape: Shape) -> int:
        """Samples that the card has and has not played; none when it ran empty."""
        room = pcm.avail()
        return shape.samples(max(0, shape.buffer - room)) if room >= 0 else 0

    def _sound(self, correction: int) -> bytes:
        """All of the ring, a sample more or less as the clocks need it."""
        sound = self.audio.read_sink(self.audio.sink_level())
        if correction < 0:
            self.counters.dropped += 1
            return sound[:-SAMPLE_BYTES]
        self.counters.inserted += correction
        return sound + sound[-SAMPLE_BYTES:] * correction

    def _silence(self, pcm: Any, shape: Shape, samples: int) -> int:
        if samples <= 0:
            return 0
        self.counters.inserted += samples
        return self._write(pcm, shape, self._convert(bytes(samples * SAMPLE_BYTES)))

    def _take(self, samples: int) -> None:
        if samples > 0:
            self.counters.discarded += len(self.audio.read_sink(samples)) // SAMPLE_BYTES

    def _write(self, pcm: Any, shape: Shape, frames: bytes) -> int:
        """Returns the samples that were written."""
        margin, written = b"", 0
        for _ in range(BAD_TRIES):
            if self.halt.is_set() or not frames:
                return shape.samples(written)
            length = pcm.write(margin + frames)
            if length == -errno.EPIPE:  # underrun: nothing was taken, the stream is ready again
                margin = self._underrun(shape)
            elif length < 0:
                raise CardLost(-length, os.strerror(-length))
            else:
                frames = (margin + frames)[length * self._frame :]
                margin = b""
                written += length
                self._wait_for_room(length)
        raise CardLost("the card takes no sound any more")

    def _underrun(self, shape: Shape) -> bytes:
        """This thread was late: the card gets a longer margin before what comes next."""
        self.counters.xruns += 1
        floor = min(self.match.floor + FLOOR_STEP, HIGHEST_FLOOR)
        self.match = ClockMatch(floor, floor + SPREAD)
        self.counters.inserted += self.match.ceiling
        return bytes(shape.frames(self.match.ceiling) * self._frame)

    def _wait_for_room(self, length: int) -> None:
        now = self.world.clock()
        if length:
            self._taken = now
        elif now - self._taken > SILENT_S:
            raise CardLost("the card takes no sound any more")
        else:
            self.world.pause(LOOK_S)
