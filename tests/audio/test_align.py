"""Alignment finds the place of a known signal, also where it begins before the recording."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.align import align, slips
from tests.audio.gaps import dropouts, runs
from tests.audio.wav import Pcm


def noise(size: int, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).normal(0, 3000, size).astype(np.int16)


@pytest.mark.parametrize("offset", [0, 1, 7, 160, 4001, -1, -900])
def test_offset_is_exact(offset: int) -> None:
    sent = noise(8000)
    if offset >= 0:
        recorded = np.concatenate((noise(offset, 2), sent, noise(3000, 3)))
    else:
        recorded = np.concatenate((sent[-offset:], noise(3000, 3)))
    assert align(sent, recorded).offset == offset


def test_other_noise_does_not_correlate() -> None:
    assert align(noise(8000), noise(20000, 9)).correlation < 0.1


def test_silence_has_no_correlation() -> None:
    assert align(noise(8000), np.zeros(9000, dtype=np.int16)).correlation == 0.0


def test_slips_show_the_step() -> None:
    sent = noise(8000 * 4)
    heard = np.concatenate((sent[: 8000 * 2], np.zeros(80, dtype=np.int16), sent[8000 * 2 :]))
    assert slips(sent, heard, 0) == [0.0, 0.0, 10.0, 10.0]


def test_dropouts_have_start_and_length() -> None:
    sent = noise(8000)
    heard = sent.copy()
    heard[1600:1920] = 0
    assert [(gap.start_s, gap.duration_ms) for gap in dropouts(sent, heard)] == [(0.2, 40)]


def test_runs() -> None:
    flags = np.array([True, False, True, True, False, True])
    assert runs(flags) == [(0, 1), (2, 2), (5, 1)]
