"""The picture of the live phone, and what its keys mean."""

from __future__ import annotations

import copy
import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gateway.errors import SystemRefusal
from gateway.service.views.phone import Gesture, gesture_for, phone_view
from tests.service.control_harness import STATUS, FakeService, serving


def picture(line: str, status: dict[str, Any] = STATUS, frame: int = 0, **more: Any) -> str:
    console = Console(width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(phone_view(status, line, frame, **more))
    return capture.get()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("phone1", ["off-hook", "answered", "received 498", "lost 2", "jitter 1.2 ms"]),
        ("phone1", ["heard 34#", "dialled 12", "q quit"]),
        ("phone2", ["RING", "no call"]),
    ],
)
def test_what_is_shown(line: str, words: list[str]) -> None:
    shown = picture(line)
    assert [word for word in words if word not in shown] == []
    assert "\x1b[2J" not in shown


def test_a_ringing_bell_moves() -> None:
    assert len({picture("phone2", frame=frame) for frame in range(12)}) == 2


def test_what_the_service_refused_is_shown() -> None:
    assert "the handset is up" in picture("phone1", notes=["the handset is up"])


def test_a_call_without_the_extras_is_shown() -> None:
    status = copy.deepcopy(STATUS)
    for key in ("from", "to", "digits"):
        del status["calls"][0][key]
    assert "heard -" in picture("phone1", status)


def test_a_line_that_is_not_there() -> None:
    with pytest.raises(SystemRefusal, match="the lines are: phone1, phone2, phone3"):
        picture("phone4")


@pytest.mark.parametrize(
    ("key", "gesture"),
    [
        ("l", ("handset.off-hook", {})),
        ("h", ("handset.on-hook", {})),
        ("f", ("handset.flash", {})),
        ("5", ("handset.dial", {"digits": "5"})),
        ("*", ("handset.dial", {"digits": "*"})),
        ("#", ("handset.dial", {"digits": "#"})),
        ("x", None),
        ("", None),
        ("\x1b", None),
    ],
)
def test_keys(key: str, gesture: Gesture | None) -> None:
    assert gesture_for(key) == gesture


def test_keys_of_a_real_terminal_reach_the_service(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    fake = FakeService()
    with serving(path, fake.handlers()):
        keyboard, terminal = pty.openpty()
        code = "import sys; from gateway.service.cli import main; sys.exit(main())"
        view = subprocess.Popen(
            [sys.executable, "-c", code, "phone", "phone1", "--socket", str(path)],
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.getcwd(), "TERM": "xterm"},
        )
        os.close(terminal)
        shown = b""
        while b"quit" not in shown:  # keys typed before that would go to a cooked terminal
            shown += read(keyboard)
        os.write(keyboard, b"l5hq")
        while read(keyboard):
            pass
        assert view.wait(10) == 0
        assert view.stderr is not None
        assert view.stderr.read() == b""
        view.stderr.close()
        os.close(keyboard)
    gestures = [each["command"] for each in fake.asked if each["command"] != "status"]
    assert gestures == ["handset.off-hook", "handset.dial", "handset.on-hook"]


def read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], 10)
    assert ready, "the view is silent"
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""  # Linux: the other side of the terminal is closed
