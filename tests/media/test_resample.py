"""Sound files of any rate become 8,000 Hz."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LocalProtocolError
from gateway.media.resample import Resampler, resample
from tests.media.signals import from_bytes, level_of


def sine(hz: float, rate: int, samples: int) -> bytes:
    wave = 10000 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)
    return bytes(np.rint(wave).astype(np.int16).tobytes())


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("hz", [300, 1000, 3300])
def test_the_band_of_telephony_is_kept(rate: int, hz: int) -> None:
    pcm = from_bytes(resample(sine(hz, rate, rate), rate))
    assert len(pcm) == 8000
    assert level_of(pcm[400:7600], hz) == pytest.approx(20 * np.log10(10000 / 22656), abs=0.1)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_what_would_alias_is_gone(rate: int) -> None:
    pcm = from_bytes(resample(sine(5000, rate, rate), rate))
    assert np.abs(pcm[400:7600]).max() <= 2


@given(st.lists(st.integers(0, 700), max_size=12), st.sampled_from([8000, 11025, 22050, 44100]))
def test_pieces_make_no_difference(sizes: list[int], rate: int) -> None:
    whole = np.random.default_rng(1).integers(-20000, 20000, sum(sizes)).astype(np.int16)
    resampler, at, out = Resampler(rate), 0, b""
    for size in sizes:
        out += resampler.feed(whole[at : at + size].tobytes())
        at += size
    out += resampler.flush()
    other = Resampler(rate)
    assert out == other.feed(whole.tobytes()) + other.flush()
    assert len(out) // 2 == -(-len(whole) * 8000 // rate)


@pytest.mark.parametrize("rate", [0, 999, 400000])
def test_silly_rates_are_refused(rate: int) -> None:
    with pytest.raises(LocalProtocolError):
        Resampler(rate)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        Resampler(16000).feed(b"abc")
