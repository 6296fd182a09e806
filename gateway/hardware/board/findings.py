"""What can be wrong with the board, whatever hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.hardware.board.boot import is_raspberry, model
from gateway.hardware.board.power import power
from gateway.hardware.finding import Finding


def board(root: Path = Path("/")) -> Iterator[Finding]:
    """Which one it is, and its supply."""
    name = model(root)
    if name is None:
        yield Finding("ok", "board", "no Raspberry Pi: a machine without a device tree")
    elif not is_raspberry(name):
        yield Finding("ok", "board", f"no Raspberry Pi: {name}")
    else:
        yield Finding("ok", "board", name)
        yield from power(root)
