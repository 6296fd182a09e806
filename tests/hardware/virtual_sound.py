"""A card and an engine in virtual time: nothing passes but by the pauses that a direction makes.

The card captures a ramp and is played into a list; the engine takes and gives 80 samples a tick.
What a thread is held up by, how unevenly the card moves and how wrong its clock is, are the test's.
"""

from __future__ import annotations

import errno
import math
import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.errors import LocalProtocolError
from gateway.hardware.audio.capture import Capture
from gateway.hardware.audio.direction import Direction, World
from gateway.hardware.audio.levels import Levels
from gateway.hardware.audio.playback import Playback
from gateway.hardware.audio.reports import Reports
from gateway.media.resample import Resampler
from tests.hardware.fake_alsa import ALSAAudioError, FakeMixer
from tests.hardware.fake_signals import FakeSignals

TICK, TICK_S, PHASE_S = 80, 0.01, 0.0042
RAMP = 30_000


def ramp(first: int, count: int) -> array[int]:
    return array("h", (n % RAMP + 1 for n in range(first, first + count)))


@dataclass
class CardSettings:
    """`step_s`: how finely its position moves. `lost`: from a time on, what each call answers."""

    rates: int | tuple[int, int] | list[int] = 8000
    channels: list[int] = field(default_factory=lambda: [1, 2])
    info: dict[str, Any] = field(default_factory=dict)
    ppm: float = 0.0
    step_s: float = 0.001
    endless: bool = False
    lost: tuple[float, int | Exception] | None = None
    missing: Sequence[Exception] = ()
    controls: Sequence[FakeMixer] = ()


class VirtualEngine(FakeSignals):
    """Both rings, and the time. `late(n)`: how much too long the n-th pause is."""

    def __init__(
        self, late: Callable[[int], float] = lambda _number: 0.0, seconds: float = 1.0
    ) -> None:
        super().__init__()
        self.now = 100.0
        self.end = self.now + seconds
        self.halt = threading.Event()
        self.pauses: list[float] = []
        self.source, self.sink = array("h"), array("h")
        self.heard, self.missing, self.given = array("h"), 0, 0
        self.late = late
        self._due = math.ceil(self.now / TICK_S) * TICK_S + PHASE_S
        self.heard_at: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += max(0.0, seconds) + self.late(len(self.pauses))
        while self._due <= self.now:
            self._tick()
            self._due += TICK_S
        if self.now >= self.end:
            self.halt.set()

    def _tick(self) -> None:
        taken, self.source = self.source[:TICK], self.source[TICK:]
        self.missing += TICK - len(taken) if self.heard else 0
        self.heard += taken
        self.heard_at += [self._due] * len(taken)
        self.sink += ramp(self.given, TICK)
        self.given += TICK

    def given_at(self, number: int) -> float:
        """When sample `number` came into the sink."""
        return self._due - TICK_S * ((self.given - number - 1) // TICK + 1)

    def source_level(self) -> int:
        return len(self.source)

    def sink_level(self) -> int:
        return len(self.sink)

    def write_source(self, pcm: bytes) -> int:
        if self.halt.is_set():
            raise LocalProtocolError("the line is closed")
        self.source.frombytes(pcm)
        return len(pcm) // 2

    def read_sink(self, most: int) -> bytes:
        taken, self.sink = self.sink[:most], self.sink[most:]
        return taken.tobytes()

    def clear_source(self) -> None: ...
    def end_source(self) -> None: ...
    def start_sink(self) -> None: ...
    def stop_sink(self) -> None: ...


class VirtualPcm:
    def __init__(self, card: VirtualAlsa, asked: dict[str, Any]) -> None:
        self._card, self._asked = card, asked
        self._began: float | None = None
        self._done = 0
        self._kept = 0
        self.closed = False
        self.played = array("h")
        self.played_from = 0.0

    @property
    def rate(self) -> int:
        return int(self._asked["rate"])

    @property
    def _buffer(self) -> int:
        return int(self._asked["periodsize"]) * int(self._asked["periods"])

    def info(self) -> dict[str, Any]:
        asked = self._asked
        return {
            "name": asked["device"],
            "card_no": 1,
            "rate": asked["rate"],
            "channels": asked["channels"],
            "format_name": "S16_LE",
            "period_size": asked["periodsize"],
            "buffer_size": self._buffer,
            **self._card.settings.info,
        }

    def getrates(self) -> int | tuple[int, int] | list[int]:
        return self._card.settings.rates

    def getchannels(self) -> list[int]:
        return self._card.settings.channels

    def close(self) -> None:
        self.closed = True

    def position(self) -> int:
        """Frames that the card's clock has counted since it began."""
        if self._began is None:
            return 0
        step = self._card.settings.step_s
        passed = math.floor((self._card.engine.now - self._began) / step + 1e-6) * step
        return int(passed * self._true_rate + 1e-6)

    @property
    def _true_rate(self) -> float:
        return self.rate * (1 + self._card.settings.ppm * 1e-6)

    def read(self) -> tuple[int, bytes]:
        lost = self._lost()
        if lost is not None:
            return lost, b""
        if self._card.settings.endless:
            count = int(self._asked["periodsize"])
            return count, bytes(2 * count * int(self._asked["channels"]))
        if self._began is None:
            self._began = self._card.engine.now
        waiting = self.position() - self._done
        if waiting > self._buffer:
            self._began, self._done = None, 0
            return -errno.EPIPE, b""
        count = min(waiting, int(self._asked["periodsize"]))
        sound = self._frames(ramp(self._done, count))
        self._done += count
        return count, sound

    def _frames(self, sound: array[int]) -> bytes:
        channels = int(self._asked["channels"])
        frames = array("h", [-9]) * (len(sound) * channels)
        frames[::channels] = sound
        return frames.tobytes()

    def captured_at(self, number: int) -> float:
        assert self._began is not None
        return self._began + number / self._true_rate

    def avail(self) -> int:
        if self._card.settings.endless:
            return self._buffer
        if self._began is None:
            return self._buffer
        queued = len(self.played) - self._kept - self.position()
        return -errno.EPIPE if queued < 0 else self._buffer - queued

    def write(self, frames: bytes) -> int:
        lost = self._lost()
        if lost is not None:
            return lost
        room = self.avail()
        if room < 0:
            self._began, self._kept = None, len(self.played)
            return -errno.EPIPE
        channels = int(self._asked["channels"])
        sound = array("h", frames)
        taken = min(room, len(sound) // channels)
        if self._began is None:
            self._began = self._card.engine.now
        self.played += sound[: taken * channels : channels]
        return taken

    def played_at(self, number: int) -> float:
        """When a frame is at the card; counts from the last underrun."""
        assert self._began is not None
        return self._began + (number - self._kept) / self._true_rate

    def _lost(self) -> int | None:
        lost = self._card.settings.lost
        if lost is None or self._card.engine.now < self._card.opened_first + lost[0]:
            return None
        self._card.settings.lost = None
        if isinstance(lost[1], Exception):
            raise lost[1]
        return lost[1]


class VirtualAlsa:
    """The module `alsaaudio`, with one card."""

    PCM_CAPTURE, PCM_PLAYBACK, PCM_NORMAL, PCM_NONBLOCK = 1, 0, 0, 1
    PCM_FORMAT_S16_LE, PCM_FORMAT_S16_BE = 2, 3
    MIXER_CHANNEL_ALL = -1
    ALSAAudioError = ALSAAudioError

    def __init__(self, engine: VirtualEngine, settings: CardSettings) -> None:
        self.engine, self.settings = engine, settings
        self.opened_first = engine.now
        self._missing = list(settings.missing)
        self.asked: list[dict[str, Any]] = []
        self.mixers_asked: list[str] = []
        self.pcms: list[VirtualPcm] = []

    def PCM(self, **asked: Any) -> VirtualPcm:
        if self._missing:
            raise self._missing.pop(0)
        self.asked.append(asked)
        self.pcms.append(VirtualPcm(self, asked))
        return self.pcms[-1]

    def card_name(self, number: int) -> tuple[str, str]:
        return "USB Audio Device", "USB Audio Device at usb-1"

    def mixers(self, device: str) -> list[str]:
        self.mixers_asked.append(device)
        return [control.name for control in self.settings.controls]

    def Mixer(self, name: str, number: int, device: str) -> FakeMixer:
        return [each for each in self.settings.controls if each.name == name][number]


@dataclass
class Run:
    """What became of it."""

    engine: VirtualEngine
    alsa: VirtualAlsa
    side: Direction
    faults: list[str]
    recoveries: list[str]
    warnings: list[str]

    @property
    def pcm(self) -> VirtualPcm:
        return self.alsa.pcms[-1]


def run(
    kind: type[Capture] | type[Playback],
    settings: CardSettings | None = None,
    *,
    device: str = "plughw:CARD=Device",
    seconds: float = 30.0,
    late: Callable[[int], float] = lambda _number: 0.0001,
    levels: Levels | None = None,
) -> Run:
    """One direction for so many virtual seconds."""
    engine = VirtualEngine(late, seconds)
    alsa = VirtualAlsa(engine, replace(settings or CardSettings()))
    faults, recoveries, warnings = list[str](), list[str](), list[str]()
    world = World(
        engine,
        alsa,
        Resampler,
        engine.halt,
        engine.clock,
        engine.pause,
        levels or Levels(),
        Reports(faults.append, recoveries.append, warnings.append),
    )
    side = kind(device, world)
    thread = threading.Thread(target=side.run)  # it may make itself a real-time thread
    thread.start()
    thread.join()
    return Run(engine, alsa, side, faults, recoveries, warnings)
