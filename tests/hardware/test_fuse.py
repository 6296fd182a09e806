"""The timer of the kernel that ends a process which cannot end anything itself: in real time."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from gateway.hardware.gpio_slic.fuse import FUSE_S
from gateway.hardware.ring_duty import LONGEST_BURST_NS
from tests.architecture.imports import ROOT

HEAD = (
    "import os, signal, time; from gateway.hardware.gpio_slic.fuse import Fuse; fuse = Fuse(0.1);"
)
STAND_STILL = "os.kill(os.getpid(), signal.SIGSTOP)"

ENDS = [
    ("stopped", f"fuse.burn(True); {STAND_STILL}", -signal.SIGKILL),
    ("asleep", "fuse.burn(True); time.sleep(60)", -signal.SIGKILL),
    ("begun anew", f"fuse.burn(True); fuse.burn(True); {STAND_STILL}", -signal.SIGKILL),
    ("out", "fuse.burn(True); fuse.burn(False); time.sleep(0.2)", 0),
    ("never lit", "time.sleep(0.2)", 0),
]


@pytest.mark.parametrize(("script", "status"), [r[1:] for r in ENDS], ids=[r[0] for r in ENDS])
def test_the_end_of_a_process(script: str, status: int) -> None:
    done = subprocess.run([sys.executable, "-c", HEAD + script], cwd=ROOT, timeout=20, check=False)
    assert done.returncode == status


def test_no_burst_that_is_allowed_is_cut_short() -> None:
    assert LONGEST_BURST_NS / 1e9 < FUSE_S < 2.5
