"""The demonstration as its users start it: good, and spoilt in every way it offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.audio.speech import NoSpeechError, utterance
from tests.demo.breaks import BREAKS

pytestmark = [pytest.mark.peer, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _speech() -> None:
    try:
        utterance("caller", 1)
    except NoSpeechError as missing:
        pytest.skip(str(missing))


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.demo", "--no-color", *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
    )


def failures(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("FAILED  ")]


def test_a_good_call(tmp_path: Path) -> None:
    shown = demo("--output", str(tmp_path))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert failures(shown.stdout) == []
    for name in ("phone-heard.wav", "heard.wav", "call.png"):
        assert str(tmp_path / name) in shown.stdout
        assert (tmp_path / name).stat().st_size > 10_000
    for word in ("ringing", "lifts the handset", "jitter", "presses 1", "PESQ", "lag"):
        assert word in shown.stdout


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_spoilt_call_is_found(tmp_path: Path, name: str) -> None:
    shown = demo("--output", str(tmp_path), "--seconds", "4", "--break", name)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    found = failures(shown.stdout)
    assert any(BREAKS[name].found_by in line for line in found), shown.stdout
