"""Why no service answers, as far as systemd and the journal know."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from gateway.service.journal_sinks import IDENTIFIER
from gateway.service.text import one_line

UNIT: Final = "tipring.service"
_PATIENCE_S: Final = 5.0
_SHOW: Final = ("systemctl", "show", UNIT, "--property=LoadState,ActiveState,SubState,Result")
_LAST_ERROR: Final = (
    *("journalctl", "--identifier", IDENTIFIER, "--priority", "err", "--lines", "1"),
    *("--output", "cat", "--no-pager", "--quiet"),
)

Run: TypeAlias = Callable[[Sequence[str]], str]
"""What a program prints; "" when there is no such program, or it fails."""


def run(arguments: Sequence[str]) -> str:
    """For a moment at most."""
    try:
        done = subprocess.run(  # noqa: S603 - programs of the system, named here
            arguments, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def why_silent(ask: Run = run) -> str:
    """In one sentence; "" where nobody knows."""
    told = dict(line.split("=", 1) for line in ask(_SHOW).splitlines() if "=" in line)
    if told.get("LoadState") != "loaded":
        return ""
    state = f"{told.get('ActiveState')}, {told.get('SubState')}"
    if told.get("Result", "success") == "success":
        return f"systemd: {state}"
    last = one_line(ask(_LAST_ERROR).strip())
    return f"systemd: {state}, {told['Result']}" + (f"; its last error: {last}" if last else "")
