"""G.711 as the engine computes it (ITU-T G.711, both laws)."""

from __future__ import annotations

from typing import Literal

from gateway.media.lib import ffi, lib
from gateway.media.port import SAMPLE_BYTES

_LAWS = {"mu": 0, "a": 8}  # named by their RTP payload types


def decode(law: Literal["mu", "a"], octets: bytes) -> bytes:
    """16-bit native-endian samples, one an octet."""
    pcm = bytearray(len(octets) * SAMPLE_BYTES)
    lib.tr_g711_decode(
        _LAWS[law],
        ffi.from_buffer("uint8_t[]", octets),
        ffi.from_buffer("int16_t[]", pcm),
        len(octets),
    )
    return bytes(pcm)
