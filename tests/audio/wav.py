"""Read and write the WAV files of tests: mono, 16 bit, 8,000 Hz."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RATE = 8000
FULL_SCALE = 32768.0

Pcm: TypeAlias = npt.NDArray[np.int16]
Floats: TypeAlias = npt.NDArray[np.float64]


def read_wav(path: Path | str) -> Pcm:
    """The samples of a mono 16-bit WAV at 8,000 Hz; raises ValueError for any other kind."""
    with wave.open(str(path), "rb") as wav:
        kind = (wav.getnchannels(), wav.getsampwidth(), wav.getframerate())
        if kind != (1, 2, RATE):
            raise ValueError(f"{path}: channels, bytes a sample, rate are {kind}, not (1, 2, 8000)")
        return np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").astype(np.int16)


def write_wav(path: Path | str, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(pcm.astype("<i2").tobytes())


def samples(ms: float) -> int:
    """How many samples `ms` milliseconds hold."""
    return round(ms * RATE / 1000)


def level_db(pcm: Pcm) -> float:
    """RMS level in dB below a full-scale square wave; -120 for silence."""
    if pcm.size == 0:
        return -120.0
    power = float(np.mean(np.square(pcm.astype(np.float64) / FULL_SCALE)))
    return max(-120.0, 10 * float(np.log10(power))) if power > 0 else -120.0
