"""Reads key tones out of a recording of the earpiece: what a person at the phone has heard.

For clean tones of at least 40 ms with gaps of at least 40 ms; not a detector for real lines.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS = (697, 770, 852, 941)  # ITU-T Q.23
COLUMNS = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
RATE = 8000
WINDOW = 160  # 20 ms tell tones apart that are 73 Hz from each other
HOP = 40
SHARE = 0.7  # of a window's energy that both tones must hold
QUIET = 50.0  # mean amplitude below which there is no tone
HOLD = 3  # windows that begin or end a key: 15 ms beyond a dropout's reach

Samples = npt.NDArray[np.float64]


def read_wav(path: Path) -> Samples:
    """The samples of a 16-bit mono file."""
    with wave.open(str(path), "rb") as source:
        return np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(np.float64)


def windows(samples: Samples) -> list[str]:
    """For each step of 5 ms the key whose tones fill the window, or a blank."""
    if len(samples) < WINDOW:
        return []
    view = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    times = np.arange(WINDOW) / RATE
    tones = np.exp(-2j * np.pi * np.outer(times, ROWS + COLUMNS))
    energy = (view**2).sum(axis=1) + 1e-9
    power = np.abs(view @ tones) ** 2 * 2 / WINDOW
    row, column = power[:, :4].argmax(axis=1), power[:, 4:].argmax(axis=1)
    both = power[:, :4].max(axis=1) + power[:, 4:].max(axis=1)
    sure = (both / energy > SHARE) & (energy > QUIET**2 * WINDOW)
    return [KEYS[r][c] if s else " " for r, c, s in zip(row, column, sure, strict=True)]


def keys(samples: Samples) -> str:
    """The keys heard, in order; a key is over when it was gone for HOLD windows."""
    found, now, candidate, held = "", " ", " ", 0
    for heard in windows(samples):
        held = held + 1 if heard == candidate else 1
        candidate = heard
        if held == HOLD and candidate != now:
            now = candidate
            found += now.strip()
    return found
