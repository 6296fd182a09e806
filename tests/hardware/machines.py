"""Machines as trees of files: what the kernel and the firmware would show of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.hardware.finding import Finding

PI4 = "Raspberry Pi 4 Model B Rev 1.5"
MODEL = "proc/device-tree/model"
CONFIG = "boot/firmware/config.txt"
COMMAND_LINE = "proc/cmdline"

Files = Mapping[str, str]


def machine(root: Path, files: Files) -> Path:
    """`root` with these files; their folders are made."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def pi(model: str = PI4, **more: str) -> dict[str, str]:
    """A board of that name; `config` is its config.txt, `words` the kernel's command line."""
    files = {MODEL: f"{model}\0"}
    names = {"config": CONFIG, "words": COMMAND_LINE}
    return files | {names[key]: text for key, text in more.items()}


def check_findings(found: list[Finding], said: list[str]) -> None:
    """`said`: patterns of "level subject: text -> fix", in order. What is wrong can be mended."""
    lines = [f"{each.level} {each.subject}: {each.text} -> {each.fix}" for each in found]
    assert len(lines) == len(said), lines
    for line, pattern in zip(lines, said, strict=True):
        assert re.match(pattern, line), line
    for each in found:
        assert (each.fix != "") is (each.level != "ok"), each
