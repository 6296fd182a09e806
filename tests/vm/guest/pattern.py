"""A noise that says of each of its samples which one it is, and passes G.711 unchanged."""

from __future__ import annotations

import random
from typing import Final

from gateway.media import g711

LENGTH: Final = 7919  # samples, a prime: a second without one
_SURE: Final = 24  # samples in a row that occur once
# Neither of the two zeros, nor so loud that something could be clipped.
CODES: Final = bytes(
    random.Random(7919).choices([*range(0x20, 0x70), *range(0xA0, 0xF0)], k=LENGTH)
)
SOUND: Final = g711.decode("mu", CODES)

_CODES_TWICE: Final = CODES * 2
_SOUND_TWICE: Final = SOUND * 2


def codes(first: int, count: int) -> bytes:
    """mu-law of the samples from `first` on."""
    at = first % LENGTH
    return (CODES * (2 + count // LENGTH))[at : at + count]


def sound(first: int, count: int) -> bytes:
    """16-bit samples from `first` on."""
    at = 2 * (first % LENGTH)
    return (SOUND * (2 + count // LENGTH))[at : at + 2 * count]


def place_of_codes(heard: bytes) -> int | None:
    """Which sample these begin with; None if it is not the pattern."""
    found = _CODES_TWICE.find(heard[:_SURE])
    return None if found < 0 or len(heard) < _SURE else found


def place_of_sound(heard: bytes) -> int | None:
    """Likewise for samples."""
    wanted, at = heard[: 2 * _SURE], -1
    while len(heard) >= 2 * _SURE and (at := _SOUND_TWICE.find(wanted, at + 1)) >= 0:
        if at % 2 == 0:
            return at // 2
    return None
