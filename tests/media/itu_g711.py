"""G.711 written from the Recommendation's tables alone, by search among their decision values.

A negative sample's magnitude is its one's complement, as the ITU's own software (G.191) takes it.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

import numpy as np

MU, A = 0, 1


@cache
def decision_values(law: int) -> tuple[int, ...]:
    """Positive decision values x_1.. in 16-bit scale (mu: table 2a column 3; A: table 1a)."""
    values: list[int] = []
    if law == MU:  # 14 bits: 1 3 5 .. 31 | 35 39 .. 95 | 103 ..
        value = -1
        for segment in range(8):
            for _ in range(16):
                value += 2 << segment if value > 0 or segment else 2
                values.append(value * 4)
        return tuple(values[:127])
    value = 0  # 13 bits: 2 4 .. 64 in two segments | 68 ..
    for segment in range(8):
        for _ in range(16):
            value += 2 << max(segment - 1, 0)
            values.append(value * 8)
    return tuple(values[:127])


def encode_one(law: int, sample: int) -> int:
    magnitude = sample if sample >= 0 else ~sample
    number = bisect_right(decision_values(law), magnitude)
    if law == MU:
        return (0xFF if sample >= 0 else 0x7F) - number
    return (number | (0x80 if sample >= 0 else 0)) ^ 0x55


@cache
def output_values(law: int) -> tuple[int, ...]:
    """What each codeword stands for: the middle between its decision values."""
    edges = (0, *decision_values(law))
    top = edges[127] + (edges[127] - edges[126])
    middles = [(low + high) // 2 for low, high in zip(edges, (*edges[1:], top), strict=True)]
    if law == MU:
        middles[0] = 0  # y_0 of table 2: the first interval reaches over zero
    values = [0] * 256
    for number, middle in enumerate(middles):
        if law == MU:
            values[0xFF - number], values[0x7F - number] = middle, -middle
        else:
            values[(number | 0x80) ^ 0x55], values[number ^ 0x55] = middle, -middle
    return tuple(values)


@cache
def _encode_table(law: int) -> bytes:
    return bytes(encode_one(law, sample) for sample in range(-32768, 32768))


def encode(law: int, pcm: bytes) -> bytes:
    table = np.frombuffer(_encode_table(law), dtype=np.uint8)
    return table[np.frombuffer(pcm, dtype=np.int16).astype(np.int32) + 32768].tobytes()


def decode(law: int, octets: bytes) -> bytes:
    table = np.array(output_values(law), dtype=np.int16)
    return table[np.frombuffer(octets, dtype=np.uint8)].tobytes()
