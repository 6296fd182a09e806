"""What the board was told at boot: its model, config.txt and the kernel's command line.

Of config.txt (https://www.raspberrypi.com/documentation/computers/config_txt.html) the overlays and
parameters that apply to this model. A filter that is not known here applies to nothing: what is
not sure is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAKER: Final = "Raspberry Pi"
CONFIG: Final = ("boot/firmware/config.txt", "boot/config.txt")
# Filter -> how the names of its models go on after "Raspberry Pi ".
_FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "all": ("",),
    "pi0": ("Zero",),
    "pi02": ("Zero 2",),
    "pi2": ("2",),
    "pi3": ("3", "Compute Module 3"),
    "pi3+": ("3 Model A Plus", "3 Model B Plus"),
    "pi4": ("4", "Compute Module 4"),
    "pi400": ("400",),
    "pi5": ("5", "Compute Module 5"),
}


@dataclass(frozen=True, slots=True)
class Overlay:
    """One dtoverlay= with its parameters; a parameter without a value has ""."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def model(root: Path = Path("/")) -> str | None:
    """What the firmware calls the board; None on a machine that has no device tree."""
    text = _read(root / "proc/device-tree/model").rstrip("\0\n")
    return text or None


def is_raspberry(name: str | None) -> bool:
    """Whether the model is one of Raspberry Pi's."""
    return name is not None and name.startswith(MAKER)


def command_line(root: Path = Path("/")) -> list[str]:
    """The kernel's, word by word."""
    return _read(root / "proc/cmdline").split()


def overlays(root: Path = Path("/")) -> list[Overlay]:
    """Those of config.txt, in order."""
    name = (model(root) or "").removeprefix(MAKER).strip()
    found: list[Overlay] = []
    applies = True
    for line in _config(root):
        if line.startswith("["):
            begins = _FILTERS.get(line.strip("[]").lower(), ())
            applies = any(name.startswith(begin) for begin in begins)
        elif applies and line.startswith("dtoverlay="):
            what, *words = line.removeprefix("dtoverlay=").split(",")
            found.append(Overlay(what.strip(), _parameters(words)))
        elif applies and line.startswith("dtparam=") and found:
            # For the overlay before it, as far as that has such a parameter.
            more = _parameters(line.removeprefix("dtparam=").split(","))
            found[-1] = Overlay(found[-1].name, {**found[-1].parameters, **more})
    return [each for each in found if each.name]


def _parameters(words: list[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _config(root: Path) -> list[str]:
    for path in CONFIG:
        text = _read(root / path)
        if text:
            return [line.partition("#")[0].strip() for line in text.splitlines()]
    return []


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
