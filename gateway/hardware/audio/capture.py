"""From the card to the line's source ring, just before each tick of the engine."""

from __future__ import annotations

import errno
import os
from typing import Any, Final

from gateway.hardware.audio.card import Shape
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.convert import to_line
from gateway.hardware.audio.direction import (
    BAD_TRIES,
    LIMIT,
    SILENT_S,
    TICK,
    CardLost,
    Direction,
)
from gateway.hardware.audio.ticks import Ticks
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE

FLOOR, CEILING = 2, 12  # samples that the engine shall leave over
FIRST_LEAD_S, LONGEST_LEAD_S = 0.003, 0.008  # before the tick: a thread may be held up so long
LEAD_STEP_S: Final = 0.001
UNKNOWN: Final = 32  # samples more at first: how unevenly the card gives sound is not known yet


class Capture(Direction):
    """Card to source ring. The level is what the engine left over at its last tick."""

    kind = "capture"

    def begin(self, pcm: Any, shape: Shape) -> None:
        self._convert = to_line(shape, self.world.make_converter)
        self._ticks = Ticks()
        self._level = 0
        self._lead = FIRST_LEAD_S
        self._heard = self.world.clock()
        self._running = False
        self.match = ClockMatch(FLOOR, CEILING)

    @property
    def delay_ms(self) -> float | None:
        lowest = self.match.lowest
        return None if lowest is None else 1000 * (self._lead + lowest / SAMPLE_RATE)

    def move(self, pcm: Any, shape: Shape) -> int:
        self.world.pause(self._ticks.wait_s(self.world.clock(), -self._lead))
        sound = self._convert(self._read(pcm))
        level, now = self.audio.source_level(), self.world.clock()
        self._ticks.look(now, level < self._level)
        if not self._ticks.known:
            self._level = level + self._silence(2 * TICK - level if level < TICK else 0)
        else:
            self._level = level + self._feed(sound, level)
        return len(sound) // SAMPLE_BYTES

    def _read(self, pcm: Any) -> bytes:
        """All that the card has; it begins to capture when it is read for the first time."""
        frames = b""
        for _ in range(BAD_TRIES):
            length, more = pcm.read()
            if length == -errno.EPIPE:
                self.counters.xruns += 1
                self._heard = self.world.clock()
                continue
            if length < 0:
                raise CardLost(-length, os.strerror(-length))
            frames += more
            if length == 0:
                break
        now = self.world.clock()
        if frames:
            self._heard = now
        elif now - self._heard > SILENT_S:
            raise CardLost("the card gives no sound any more")
        return frames

    def _feed(self, sound: bytes, level: int) -> int:
        """Returns how many samples were taken."""
        if level == 0 or not self._running:
            return self._fill(sound, level)
        if level > self.match.ceiling + LIMIT:
            self.counters.discarded += len(sound) // SAMPLE_BYTES
            return 0
        sound = self._match_clock(sound, level)
        taken = self.audio.write_source(sound)
        self.counters.discarded += len(sound) // SAMPLE_BYTES - taken
        return taken

    def _fill(self, sound: bytes, level: int) -> int:
        """The engine has begun, or ran empty: this thread was late, or the card gave too little."""
        wanted = TICK + self.match.ceiling - level
        if self._running:
            self._lead = min(self._lead + LEAD_STEP_S, LONGEST_LEAD_S)
        else:
            wanted += UNKNOWN
        if wanted <= 0:
            return 0
        self._running = True
        self.match.restart()
        surplus = max(0, len(sound) // SAMPLE_BYTES - wanted)
        self.counters.discarded += surplus
        sound = sound[surplus * SAMPLE_BYTES :]
        return self._silence(wanted - len(sound) // SAMPLE_BYTES) + self.audio.write_source(sound)

    def _match_clock(self, sound: bytes, level: int) -> bytes:
        correction = self.match.correction(level)
        if correction > 0:
            self.counters.inserted += 1
            return sound + sound[-SAMPLE_BYTES:]
        if correction < 0:
            self.counters.dropped += 1
            return sound[:-SAMPLE_BYTES]
        return sound

    def _silence(self, samples: int) -> int:
        if samples <= 0:
            return 0
        taken = self.audio.write_source(bytes(samples * SAMPLE_BYTES))
        self.counters.inserted += taken if self._running else 0
        return taken
