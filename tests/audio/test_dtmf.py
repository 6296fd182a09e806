"""The DTMF judge: every key, Q.24's limits, and no digits in speech."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.damage import through_g711
from tests.audio.dtmf import KEYS, digits_of, heard_digits, tone
from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import Pcm, samples


def pause(ms: float) -> Pcm:
    return np.zeros(samples(ms), dtype=np.int16)


def dialled(digits: str, on_ms: float = 60, off_ms: float = 60, **how: float) -> Pcm:
    parts = [pause(100)]
    for digit in digits:
        parts += [tone(digit, on_ms, **how), pause(off_ms)]
    return np.concatenate(parts)


ACCEPTED: list[tuple[str, dict[str, float]]] = [
    ("plain", {}),
    ("Q.24's shortest", {"on_ms": 40, "off_ms": 40}),
    ("long", {"on_ms": 400, "off_ms": 100}),
    ("soft", {"level_db": -35}),
    ("1.8 % high", {"detune": 0.018}),
    ("1.8 % low", {"detune": -0.018}),
]


@pytest.mark.parametrize(("name", "how"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_every_key_is_heard(name: str, how: dict[str, float]) -> None:
    digits = KEYS + "11" + "00" + "##"
    assert digits_of(through_g711(dialled(digits, **how))) == digits


REFUSED: list[tuple[str, dict[str, float]]] = [
    ("23 ms", {"on_ms": 23}),
    ("3.5 % high", {"detune": 0.035}),
    ("3.5 % low", {"detune": -0.035}),
    ("too soft", {"level_db": -60}),
]


@pytest.mark.parametrize(("name", "how"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_digit(name: str, how: dict[str, float]) -> None:
    assert digits_of(dialled(KEYS, **how)) == ""


def test_a_hole_of_8_ms_does_not_split() -> None:
    pcm = dialled("5", on_ms=100)
    pcm[samples(140) : samples(148)] = 0
    assert digits_of(pcm) == "5"


def test_times_are_measured() -> None:
    found = heard_digits(np.concatenate((pause(1000), tone("7", 120), pause(200))))
    assert [digit.digit for digit in found] == ["7"]
    assert found[0].start_s == pytest.approx(1.0, abs=0.006)
    assert found[0].duration_ms == pytest.approx(120, abs=8)


@pytest.mark.parametrize("who", ["caller", "phone"])
def test_speech_holds_no_digits(who: str) -> None:
    try:
        assert digits_of(utterance(who, 30)) == ""
    except NoSpeechError as missing:
        pytest.skip(str(missing))


def test_digits_are_heard_between_speech() -> None:
    try:
        speech = utterance("phone", 2)
    except NoSpeechError as missing:
        pytest.skip(str(missing))
    assert digits_of(np.concatenate((speech, dialled("159#"), speech))) == "159#"
