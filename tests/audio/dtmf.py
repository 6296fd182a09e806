"""DTMF by content: find the digits in a recording, with limits like ITU-T Q.24's.

Offline, so it can be stricter than a receiver: Goertzel frames find the tones, then each whole
tone's two frequencies are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.audio.wav import FULL_SCALE, RATE, Floats, Pcm, samples

ROWS = (697.0, 770.0, 852.0, 941.0)
COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
KEYS = "123A456B789C*0#D"

FRAME = 102  # 12.75 ms, the classic Goertzel length for 8,000 Hz
HOP = 16
PURITY = 0.7  # share of a frame's energy in the two tones
LEVEL_DB = -42.0  # RMS, below full scale
SHORTEST_MS = 30.0  # Q.24: 40 ms must be taken, 23 ms must not
HOLE_MS = 10.0  # Q.24: an interruption of up to 10 ms does not split a digit
DETUNED = 0.025  # Q.24: +-1.8 % must be taken, +-3.5 % must not
TWIST_DB = 9.0


@dataclass(frozen=True, slots=True)
class HeardDigit:
    """`start_s` and `duration_ms` are good to about 3 ms; `twist_db` is column minus row."""

    digit: str
    start_s: float
    duration_ms: float
    level_db: float
    twist_db: float


def heard_digits(pcm: Pcm) -> list[HeardDigit]:
    """Every DTMF digit in `pcm`, in order."""
    keys = _keys_by_frame(pcm.astype(np.float64) / FULL_SCALE)
    digits = (_measure(pcm, key, first, last) for key, first, last in _tones(keys))
    return [digit for digit in digits if digit is not None]


def digits_of(pcm: Pcm) -> str:
    return "".join(found.digit for found in heard_digits(pcm))


def tone(digit: str, ms: float, *, level_db: float = -10.0, detune: float = 0.0) -> Pcm:
    """A clean key tone: `level_db` is each frequency's RMS below full scale."""
    index = KEYS.index(digit)
    t = np.arange(samples(ms)) / RATE
    amplitude = FULL_SCALE * np.sqrt(2) * 10 ** (level_db / 20)
    pair = (ROWS[index // 4], COLUMNS[index % 4])
    wave = np.zeros(t.size)
    for frequency in pair:
        wave += amplitude * np.sin(2 * np.pi * frequency * (1 + detune) * t)
    return np.clip(np.round(wave), -32768, 32767).astype(np.int16)


def _keys_by_frame(signal: Floats) -> list[str]:
    """The key of each frame, or a space where there is none."""
    count = max(0, (signal.size - FRAME) // HOP + 1)
    if count == 0:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(signal, FRAME)[::HOP]
    rows, columns = _powers(frames, ROWS), _powers(frames, COLUMNS)
    best_row, best_column = rows.argmax(axis=1), columns.argmax(axis=1)
    energy = np.mean(np.square(frames), axis=1)
    row, column = rows.max(axis=1), columns.max(axis=1)
    twist = 10 * np.log10(np.maximum(column, 1e-15) / np.maximum(row, 1e-15))
    good = (row + column > PURITY * energy) & (energy > 10 ** (LEVEL_DB / 10))
    good &= np.abs(twist) < TWIST_DB + 3
    return [
        KEYS[r * 4 + c] if ok else " " for ok, r, c in zip(good, best_row, best_column, strict=True)
    ]


def _powers(frames: Floats, frequencies: tuple[float, ...]) -> Floats:
    """Goertzel power of each frame at each frequency: the mean square of that tone alone."""
    angle = 2 * np.pi * np.outer(np.arange(FRAME), np.array(frequencies)) / RATE
    spectrum = frames @ np.exp(-1j * angle)
    powers: Floats = 2 * np.square(np.abs(spectrum)) / FRAME**2
    return powers


def _tones(keys: list[str]) -> list[tuple[str, int, int]]:
    """(key, first frame, last frame) of each tone, holes of up to HOLE_MS bridged."""
    bridge = (samples(HOLE_MS) + FRAME) // HOP
    tones: list[tuple[str, int, int]] = []
    for index, key in enumerate(keys):
        if key == " ":
            continue
        if tones and tones[-1][0] == key and index - tones[-1][2] <= bridge:
            tones[-1] = (key, tones[-1][1], index)
        else:
            tones.append((key, index, index))
    return tones


def _measure(pcm: Pcm, key: str, first: int, last: int) -> HeardDigit | None:
    # A frame passes once PURITY of it is tone: so far do both ends reach into their frames.
    edge = round((1 - PURITY) * FRAME)
    begin, end = first * HOP + edge, last * HOP + FRAME - edge
    duration_ms = (end - begin) * 1000 / RATE
    if duration_ms < SHORTEST_MS:
        return None
    signal = pcm[begin:end].astype(np.float64) / FULL_SCALE
    index = KEYS.index(key)
    row, row_power = _peak(signal, ROWS[index // 4])
    column, column_power = _peak(signal, COLUMNS[index % 4])
    twist = 10 * float(np.log10(max(column_power, 1e-15) / max(row_power, 1e-15)))
    detuned = max(abs(row / ROWS[index // 4] - 1), abs(column / COLUMNS[index % 4] - 1))
    if detuned > DETUNED or abs(twist) > TWIST_DB:
        return None
    level = 10 * float(np.log10(max(float(np.mean(np.square(signal))), 1e-12)))
    return HeardDigit(key, begin / RATE, duration_ms, level, twist)


def _peak(signal: Floats, nominal: float) -> tuple[float, float]:
    """Frequency and power of the strongest tone within 6 % of `nominal`."""
    size = 8192
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), size))
    low, high = int(nominal * 0.94 * size / RATE), int(nominal * 1.06 * size / RATE) + 1
    best = low + int(np.argmax(spectrum[low : high + 1]))
    return best * RATE / size, float(spectrum[best] ** 2)
