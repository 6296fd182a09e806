"""G.711 of the judge against values of the ITU's tables."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

ULAW = [(0x00, -32124), (0x80, 32124), (0xFF, 0), (0x7F, 0), (0xFE, 8), (0xEF, 132), (0x8F, 16764)]
ALAW = [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0xC5, 264), (0xF5, 528)]


@pytest.mark.parametrize(("octet", "sample"), ULAW)
def test_ulaw_table(octet: int, sample: int) -> None:
    assert ulaw_decode(bytes([octet])).tolist() == [sample]


@pytest.mark.parametrize(("octet", "sample"), ALAW)
def test_alaw_table(octet: int, sample: int) -> None:
    assert alaw_decode(bytes([octet])).tolist() == [sample]


def test_codes_survive_a_round_trip() -> None:
    octets = bytes(range(256))
    # Mu-law has two zeros: 0x7F, negative zero, comes back as the positive one.
    assert ulaw_encode(ulaw_decode(octets)) == octets.replace(b"\x7f", b"\xff")
    assert alaw_encode(alaw_decode(octets)) == octets


@pytest.mark.parametrize("law", ["mu", "A"])
def test_error_stays_within_a_step(law: str) -> None:
    pcm = np.arange(-32000, 32000, 7).astype(np.int16)
    encode, decode = (ulaw_encode, ulaw_decode) if law == "mu" else (alaw_encode, alaw_decode)
    error = np.abs(decode(encode(pcm)).astype(np.int32) - pcm)
    assert np.all(error <= np.maximum(np.abs(pcm.astype(np.int32)) // 16, 16))
