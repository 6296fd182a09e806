"""Pins that the board itself uses: its buses, its sound and its console, as far as they are on.

Sound by the headphone jack (dtparam=audio=on) uses the pulse width modulators on pins that no
header has (BCM 40, 41, 45): only audremap and pwm bring them to the header. Sources: README of the
overlays, https://github.com/raspberrypi/firmware/blob/master/boot/overlays/README.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from gateway.hardware.board.boot import command_line, model, overlays

# What shows that a bus is on -> its name, how to switch it off, and its pins.
_BUSES: Final = (
    ("dev/i2c-1", "I2C (switch it off: dtparam=i2c_arm=off in config.txt)", (2, 3)),
    ("dev/spidev0.0", "SPI (switch it off: dtparam=spi=off in config.txt)", (7, 8, 9, 10, 11)),
)
_I2S: Final = "I2S sound (take its dtoverlay=, or dtparam=i2s=on, out of config.txt)"
_UART: Final = "the serial console (take console=serial0 or ttyAMA0 out of cmdline.txt)"
_UARTS: Final = ("console=serial0", "console=ttyAMA0", "console=ttyS0", "console=ttyAMA10")


def pins_in_use(root: Path = Path("/")) -> Mapping[int, str]:
    """BCM number to what uses it; empty on a machine that is no Pi."""
    if model(root) is None:
        return {}
    used = {pin: text for path, text, pins in _BUSES if (root / path).exists() for pin in pins}
    if _i2s_is_on(root):
        used |= dict.fromkeys((18, 19, 20, 21), _I2S)
    for overlay in overlays(root):
        take = _OVERLAYS.get(overlay.name)
        if take is not None:
            text = f"dtoverlay={overlay.name} (take it out of config.txt)"
            used |= dict.fromkeys(take(overlay.parameters), text)
    if any(word.startswith(_UARTS) for word in command_line(root)):
        used |= {14: _UART, 15: _UART}
    return used


def _i2s_is_on(root: Path) -> bool:
    """The device tree says so, whichever of many overlays asked for it."""
    for status in (root / "proc/device-tree").glob("soc*/i2s@*/status"):
        if status.read_text(encoding="ascii", errors="replace").startswith("ok"):
            return True
    return False


_Parameters: TypeAlias = Mapping[str, str]


def _audremap(parameters: _Parameters) -> Iterator[int]:
    yield from (18, 19) if "pins_18_19" in parameters else (12, 13)


def _pwm(parameters: _Parameters) -> Iterator[int]:
    yield _number(parameters.get("pin", ""), 18)


def _pwm_2chan(parameters: _Parameters) -> Iterator[int]:
    yield from _pwm(parameters)
    yield _number(parameters.get("pin2", ""), 19)


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default


_OVERLAYS: Final[Mapping[str, Callable[[_Parameters], Iterator[int]]]] = {
    "audremap": _audremap,
    "audremap-pi5": _audremap,
    "pwm": _pwm,
    "pwm-2chan": _pwm_2chan,
}
