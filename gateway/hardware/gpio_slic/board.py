"""Pins that the board itself uses: its buses and its console, as far as they are switched on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

# What shows that a bus is on -> its name, how to switch it off, and its pins.
_BUSES: Final = (
    ("dev/i2c-1", "I2C (switch it off: dtparam=i2c_arm=off in config.txt)", (2, 3)),
    ("dev/spidev0.0", "SPI (switch it off: dtparam=spi=off in config.txt)", (7, 8, 9, 10, 11)),
)
_UART: Final = "the serial console (take console=serial0 or ttyAMA0 out of cmdline.txt)"
_UARTS: Final = ("console=serial0", "console=ttyAMA0", "console=ttyS0", "console=ttyAMA10")


def pins_in_use(root: Path = Path("/")) -> Mapping[int, str]:
    """BCM number to what uses it; empty on a machine that is no Pi."""
    if not (root / "proc/device-tree/model").exists():
        return {}
    used = {pin: text for path, text, pins in _BUSES if (root / path).exists() for pin in pins}
    try:
        command_line = (root / "proc/cmdline").read_text(encoding="ascii", errors="replace")
    except OSError:
        command_line = ""
    if any(word.startswith(_UARTS) for word in command_line.split()):
        used |= {14: _UART, 15: _UART}
    return used
