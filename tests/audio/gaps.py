"""Silence and drop-outs: what of a reference is missing in its recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.audio.wav import FULL_SCALE, RATE, Floats, Pcm, samples

FRAME_MS = 10
ACTIVE_DB = -45.0
DROP_DB = 15.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of frames where the reference speaks and the recording does not."""

    start_s: float
    duration_ms: float


def frame_levels(pcm: Pcm, frame_ms: float = FRAME_MS) -> Floats:
    """RMS level of each whole frame, dB below full scale, not under -120."""
    size = samples(frame_ms)
    whole = pcm[: pcm.size // size * size].reshape(-1, size).astype(np.float64) / FULL_SCALE
    power = np.mean(np.square(whole), axis=1)
    levels: Floats = 10 * np.log10(np.maximum(power, 1e-12))
    return levels


def dropouts(reference: Pcm, heard: Pcm) -> list[Gap]:
    """Runs where active speech is more than `DROP_DB` too quiet; both start at the same sample."""
    size = min(reference.size, heard.size)
    wanted, got = frame_levels(reference[:size]), frame_levels(heard[:size])
    missing = (wanted > ACTIVE_DB) & (got < wanted - DROP_DB)
    return [Gap(start * FRAME_MS / 1000, n * FRAME_MS) for start, n in runs(missing)]


def runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """(start, length) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def silent_share(pcm: Pcm) -> float:
    """The share (0 to 1) of frames below the level of active speech."""
    levels = frame_levels(pcm)
    return float(np.mean(levels <= ACTIVE_DB)) if levels.size else 1.0


def duration_s(pcm: Pcm) -> float:
    return pcm.size / RATE
