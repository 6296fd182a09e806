"""Signals whose every sample tells where it belongs, and finding them again."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt

from tests.media.itu_g711 import decode, encode

Pcm = npt.NDArray[np.int16]


def speech_like(samples: int, seed: int = 1) -> Pcm:
    """Noise with a slow envelope: no stretch of it resembles another."""
    noise = np.random.default_rng(seed).normal(0, 3000, samples)
    envelope = 1 + 0.8 * np.sin(np.arange(samples) / 900)
    return np.clip(noise * envelope, -30000, 30000).astype(np.int16)


def as_bytes(pcm: Pcm) -> bytes:
    return pcm.tobytes()


def from_bytes(data: bytes) -> Pcm:
    return np.frombuffer(data, dtype=np.int16)


def through(law: int, pcm: Pcm) -> Pcm:
    """What is left of `pcm` after one coding."""
    return from_bytes(decode(law, encode(law, pcm.tobytes())))


def find(needle: Pcm, hay: Pcm) -> int:
    """Where `needle` lies in `hay`, by its first 200 samples exactly; -1 when it does not."""
    head = needle[:200]
    for at in np.flatnonzero(hay[: len(hay) - len(head) + 1] == head[0]):
        if np.array_equal(hay[at : at + len(head)], head):
            return int(at)
    return -1


def level_of(pcm: Pcm, hz: float) -> float:
    """The level of a sine in dBm0; 0 dBm0 is a peak of 22,656."""
    turn = np.exp(-2j * np.pi * hz * np.arange(len(pcm)) / 8000)
    peak = 2 * abs(np.dot(pcm.astype(float), turn)) / len(pcm)
    return float(20 * np.log10(peak / 22656 + 1e-9))


def shuffled_digits(count: int, seed: int) -> str:
    """Random digits with many repeated keys."""
    rng = random.Random(seed)
    digits: list[str] = []
    while len(digits) < count:
        again = digits and rng.random() < 0.3
        digits.append(digits[-1] if again else rng.choice("0123456789*#ABCD"))
    return "".join(digits)
