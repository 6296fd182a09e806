"""A sound card and a line's rings that behave like pyalsaaudio 0.11 and the engine, for one test.

A card's steps are played one a read or write. When they are used up the card says so by `spent` and
holds the thread, as a silent card does, until the test stops the audio.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

from tests.hardware.fake_signals import FakeSignals

# Frames that are there, a negative errno to return, an exception to raise.
Step: TypeAlias = int | Exception
Card: TypeAlias = Sequence[Step] | Exception

XRUN = -errno.EPIPE


class ALSAAudioError(Exception):
    """As pyalsaaudio's: no OSError."""


class FakeLineAudio(FakeSignals):
    """Both rings of a line, unbounded, with the threads that touched them."""

    def __init__(self) -> None:
        super().__init__()
        self.source = bytearray()
        self.sink = bytearray()
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
        return len(self.sink) // 2


class FakePcm:
    def __init__(self, alsa: FakeAlsa, kind: int, steps: list[Step]) -> None:
        self._alsa = alsa
        self._kind = kind
        self._steps = steps
        self.written = bytearray()
        self.closed = False

    def info(self) -> dict[str, Any]:
        return {
            "rate": 8000,
            "channels": 1,
            "format_name": "S16_LE",
            "period_size": 80,
            **self._alsa.info,
        }

    def read(self) -> tuple[int, bytes]:
        step = self._step()
        return step, bytes([step % 251, 1]) * max(0, step)

    def write(self, sound: bytes) -> int:
        step = self._step()
        taken = step if step < 0 else min(step, len(sound) // 2)
        self.written += sound[: 2 * max(0, taken)]
        return taken

    def close(self) -> None:
        self.closed = True

    def _step(self) -> int:
        if not self._steps:
            self._alsa.spent[self._kind].set()
            self._alsa.release.wait(10)
            return 80 if self._kind == FakeAlsa.PCM_PLAYBACK else 0
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class FakeAlsa:
    """Stands for the module `alsaaudio`. `capture` and `playback`: a card for each opening."""

    PCM_CAPTURE, PCM_PLAYBACK, PCM_NORMAL = 1, 0, 0
    PCM_FORMAT_S16_LE, PCM_FORMAT_S16_BE = 2, 3
    ALSAAudioError = ALSAAudioError

    def __init__(self, capture: Sequence[Card] = (), playback: Sequence[Card] = ()) -> None:
        self._cards = {self.PCM_CAPTURE: list(capture), self.PCM_PLAYBACK: list(playback)}
        self.info: dict[str, Any] = {}
        self.spent = {self.PCM_CAPTURE: threading.Event(), self.PCM_PLAYBACK: threading.Event()}
        self.release = threading.Event()
        self.opened: list[dict[str, Any]] = []
        self.pcms: dict[int, list[FakePcm]] = {self.PCM_CAPTURE: [], self.PCM_PLAYBACK: []}

    def PCM(self, **asked: Any) -> FakePcm:
        self.opened.append(asked)
        kind = asked["type"]
        card: Card = self._cards[kind].pop(0) if self._cards[kind] else []
        if isinstance(card, Exception):
            raise card
        pcm = FakePcm(self, kind, list(card))
        self.pcms[kind].append(pcm)
        return pcm

    def wait(self) -> None:
        """Until both cards have played all their steps."""
        for event in self.spent.values():
            assert event.wait(10)
