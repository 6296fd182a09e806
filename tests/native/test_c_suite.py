"""The engine's C tests, under sanitizers, and a short fuzz of its parsers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).resolve().parents[2] / "native"

pytestmark = pytest.mark.skipif(
    shutil.which("make") is None or shutil.which("cc") is None, reason="no C compiler here"
)


def make(*arguments: str) -> None:
    done = subprocess.run(
        ["make", "-C", str(NATIVE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_units_pass_under_address_and_undefined_behaviour_sanitizers() -> None:
    make("test")


def test_parsers_survive_a_short_fuzz() -> None:
    make("fuzz", "SECONDS=3")


@pytest.mark.slow
def test_threads_pass_under_the_thread_sanitizer() -> None:
    make("tsan")


@pytest.mark.slow
def test_parsers_survive_a_minute_of_fuzz() -> None:
    make("fuzz", "SECONDS=20")
