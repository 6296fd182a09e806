"""A sound card and a line's rings that behave like pyalsaaudio 0.11 and the engine, for one test.

A card's steps are played one a read or write. When they are used up the card says so by `spent` and
holds the thread, as a silent card does, until the test stops the audio.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

# Frames that are there, a negative errno to return, an exception to raise.
Step: TypeAlias = int | Exception
Card: TypeAlias = Sequence[Step] | Exception

XRUN = -errno.EPIPE


class ALSAAudioError(Exception):
    """As pyalsaaudio's: no OSError."""


class FakeLineAudio:
    """Both rings of a line, unbounded, with the threads that touched them.

    `late_sink` is what the engine plays once it has been looked for and was not there.
    """

    def __init__(self) -> None:
        self.source = bytearray()
        self.sink = bytearray()
        self.late_sink = bytearray()
        self._looked = 0
        self.source_writers: set[int] = set()
        self.sink_readers: set[int] = set()
        self.commands: list[tuple[str, int]] = []
        self.drain_source = False

    def write_source(self, pcm: bytes) -> int:
        self.source_writers.add(threading.get_ident())
        self.source += pcm
        return len(pcm) // 2

    def end_source(self) -> None:
        self.commands.append(("end_source", threading.get_ident()))

    def clear_source(self) -> None:
        self.source.clear()

    def source_level(self) -> int:
        return 0 if self.drain_source else len(self.source) // 2

    def start_sink(self) -> None:
        self.commands.append(("start_sink", threading.get_ident()))

    def stop_sink(self) -> None:
        self.commands.append(("stop_sink", threading.get_ident()))

    def read_sink(self, max_samples: int) -> bytes:
        self.sink_readers.add(threading.get_ident())
        taken = bytes(self.sink[: 2 * max_samples])
        del self.sink[: 2 * max_samples]
        return taken

    def sink_level(self) -> int:
        self._looked += 1
        if self._looked == 3:  # a card was opened, and was given silence for a while
            self.sink, self.late_sink = self.late_sink, self.sink
        return len(self.sink) // 2


@dataclass
class Abilities:
    """What a card can do. `queued`: frames that it never plays."""

    rates: int | tuple[int, int] | list[int] = field(default_factory=lambda: [8000, 48000])
    channels: list[int] = field(default_factory=lambda: [1, 2])
    queued: int = 0


class FakePcm:
    def __init__(self, alsa: FakeAlsa, kind: int, asked: dict[str, Any], steps: list[Step]) -> None:
        self._alsa = alsa
        self._kind = kind
        self._asked = asked
        self._steps = steps
        self.written = bytearray()
        self.closed = False

    def info(self) -> dict[str, Any]:
        asked = self._asked
        return {
            "name": asked["device"],
            "card_no": 1,
            "rate": asked["rate"],
            "channels": asked["channels"],
            "format_name": "S16_LE",
            "period_size": asked["periodsize"],
            "buffer_size": asked["periodsize"] * asked["periods"],
            **self._alsa.info,
        }

    def getrates(self) -> int | tuple[int, int] | list[int]:
        return self._alsa.abilities.rates

    def getchannels(self) -> list[int]:
        return self._alsa.abilities.channels

    def avail(self) -> int:
        if self._kind == FakeAlsa.PCM_CAPTURE:
            return 0
        return int(self.info()["buffer_size"]) - self._alsa.abilities.queued

    def read(self) -> tuple[int, bytes]:
        step = self._step()
        frame = bytes([step % 251, 1]) + bytes([9, 9]) * (self._asked["channels"] - 1)
        return step, frame * max(0, step)

    def write(self, sound: bytes) -> int:
        step = self._step()
        size = 2 * int(self._asked["channels"])
        taken = step if step < 0 else min(step, len(sound) // size)
        self.written += sound[: size * max(0, taken)]
        return taken

    def close(self) -> None:
        self.closed = True

    def _step(self) -> int:
        if not self._steps:
            self._alsa.spent[self._kind].set()
            self._alsa.release.wait(10)
            return 10_000 if self._kind == FakeAlsa.PCM_PLAYBACK else 0
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class FakeMixer:
    """A control. `playback` and `capture`: its level in that direction, None for none."""

    def __init__(
        self,
        name: str,
        *,
        playback: int | None = None,
        capture: int | None = None,
        muted: bool | None = None,
        recorded: bool | None = None,
    ) -> None:
        self.name = name
        self.levels = {FakeAlsa.PCM_PLAYBACK: playback, FakeAlsa.PCM_CAPTURE: capture}
        self.muted = muted
        self.recorded = recorded

    def mixer(self) -> str:
        return self.name

    def volumecap(self) -> list[str]:
        names = {FakeAlsa.PCM_PLAYBACK: "Playback Volume", FakeAlsa.PCM_CAPTURE: "Capture Volume"}
        return [names[kind] for kind, level in self.levels.items() if level is not None]

    def switchcap(self) -> list[str]:
        switches = {"Playback Mute": self.muted, "Capture Mute": self.recorded}
        return [name for name, value in switches.items() if value is not None]

    def getvolume(self, kind: int) -> list[int]:
        return [self.levels[kind] or 0]

    def setvolume(self, percent: int, channel: int, kind: int) -> None:
        self.levels[kind] = percent

    def getmute(self) -> list[int]:
        return [int(bool(self.muted))]

    def setmute(self, muted: int) -> None:
        self.muted = bool(muted)

    def getrec(self) -> list[int]:
        return [int(bool(self.recorded))]

    def setrec(self, recorded: int) -> None:
        self.recorded = bool(recorded)


class FakeAlsa:
    """Stands for the module `alsaaudio`. `capture` and `playback`: a card for each opening."""

    PCM_CAPTURE, PCM_PLAYBACK, PCM_NORMAL, PCM_NONBLOCK = 1, 0, 0, 1
    PCM_FORMAT_S16_LE, PCM_FORMAT_S16_BE = 2, 3
    MIXER_CHANNEL_ALL = -1
    ALSAAudioError = ALSAAudioError

    def __init__(self, capture: Sequence[Card] = (), playback: Sequence[Card] = ()) -> None:
        self._cards = {self.PCM_CAPTURE: list(capture), self.PCM_PLAYBACK: list(playback)}
        self.info: dict[str, Any] = {}
        self.abilities = Abilities()
        self.controls: list[FakeMixer] = []
        self.names: dict[int, tuple[str, str]] = {1: ("Device", "USB Audio Device")}
        self.spent = {self.PCM_CAPTURE: threading.Event(), self.PCM_PLAYBACK: threading.Event()}
        self.release = threading.Event()
        self.opened: list[dict[str, Any]] = []
        self.asked_mixers: list[str] = []
        self.pcms: dict[int, list[FakePcm]] = {self.PCM_CAPTURE: [], self.PCM_PLAYBACK: []}

    def PCM(self, **asked: Any) -> FakePcm:
        kind = asked["type"]
        if asked["mode"] == self.PCM_NONBLOCK:  # only to ask it what it can
            if self._cards[kind] and isinstance(error := self._cards[kind][0], Exception):
                del self._cards[kind][0]
                raise error
            return FakePcm(self, kind, asked, [])
        self.opened.append(asked)
        card: Card = self._cards[kind].pop(0) if self._cards[kind] else []
        if isinstance(card, Exception):
            raise card
        pcm = FakePcm(self, kind, asked, list(card))
        self.pcms[kind].append(pcm)
        return pcm

    def card_name(self, number: int) -> tuple[str, str]:
        return self.names[number][1], f"{self.names[number][1]} at usb-1"

    def card_indexes(self) -> list[int]:
        return list(self.names)

    def cards(self) -> list[str]:
        return [name for name, _ in self.names.values()]

    def mixers(self, device: str) -> list[str]:
        self.asked_mixers.append(device)
        return [control.name for control in self.controls]

    def Mixer(self, name: str, number: int, device: str) -> FakeMixer:
        return [control for control in self.controls if control.name == name][number]

    def wait(self) -> None:
        """Until both cards have played all their steps."""
        for event in self.spent.values():
            assert event.wait(10)
