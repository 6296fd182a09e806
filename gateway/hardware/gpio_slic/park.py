"""Parks the pins of lines whose process is gone: `tipring park`, which systemd runs at each end.

A process that works a line leaves a note of its wiring in the service's runtime folder, and takes
it away once it has parked the line itself. What lies there after the service has ended is what
nobody parked. The configuration is not asked: it may have been changed since.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gateway.errors import HardwareError
from gateway.hardware.gpio_slic.chip import Gpio
from gateway.hardware.gpio_slic.ring_plan import PARK_NS
from gateway.hardware.gpio_slic.rpi_gpio import RpiGpio
from gateway.hardware.gpio_slic.wiring import Wiring

_SUFFIX: Final = ".pins"


def park(gpio: Gpio, wiring: Wiring, pause: Callable[[float], object]) -> None:
    """F/R to its rest, more than 10 ms, RM low; both are outputs afterwards."""
    gpio.make_output(wiring.pins.fr, wiring.fr_rest)
    pause(PARK_NS / 1e9)
    gpio.make_output(wiring.pins.rm, False)


class Note:
    """The note of one line; nothing where there is no runtime folder."""

    def __init__(self, line: str, environ: Mapping[str, str] = os.environ) -> None:
        folder = _folder(environ)
        self._path = None if folder is None else folder / f"{line}{_SUFFIX}"

    def leave(self, wiring: Wiring) -> None:
        """From now on somebody has to park these pins."""
        if self._path is not None:
            self._path.write_text(f"{wiring}\n", encoding="ascii")

    def take_away(self) -> None:
        """They are parked."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def park_noted(
    folder: Path, chip: Callable[[], Gpio], pause: Callable[[float], object] = time.sleep
) -> None:
    """Park every line that has a note in `folder`, and take the notes away. HardwareError."""
    notes = sorted(folder.glob(f"*{_SUFFIX}"))
    if not notes:
        return
    gpio = chip()
    for note in notes:
        park(gpio, Wiring.from_text(note.read_text(encoding="ascii")), pause)
        note.unlink()
    gpio.close()


def main() -> int:
    """Exit code 0 when nothing rings, 1 when a pin could not be had."""
    folder = _folder(os.environ)
    try:
        if folder is not None:
            park_noted(folder, RpiGpio)
    except (HardwareError, ValueError) as error:
        print(f"tipring: {error}", file=sys.stderr)
        return 1
    return 0


def _folder(environ: Mapping[str, str]) -> Path | None:
    """systemd's RuntimeDirectory=; the first, when there are several."""
    text = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(text) if text else None
