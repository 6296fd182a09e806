"""The engine's G.711 against an implementation made from the Recommendation's tables alone."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.lib import ffi, lib
from tests.media import itu_g711

LAWS = pytest.mark.parametrize("law", [itu_g711.MU, itu_g711.A], ids=["mu", "A"])


@LAWS
def test_all_samples_encode_bit_exactly(law: int) -> None:
    pcm = np.arange(-32768, 32768, dtype=np.int16).tobytes()
    out = bytearray(65536)
    lib.tr_g711_encode(law, ffi.from_buffer("int16_t[]", pcm), ffi.from_buffer(out), 65536)
    assert bytes(out) == itu_g711.encode(law, pcm)


@LAWS
def test_all_codewords_decode_bit_exactly(law: int) -> None:
    octets = bytes(range(256))
    out = bytearray(512)
    lib.tr_g711_decode(law, ffi.from_buffer(octets), ffi.from_buffer("int16_t[]", out), 256)
    assert bytes(out) == itu_g711.decode(law, octets)


def test_the_tables_of_the_recommendation_are_what_we_think() -> None:
    # Table 2a: x_127 = 7,903, x_1 = 1, y_127 = 8,031; table 1a: x_127 = 3,968, y_128 = 4,032.
    assert itu_g711.decision_values(itu_g711.MU)[0] == 1 * 4
    assert itu_g711.decision_values(itu_g711.MU)[-1] == 7903 * 4
    assert itu_g711.output_values(itu_g711.MU)[0x80] == 8031 * 4
    assert itu_g711.decision_values(itu_g711.A)[-1] == 3968 * 8
    assert itu_g711.output_values(itu_g711.A)[0xAA] == 4032 * 8
