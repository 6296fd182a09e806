"""G.711 in numpy, written from the ITU's segment tables; independent of the product's engine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tests.audio.wav import Pcm

_BIAS = 0x84  # G.711's 33, in 16-bit scale
_ULAW_CLIP = 32635


def ulaw_encode(pcm: Pcm) -> bytes:
    """16-bit samples to mu-law octets as on the wire (all bits inverted)."""
    wide = pcm.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _ULAW_CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (segment + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    octets: npt.NDArray[np.uint8] = (~(sign | segment << 4 | mantissa) & 0xFF).astype(np.uint8)
    return octets.tobytes()


def ulaw_decode(octets: bytes) -> Pcm:
    code = ~np.frombuffer(octets, dtype=np.uint8).astype(np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + _BIAS) << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def alaw_encode(pcm: Pcm) -> bytes:
    """16-bit samples to A-law octets as on the wire (even bits inverted)."""
    wide = pcm.astype(np.int32)
    # One's complement of negative values keeps both halves symmetric: -1 and 0 share a magnitude.
    magnitude = np.where(wide < 0, ~wide, wide) >> 4
    # Segments 0 and 1 share the finest step; each later one doubles it.
    segment = np.where(magnitude < 16, 0, np.log2(np.maximum(magnitude, 16)).astype(np.int32) - 3)
    mantissa = (magnitude >> np.maximum(segment - 1, 0)) & 0x0F
    sign = np.where(wide < 0, 0, 0x80)
    octets: npt.NDArray[np.uint8] = ((sign | segment << 4 | mantissa) ^ 0x55).astype(np.uint8)
    return octets.tobytes()


def alaw_decode(octets: bytes) -> Pcm:
    code = np.frombuffer(octets, dtype=np.uint8).astype(np.int32) ^ 0x55
    segment = code >> 4 & 7
    mantissa = (code & 0x0F) << 4
    low = mantissa + 8
    high = (mantissa + 0x108) << np.maximum(segment - 1, 0)
    magnitude = np.where(segment == 0, low, high)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)
