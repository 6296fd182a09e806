"""One direction of a sound card: open it, pump until it is lost, say so, try again later."""

from __future__ import annotations

import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gateway.errors import HardwareError, LocalProtocolError
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.media.port import SAMPLE_RATE, LineAudio

PERIOD = 80  # samples: 10 ms
PERIODS = 4
LONGEST_PERIOD = 160  # what a plug-in may make of it
TARGET = 240  # ring level, samples: one engine tick and a period to spare
BAND = 80
LIMIT = TARGET + 800
FIRST_RETRY_S, LONGEST_RETRY_S = 0.25, 5.0
GOOD_PERIODS = 100  # after these the card counts as working again
BAD_TRIES = 20  # in a row: no sound goes any more
FIFO_PRIORITY = 40  # below the engine's


class CardLost(HardwareError):
    """The card was there and is no more, or does not behave like one."""


@dataclass(slots=True)
class AudioCounters:
    """Of one direction. `inserted` and `dropped` are samples by which the clocks were matched;
    `discarded` are those that were too old, or that nobody took."""

    periods: int = 0
    xruns: int = 0
    inserted: int = 0
    dropped: int = 0
    discarded: int = 0
    opened: int = 0
    realtime: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """What both directions share."""

    audio: LineAudio
    alsa: Any
    halt: threading.Event
    clock: Callable[[], float]
    pause: Callable[[float], object]
    on_fault: Callable[[str], None]
    on_recovered: Callable[[], None]


class Direction(ABC):
    """Opens the card, pumps, and starts over when it is lost."""

    kind = ""

    def __init__(self, device: str, world: World) -> None:
        self.counters = AudioCounters()
        self.device = device
        self.world = world
        self.audio, self.alsa, self.halt = world.audio, world.alsa, world.halt
        self.match = ClockMatch(TARGET, BAND, LIMIT)
        self._faulty = False
        self._retry_s = FIRST_RETRY_S
        self._good = 0
        self._since = 0.0

    def run(self) -> None:
        """The thread's life."""
        self.counters.realtime = _ask_for_fifo()
        while not self.halt.is_set():
            try:
                self._use_card()
            except LocalProtocolError:
                return  # the line was closed: there is nothing to move sound for
            except (OSError, self.alsa.ALSAAudioError) as error:
                self._report(error)
                self.world.pause(self._retry_s)
                self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _use_card(self) -> None:
        pcm, period = self._open()
        try:
            self.counters.opened += 1
            self._good, self._since = 0, self.world.clock()
            self.begin(pcm, period)
            while not self.halt.is_set():
                self.move(pcm, period)
                self._count_period(period)
        finally:
            with suppress(OSError, self.alsa.ALSAAudioError):
                pcm.close()

    def _open(self) -> tuple[Any, int]:
        alsa = self.alsa
        little = sys.byteorder == "little"
        pcm = alsa.PCM(
            type=alsa.PCM_CAPTURE if self.kind == "capture" else alsa.PCM_PLAYBACK,
            mode=alsa.PCM_NORMAL,
            rate=SAMPLE_RATE,
            channels=1,
            format=alsa.PCM_FORMAT_S16_LE if little else alsa.PCM_FORMAT_S16_BE,
            periodsize=PERIOD,
            periods=PERIODS,
            device=self.device,
        )
        try:
            return pcm, _verify(pcm.info(), "S16_LE" if little else "S16_BE")
        except HardwareError:
            pcm.close()
            raise

    @abstractmethod
    def begin(self, pcm: Any, period: int) -> None:
        """The card was opened; a period is that many samples."""

    @abstractmethod
    def move(self, pcm: Any, period: int) -> None:
        """Wait for the card, and move one period. Raises CardLost."""

    def _count_period(self, period: int) -> None:
        self.counters.periods += 1
        self._good += 1
        if self._good % GOOD_PERIODS:
            return
        elapsed = self.world.clock() - self._since
        if elapsed < GOOD_PERIODS * period / SAMPLE_RATE / 4:
            raise CardLost("the card runs faster than sound: it is no real card")
        self._since = self.world.clock()
        self._retry_s = FIRST_RETRY_S
        if self._faulty:
            self._faulty = False
            self.world.on_recovered()

    def _report(self, error: Exception) -> None:
        if self._faulty:
            return
        self._faulty = True
        self.world.on_fault(
            f"sound card {self.device} ({self.kind}): {error}; it is tried again until it works. "
            f"`{'arecord' if self.kind == 'capture' else 'aplay'} -L` lists the names"
        )


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
