"""From the card to the line's source ring."""

from __future__ import annotations

import errno
import os
from typing import Any

from gateway.hardware.audio.card import Shape
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.convert import to_line
from gateway.hardware.audio.direction import BAD_TRIES, LIMIT, SPREAD, CardLost, Direction
from gateway.media.port import SAMPLE_BYTES

# The engine takes what is there at its tick, so a period that comes a little later than the last
# must not be missed, nor one that a held-up thread brings 1 ms late.
MARGIN = 8


class Capture(Direction):
    """Card to source ring. The level is what the engine left over at its last tick."""

    kind = "capture"

    def begin(self, pcm: Any, shape: Shape) -> None:
        self._bad = 0
        self._convert = to_line(shape, self.world.make_converter)
        self._period = shape.samples(shape.period)
        floor = self._period + MARGIN
        self.match = ClockMatch(floor, floor + SPREAD)

    def move(self, pcm: Any, shape: Shape) -> bool:
        length, frames = pcm.read()
        if length > 0:
            self._bad = 0
            self._feed(pcm, shape, self._convert(frames))
            return True
        self._bad += 1
        if length not in (0, -errno.EPIPE):
            raise CardLost(-length, os.strerror(-length))
        if length < 0:
            self.counters.xruns += 1
        if self._bad >= BAD_TRIES:
            raise CardLost("the card gives no sound any more")
        if length == 0:
            self.world.pause(shape.period / shape.rate)
        return False

    def _feed(self, pcm: Any, shape: Shape, sound: bytes) -> None:
        level = self.audio.source_level()
        if level == 0:
            self._fill(shape.samples(max(0, pcm.avail())))
        elif level > self.match.ceiling + LIMIT:
            self.counters.discarded += len(sound) // SAMPLE_BYTES
            return
        else:
            sound = self._match_clock(sound, level)
        taken = self.audio.write_source(sound)
        self.counters.discarded += len(sound) // SAMPLE_BYTES - taken

    def _fill(self, waiting: int) -> None:
        """The ring is empty. After a delay of this thread the card has the rest `waiting`."""
        missing = max(0, self.match.floor + self._period - waiting)
        self.counters.inserted += self.audio.write_source(bytes(missing * SAMPLE_BYTES))
        self.match.restart()

    def _match_clock(self, sound: bytes, level: int) -> bytes:
        correction = self.match.correction(level)
        if correction > 0:
            self.counters.inserted += 1
            return sound + sound[-SAMPLE_BYTES:]
        if correction < 0:
            self.counters.dropped += 1
            return sound[:-SAMPLE_BYTES]
        return sound
