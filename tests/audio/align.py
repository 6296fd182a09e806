"""Where a reference lies in a recording: normalised cross-correlation by FFT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.audio.wav import RATE, Floats, Pcm


@dataclass(frozen=True, slots=True)
class Alignment:
    """`offset`: sample of the recording where the reference begins (negative: before its start).

    `correlation`: 0 to 1; clean G.711 speech gives more than 0.99.
    """

    offset: int
    correlation: float

    @property
    def offset_ms(self) -> float:
        return self.offset * 1000 / RATE


def align(reference: Pcm, recorded: Pcm, *, within: tuple[int, int] | None = None) -> Alignment:
    """The best place of `reference` in `recorded`; `within` bounds the offsets tried (samples)."""
    margin = reference.size // 2
    padded = np.pad(recorded.astype(np.float64), margin)
    padded = np.pad(padded, (0, max(0, reference.size - padded.size)))
    scores = _correlation(reference.astype(np.float64), padded)
    first = 0
    if within is not None:
        first = max(0, within[0] + margin)
        scores = scores[first : max(first + 1, within[1] + margin + 1)]
    best = int(np.argmax(scores)) if scores.size else 0
    score = float(scores[best]) if scores.size else 0.0
    return Alignment(best + first - margin, max(0.0, min(1.0, score)))


def slips(reference: Pcm, recorded: Pcm, offset: int, *, block_s: float = 1.0) -> list[float]:
    """Each block's own offset minus the whole's, in ms; blocks that are not found are left out.

    A jitter buffer that inserts or drops audio shows here as a step.
    """
    size, reach = int(block_s * RATE), RATE // 5
    found: list[float] = []
    for start in range(0, reference.size - size + 1, size):
        low = max(0, offset + start - reach)
        part = recorded[low : offset + start + size + reach]
        place = align(reference[start : start + size], part)
        if place.correlation >= 0.8:
            found.append((low + place.offset - offset - start) * 1000 / RATE)
    return found


def _correlation(reference: Floats, padded: Floats) -> Floats:
    size = 1 << int(padded.size + reference.size - 1).bit_length()
    product = np.fft.rfft(padded, size) * np.conj(np.fft.rfft(reference, size))
    scores = np.fft.irfft(product, size)[: padded.size - reference.size + 1]
    energy = np.concatenate(([0.0], np.cumsum(np.square(padded))))
    window = energy[reference.size :] - energy[: -reference.size]
    # Windows 60 dB below the loudest count as silence: rounding would win there.
    floor = max(float(window.max(initial=0.0)) * 1e-6, 1.0)
    norm = np.sqrt(np.maximum(window, floor) * max(float(np.sum(np.square(reference))), 1.0))
    quotient: Floats = np.where(window > floor, scores / norm, 0.0)
    return quotient
