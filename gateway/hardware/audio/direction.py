"""One direction of a sound card: open it, pump until it is lost, say so, try again later."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from gateway.errors import HardwareError, LocalProtocolError
from gateway.hardware.audio.card import Kind, Shape, open_card
from gateway.hardware.audio.clock_match import ClockMatch
from gateway.hardware.audio.convert import MakeConverter
from gateway.hardware.audio.levels import Levels, apply
from gateway.hardware.audio.reports import Reports
from gateway.media.port import SAMPLE_RATE, LineAudio

TICK: Final = 80  # samples that the engine takes and gives at a time
LIMIT: Final = 800  # samples above that: small corrections would take too long
FIRST_RETRY_S, LONGEST_RETRY_S = 0.25, 5.0
GOOD_S: Final = 0.5  # of sound: the card counts as working again
BAD_TRIES: Final = 20  # in a row: no sound goes any more
SILENT_S: Final = 0.25  # without a sample: likewise
FIFO_PRIORITY: Final = 40  # below the engine's


class CardLost(HardwareError):
    """The card was there and is no more, or does not behave like one."""


@dataclass(slots=True)
class AudioCounters:
    """Of one direction. `inserted` and `dropped` are samples by which the clocks were matched;
    `discarded` are those that were too old, or that nobody took."""

    samples: int = 0
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
    make_converter: MakeConverter
    halt: threading.Event
    clock: Callable[[], float]
    pause: Callable[[float], object]
    levels: Levels
    reports: Reports


class Direction(ABC):
    """Opens the card, pumps, and starts over when it is lost."""

    kind: ClassVar[Kind]

    def __init__(self, device: str, world: World) -> None:
        self.counters = AudioCounters()
        self.device = device
        self.world = world
        self.audio, self.alsa, self.halt = world.audio, world.alsa, world.halt
        self.match = ClockMatch(0, 0)
        self.shape: Shape | None = None
        """How the card is open; None while it is not."""
        self.fault = ""
        self._retry_s = FIRST_RETRY_S
        self._good = 0
        self._since = 0.0

    @property
    @abstractmethod
    def delay_ms(self) -> float | None:
        """What card and ring add, beside the engine's ticks of 10 ms; None: not known yet."""

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
        pcm, shape = open_card(self.alsa, self.kind, self.device)
        try:
            for complaint in apply(self.alsa, self.kind, self.device, self.world.levels):
                self.world.reports.warning(complaint)
            self.counters.opened += 1
            self._good, self._since = 0, self.world.clock()
            self.begin(pcm, shape)
            self.shape = shape
            while not self.halt.is_set():
                self._count(self.move(pcm, shape))
        finally:
            self.shape = None
            with suppress(OSError, self.alsa.ALSAAudioError):
                pcm.close()

    @abstractmethod
    def begin(self, pcm: Any, shape: Shape) -> None:
        """The card was opened."""

    @abstractmethod
    def move(self, pcm: Any, shape: Shape) -> int:
        """Wait for the engine, and move what there is; how many samples. Raises CardLost."""

    def _count(self, samples: int) -> None:
        self.counters.samples += samples
        self._good += samples
        if self._good < GOOD_S * SAMPLE_RATE:
            return
        elapsed = self.world.clock() - self._since
        if elapsed < self._good / SAMPLE_RATE / 4:
            raise CardLost("the card runs faster than sound: it is no real card")
        self._good, self._since = 0, self.world.clock()
        self._retry_s = FIRST_RETRY_S
        if self.fault:
            self.fault = ""
            self.world.reports.recovered(self.kind, self.device)

    def _report(self, error: Exception) -> None:
        if self.fault:
            return
        self.fault = str(error)
        self.world.reports.fault(self.kind, self.device, self.fault)


def _ask_for_fifo() -> bool:
    """Real-time priority for the calling thread, where the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except OSError:
        return False
    return True
