"""The tone finder, on tones made here and on speech."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.audio.tones import TONES, await_tone, tones_of
from tests.audio.wav import FULL_SCALE, RATE, Pcm, write_wav


def sound(name: str, seconds: float, on: float = 10, off: float = 0) -> Pcm:
    t = np.arange(int(seconds * RATE)) / RATE
    wave = np.sum([np.sin(2 * np.pi * f * t) for f in TONES[name]], axis=0)
    rhythm = (t % (on + off)) < on
    made: Pcm = (wave * rhythm * FULL_SCALE * 0.1).astype(np.int16)
    return made


@pytest.mark.parametrize("name", TONES)
def test_each_tone_is_told_from_the_others(name: str) -> None:
    assert tones_of(sound(name, 1)) == [name]


def test_a_rhythm_is_one_tone_and_order_is_kept() -> None:
    pause = np.zeros(RATE // 2, dtype=np.int16)
    line = [sound("dial", 0.5), pause, sound("ringback", 1), pause, sound("busy", 2, 0.25, 0.25)]
    assert tones_of(np.concatenate(line)) == ["dial", "ringback", "busy"]


@pytest.mark.parametrize("signal", ["silence", "noise", "one frequency"])
def test_what_is_no_tone(signal: str) -> None:
    t = np.arange(RATE) / RATE
    made = {
        "silence": np.zeros(RATE),
        "noise": np.random.default_rng(1).normal(0, 3000, RATE),
        "one frequency": 8000 * np.sin(2 * np.pi * 440 * t),
    }
    assert tones_of(made[signal].astype(np.int16)) == []


def test_waiting_ends_with_the_tone_and_with_the_time(tmp_path: Path) -> None:
    path = tmp_path / "growing.wav"
    write_wav(path, np.zeros(RATE, dtype=np.int16))
    with pytest.raises(AssertionError, match="no busy tone"):
        await_tone(path, "busy", 0.1)
    later = threading.Timer(0.2, lambda: write_wav(path, sound("busy", 1)))
    later.start()
    await_tone(path, "busy", 5)
    later.join()
