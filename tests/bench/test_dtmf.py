"""The judge of key tones reads made-up tones right."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench import dtmf
from tests.bench.far_end import Key, random_keys


def sound(keys: list[Key], noise: float = 0.0) -> dtmf.Samples:
    """Tones and gaps of these keys."""
    rng = np.random.default_rng(4)
    parts = [np.zeros(800)]
    for key in keys:
        row = next(r for r, text in enumerate(dtmf.KEYS) if key.digit in text)
        times = np.arange(key.on_ms * 8) / dtmf.RATE
        high = dtmf.COLUMNS[dtmf.KEYS[row].index(key.digit)]
        tone = np.sin(2 * np.pi * dtmf.ROWS[row] * times) + np.sin(2 * np.pi * high * times)
        parts += [4000 * tone, np.zeros(key.off_ms * 8)]
    whole = np.concatenate([*parts, np.zeros(800)])
    return whole + noise * rng.standard_normal(len(whole))


@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_each_key(digit: str) -> None:
    assert dtmf.keys(sound([Key(digit, 50, 50)])) == digit


@pytest.mark.parametrize("gap", [40, 45, 50, 63])
@pytest.mark.parametrize("on_ms", [40, 50, 57])
def test_a_repeated_key_counts_twice(on_ms: int, gap: int) -> None:
    assert dtmf.keys(sound([Key("5", on_ms, gap)] * 20)) == "5" * 20


@pytest.mark.parametrize("noise", [0.0, 100.0])
def test_random_keys(noise: float) -> None:
    keys = random_keys(200, seed=9)
    assert dtmf.keys(sound(keys, noise)) == "".join(key.digit for key in keys)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(8000), np.full(8000, 3000.0)])
def test_no_key(samples: dtmf.Samples) -> None:
    assert dtmf.keys(samples) == ""


def test_noise_is_no_key() -> None:
    assert dtmf.keys(np.random.default_rng(1).standard_normal(80_000) * 2000) == ""
