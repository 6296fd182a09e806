"""Whether the supply holds, and whether the processor stays cool: what the firmware measures.

Raspberry Pi's kernel has the firmware's word as a file (what `vcgencmd get_throttled` shows); other
kernels have the alarm of the rpi_volt sensor alone, which is about the last two seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.hardware.finding import Finding

# Bits of the word: now, and since the board was switched on (16 above).
_UNDER_VOLTAGE: Final = 1 << 0
_SLOWED: Final = 1 << 1 | 1 << 2 | 1 << 3  # frequency capped, throttled, soft temperature limit
_SINCE_BOOT: Final = 16
_SUPPLY: Final = (
    "use a supply of 5 V / 3 A with a short cable of its own: ringing draws up to 0.5 A in bursts"
)
_COOL: Final = "give the board air or a heat sink"
_WORDS: Final = ("soc*/*firmware*/get_throttled", "*firmware*/get_throttled")


def power(root: Path = Path("/")) -> Iterator[Finding]:
    """Nothing on a board that does not tell."""
    word = _throttled(root)
    if word is None:
        return
    now, since_boot = word, word >> _SINCE_BOOT
    if now & _UNDER_VOLTAGE:
        yield Finding("failure", "power", "the supply's voltage is too low now", _SUPPLY)
    elif since_boot & _UNDER_VOLTAGE:
        text = "the supply's voltage has been too low since the board was switched on"
        yield Finding("warning", "power", text, _SUPPLY)
    else:
        yield Finding("ok", "power", "the supply holds")
    if _is_hot(now):
        yield Finding("warning", "temperature", "the processor is slowed down: too hot", _COOL)
    elif _is_hot(since_boot):
        text = "the processor was slowed down since the board was switched on: too hot"
        yield Finding("warning", "temperature", text, _COOL)


def _is_hot(bits: int) -> bool:
    """Too low a voltage slows the processor down as well."""
    return bool(bits & _SLOWED) and not bits & _UNDER_VOLTAGE


def _throttled(root: Path) -> int | None:
    devices = root / "sys/devices/platform"
    for pattern in _WORDS:
        for path in devices.glob(pattern):
            return int(path.read_text(encoding="ascii"), 16)
    for sensor in (root / "sys/class/hwmon").glob("hwmon*"):
        if (sensor / "name").read_text(encoding="utf-8").strip() == "rpi_volt":
            alarm = (sensor / "in0_lcrit_alarm").read_text(encoding="ascii")
            return _UNDER_VOLTAGE if alarm.strip() == "1" else 0
    return None
