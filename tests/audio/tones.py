"""Call progress tones by content: which pairs of frequencies sound in a recording, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.audio.wav import FULL_SCALE, RATE, Pcm, samples

# North America's precise tone plan; busy and congestion differ in their rhythm alone.
TONES = {
    "dial": (350.0, 440.0),
    "ringback": (440.0, 480.0),
    "busy": (480.0, 620.0),
}
FRAME_MS = 200  # frequencies 20 Hz apart are told from each other
HOP_MS = 50
PURITY = 0.9  # share of a frame's energy in the two tones
LEVEL_DB = -45.0
WIDTH_HZ = 12.0
WAV_HEADER = 44
POLL_S = 0.05


def tones_of(pcm: Pcm) -> list[str]:
    """The names of the tones in the order in which they begin, each run once."""
    size, hop = samples(FRAME_MS), samples(HOP_MS)
    names = [_name(pcm[at : at + size]) for at in range(0, pcm.size - size + 1, hop)]
    told = [name for name in names if name]
    return [name for n, name in enumerate(told) if n == 0 or told[n - 1] != name]


def await_tone(
    recording: Path,
    name: str,
    seconds: float = 8,
    told: Callable[[], object] = lambda: "",
) -> None:
    """Until that tone has sounded in a recording that is still being made.

    `told()` is what an AssertionError then says beside the tones that were heard.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while name not in (heard := tones_of(_so_far(recording))):
        if time.monotonic() > deadline:
            raise AssertionError(f"no {name} tone within {seconds} s, but {heard}; {told()}")
        pause.wait(POLL_S)


def _so_far(recording: Path) -> Pcm:
    data = recording.read_bytes()[WAV_HEADER:]
    return np.frombuffer(data[: len(data) // 2 * 2], dtype=np.int16)


def _name(frame: Pcm) -> str:
    signal = frame.astype(np.float64) / FULL_SCALE
    energy = float(np.mean(np.square(signal)))
    if energy < 10 ** (LEVEL_DB / 10):
        return ""
    spectrum = np.square(np.abs(np.fft.rfft(signal * np.hanning(signal.size))))
    pitch = np.fft.rfftfreq(signal.size, 1 / RATE)
    for name, pair in TONES.items():
        shares = [float(spectrum[np.abs(pitch - f) <= WIDTH_HZ].sum()) for f in pair]
        whole = float(spectrum.sum())
        if sum(shares) > PURITY * whole and min(shares) > 0.2 * whole:
            return name
    return ""
