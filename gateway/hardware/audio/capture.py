"""From the card to the line's source ring."""

from __future__ import annotations

import errno
import os
from typing import Any

from gateway.hardware.audio.direction import BAD_TRIES, TARGET, CardLost, Direction
from gateway.media.port import SAMPLE_BYTES, SAMPLE_RATE


class Capture(Direction):
    """Card to source ring."""

    kind = "capture"

    def begin(self, pcm: Any, period: int) -> None:
        self._bad = 0

    def move(self, pcm: Any, period: int) -> None:
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
        if self._bad >= BAD_TRIES:
            raise CardLost("the card gives no sound any more")
        if length == 0:
            self.world.pause(period / SAMPLE_RATE)

    def _feed(self, pcm_bytes: bytes) -> None:
        level = self.audio.source_level()
        if level == 0:
            self._insert(bytes(TARGET * SAMPLE_BYTES))
            self.match.restart()
        elif self.match.overflows(level):
            self.counters.discarded += len(pcm_bytes) // SAMPLE_BYTES
            return
        else:
            pcm_bytes = self._match_clock(pcm_bytes, level)
        taken = self.audio.write_source(pcm_bytes)
        self.counters.discarded += len(pcm_bytes) // SAMPLE_BYTES - taken

    def _match_clock(self, pcm_bytes: bytes, level: int) -> bytes:
        correction = self.match.correction(level)
        if correction > 0:
            self.counters.inserted += 1
            return pcm_bytes + pcm_bytes[-SAMPLE_BYTES:]
        if correction < 0:
            self.counters.dropped += 1
            return pcm_bytes[:-SAMPLE_BYTES]
        return pcm_bytes

    def _insert(self, silence: bytes) -> None:
        self.counters.inserted += self.audio.write_source(silence)
