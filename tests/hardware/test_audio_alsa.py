"""The two threads of a card: who touches what, who is told what."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gateway.hardware.audio.card import Kind
from gateway.hardware.audio.reports import Reports
from gateway.hardware.audio_alsa import AlsaAudio, Devices
from gateway.media.resample import Resampler
from tests.hardware.fake_alsa import ALSAAudioError


class Line:
    """Both rings, always with something to do, and the threads that touched them."""

    def __init__(self) -> None:
        self.writers, self.readers = set[int](), set[int]()
        self.commands: list[tuple[str, int]] = []
        self.used = threading.Event()
        self._tick = False

    def _note(self, threads: set[int]) -> None:
        threads.add(threading.get_ident())
        if self.writers and self.readers:
            self.used.set()

    def write_source(self, pcm: bytes) -> int:
        self._note(self.writers)
        return len(pcm) // 2

    def read_sink(self, samples: int) -> bytes:
        self._note(self.readers)
        return bytes(2 * samples)

    def source_level(self) -> int:
        return 0

    def sink_level(self) -> int:
        return 80

    def start_sink(self) -> None:
        self.commands.append(("start_sink", threading.get_ident()))

    def stop_sink(self) -> None:
        self.commands.append(("stop_sink", threading.get_ident()))

    def end_source(self) -> None:
        self.commands.append(("end_source", threading.get_ident()))

    def clear_source(self) -> None: ...


class Pcm:
    """A card that takes and gives what is asked."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked

    def info(self) -> dict[str, Any]:
        return {
            **self._asked,
            "name": "x",
            "format_name": "S16_LE",
            "period_size": 40,
            "buffer_size": 640,
        }

    def getrates(self) -> int:
        return 8000

    def getchannels(self) -> list[int]:
        return [1]

    def read(self) -> tuple[int, bytes]:
        return 40, bytes(80)

    def write(self, frames: bytes) -> int:
        return len(frames) // 2

    def avail(self) -> int:
        return 560

    def close(self) -> None: ...


class Alsa:
    PCM_CAPTURE, PCM_PLAYBACK, PCM_NONBLOCK = 1, 0, 1
    PCM_FORMAT_S16_LE, PCM_FORMAT_S16_BE = 2, 3
    ALSAAudioError = ALSAAudioError

    def PCM(self, **asked: Any) -> Pcm:
        return Pcm(asked)


def audio_for(line: Line) -> AlsaAudio:
    devices = Devices("plughw:CARD=Mic", "plughw:CARD=Ear")
    return AlsaAudio(line, devices, Resampler, Reports(lambda _text: None), alsa=Alsa())


def test_each_ring_has_one_thread_and_the_engine_is_commanded_by_the_caller() -> None:
    line, here = Line(), threading.get_ident()
    audio = audio_for(line)
    audio.start()
    assert line.used.wait(10)
    audio.stop()
    assert len(line.writers) == len(line.readers) == 1
    assert not line.writers & line.readers
    assert line.commands == [("start_sink", here), ("stop_sink", here), ("end_source", here)]


def test_stopping_twice_and_never_started() -> None:
    line = Line()
    audio = audio_for(line)
    audio.stop()
    audio.start()
    audio.stop()
    audio.stop()
    assert [name for name, _ in line.commands] == ["start_sink", "stop_sink", "end_source"]


REPORTS = [
    ("one way", "f:capture", ["fault capture"]),
    ("both ways", "f:capture f:playback r:capture", ["fault capture"]),
    ("and back", "f:playback f:capture r:playback r:capture", ["fault playback", "works"]),
    ("and again", "f:capture r:capture f:capture", ["fault capture", "works", "fault capture"]),
    ("a warning twice", "w: w:", ["no such level"]),
]


@pytest.mark.parametrize(
    ("happened", "told"), [r[1:] for r in REPORTS], ids=[r[0] for r in REPORTS]
)
def test_a_card_is_reported_once(happened: str, told: list[str]) -> None:
    heard = list[str]()
    reports = Reports(
        lambda text: heard.append(f"fault {'capture' if '(capture)' in text else 'playback'}"),
        lambda text: heard.append(text.rpartition(" ")[2]),
        heard.append,
    )
    for word in happened.split():
        what, _, name = word.partition(":")
        kind: Kind = "capture" if name == "capture" else "playback"
        if what == "f":
            reports.fault(kind, "plughw:CARD=Phone", "gone")
        elif what == "r":
            reports.recovered(kind, "plughw:CARD=Phone")
        else:
            reports.warning("no such level")
    assert heard == told
