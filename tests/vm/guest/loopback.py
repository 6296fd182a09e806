"""The other side of the loopback card: what the drivers' card hears and plays, with its times.

The card's device 0 belongs to the line; this is device 1. Its position moves with the kernel's
timer (4 ms), so the time of a sample is the earliest at which any position was seen.
"""

from __future__ import annotations

import struct
import threading
import time
from typing import Any, Final

import alsaaudio

from tests.vm.guest import pattern
from tests.vm.guest.handset import ahead_of_others

RATE: Final = 8000
PERIOD, PERIODS = 80, 16  # 160 ms: these threads are no part of what is measured
LINE: Final = "plughw:CARD=Loopback,DEV=0"
BEHIND: Final = "hw:CARD=Loopback,DEV=1"


def _open(kind: int) -> Any:
    return alsaaudio.PCM(
        type=kind,
        mode=alsaaudio.PCM_NORMAL,
        rate=RATE,
        channels=1,
        format=alsaaudio.PCM_FORMAT_S16_LE,
        periodsize=PERIOD,
        periods=PERIODS,
        device=BEHIND,
    )


class _Side:
    """A thread that moves periods until `stop`; `zero_s` is when sample 0 was at the card."""

    kind = 0

    def __init__(self) -> None:
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._pcm = _open(self.kind)
        self.samples = 0
        self.zero_s = float("inf")
        self.xruns = 0

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        self._thread.join()
        self._pcm.close()

    def _run(self) -> None:
        with ahead_of_others():
            while not self._halt.is_set():
                self.move()
                self.zero_s = min(self.zero_s, time.monotonic() - self.position() / RATE)

    def move(self) -> None:
        raise NotImplementedError

    def position(self) -> int:
        raise NotImplementedError


class Mouth(_Side):
    """Says the pattern for ever, into the line's microphone."""

    kind = alsaaudio.PCM_PLAYBACK

    def move(self) -> None:
        written = self._pcm.write(pattern.sound(self.samples, PERIOD))
        self.xruns += written < 0
        self.samples += max(0, written)

    def position(self) -> int:
        return self.samples - (PERIOD * PERIODS - int(self._pcm.avail()))

    def said_s(self, place: int, heard_s: float) -> float:
        """When this sample of the pattern was last said, before it was heard."""
        number = (heard_s - self.zero_s) * RATE
        last = number - (number - place) % pattern.LENGTH
        return self.zero_s + last / RATE


class Ear(_Side):
    """Records what the line plays."""

    kind = alsaaudio.PCM_CAPTURE

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()

    def move(self) -> None:
        length, sound = self._pcm.read()
        self.xruns += length < 0
        self.heard += sound
        self.samples += max(0, length)

    def position(self) -> int:
        return self.samples + max(0, int(self._pcm.avail()))

    def when_s(self, number: int) -> float:
        """When this sample of the recording was at the card."""
        return self.zero_s + number / RATE

    def begin(self) -> int:
        """The first sample that is no silence."""
        samples = struct.unpack(f"<{len(self.heard) // 2}h", self.heard)
        return next(place for place, sample in enumerate(samples) if sample)
