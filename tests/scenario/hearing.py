"""Who heard whom: recordings of a call against what each side said."""

from __future__ import annotations

from pathlib import Path

from tests.audio.compare import Limits, compare
from tests.audio.wav import read_wav

# Peers pace their packets within 5-20 ms, and their jitter buffers cut: words and order count.
PACED = Limits(correlation=0.5, pesq=2.3, level_db=2, dropout_ms=200, slip_ms=60)
# linphone's jitter buffer slips when speech begins: correlation suffers, no word does.
LINPHONE = Limits(correlation=0.3, pesq=2.5, level_db=3, dropout_ms=300, slip_ms=200)


def assert_heard(said: Path, heard: Path, other: Path, limits: Limits = PACED) -> None:
    """`said` is in the recording `heard`, and what `other` holds is not."""
    recorded = read_wav(heard)
    verdict = compare(read_wav(said), recorded, limits)
    assert verdict.passed, (said.name, verdict.reasons)
    assert compare(read_wav(other), recorded, limits).correlation < verdict.correlation / 2
