"""Ways to spoil a recording, so that the listening tools can be tested."""

from __future__ import annotations

import numpy as np

from tests.audio.g711 import alaw_decode, ulaw_decode, ulaw_encode
from tests.audio.wav import Pcm, samples


def through_g711(pcm: Pcm) -> Pcm:
    """What a clean call delivers."""
    return ulaw_decode(ulaw_encode(pcm))


def wrong_law(pcm: Pcm) -> Pcm:
    """Sent as mu-law, played as A-law."""
    return alaw_decode(ulaw_encode(pcm))


def muted(pcm: Pcm) -> Pcm:
    return np.zeros_like(pcm)


def delayed(pcm: Pcm, ms: float) -> Pcm:
    return np.concatenate((np.zeros(samples(ms), dtype=np.int16), pcm))


def half_lost(pcm: Pcm) -> Pcm:
    """The second half never came."""
    out = pcm.copy()
    out[pcm.size // 2 :] = 0
    return out


def packets_lost(pcm: Pcm, every: int) -> Pcm:
    """Each `every`-th packet of 20 ms replaced by silence."""
    out, size = pcm.copy(), samples(20)
    for start in range(size * (every - 1), pcm.size, size * every):
        out[start : start + size] = 0
    return out


def louder(pcm: Pcm, db: float) -> Pcm:
    gain = float(10 ** (db / 20))
    return np.clip(pcm.astype(np.float64) * gain, -32768, 32767).astype(np.int16)


def slipped(pcm: Pcm, ms: float) -> Pcm:
    """A piece of `ms` left out in the middle, as a jitter buffer that jumps would."""
    middle = pcm.size // 2
    return np.concatenate((pcm[:middle], pcm[middle + samples(ms) :]))
