"""The judge is judged: a clean path passes, and each kind of damage is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.audio import damage
from tests.audio.compare import Limits, compare
from tests.audio.speech import NoSpeechError, utterance
from tests.audio.wav import Pcm, samples

LIMITS = Limits(lag_ms=(0, 200))
LEAD_MS = 500  # silence before the speech in every recording


@pytest.fixture(scope="module")
def spoken() -> dict[str, Pcm]:
    try:
        return {who: utterance(who) for who in ("caller", "phone")}
    except NoSpeechError as missing:
        pytest.skip(str(missing))


def recording(pcm: Pcm) -> Pcm:
    return np.pad(pcm, (samples(LEAD_MS), samples(700)))


CLEAN: list[tuple[str, Callable[[Pcm], Pcm]]] = [
    ("untouched", lambda pcm: pcm),
    ("through G.711", damage.through_g711),
    ("through G.711, 60 ms later", lambda pcm: damage.delayed(damage.through_g711(pcm), 60)),
]


@pytest.mark.parametrize(("name", "path"), CLEAN, ids=[row[0] for row in CLEAN])
def test_clean_speech_passes(spoken: dict[str, Pcm], name: str, path: Callable[[Pcm], Pcm]) -> None:
    for sent in spoken.values():
        verdict = compare(sent, recording(path(sent)), LIMITS, expected_offset=samples(LEAD_MS))
        assert verdict.passed, verdict.reasons


DAMAGED: list[tuple[str, Callable[[Pcm], Pcm], str]] = [
    ("muted", damage.muted, "aligned"),
    ("delayed", lambda pcm: damage.delayed(pcm, 400), "lag"),
    ("half lost", damage.half_lost, "drop-outs"),
    ("one packet in 50 lost", lambda pcm: damage.packets_lost(pcm, 50), "drop-outs"),
    ("wrong law", damage.wrong_law, "PESQ"),
    ("6 dB louder", lambda pcm: damage.louder(pcm, 6), "level"),
    ("12 dB softer", lambda pcm: damage.louder(pcm, -12), "level"),
    ("60 ms cut out", lambda pcm: damage.slipped(pcm, 60), "slip"),
]


@pytest.mark.parametrize(("name", "path", "check"), DAMAGED, ids=[row[0] for row in DAMAGED])
def test_damage_is_named(
    spoken: dict[str, Pcm], name: str, path: Callable[[Pcm], Pcm], check: str
) -> None:
    for sent in spoken.values():
        verdict = compare(sent, recording(path(sent)), LIMITS, expected_offset=samples(LEAD_MS))
        assert not verdict.passed
        assert any(reason.startswith(check) for reason in verdict.reasons), verdict.reasons


def test_swapped_directions_are_found(spoken: dict[str, Pcm]) -> None:
    caller, phone = spoken["caller"], spoken["phone"]
    for sent, heard in ((caller, phone), (phone, caller)):
        verdict = compare(sent, recording(heard), LIMITS, expected_offset=samples(LEAD_MS))
        assert verdict.correlation < 0.3, verdict
        assert any(reason.startswith("aligned") for reason in verdict.reasons)


def test_an_empty_recording_fails(spoken: dict[str, Pcm]) -> None:
    verdict = compare(spoken["caller"], np.zeros(0, dtype=np.int16))
    assert not verdict.passed
    assert verdict.pesq == 1.0
