"""The board's pins over the RPi.GPIO API, as rpi-lgpio provides it. No other module imports it.

The classic RPi.GPIO cannot see edges on Linux 6.6 and newer and does not run on a Pi 5; both
install the same module, so which one is there is asked of the package list. Off a Pi,
RPI_LGPIO_REVISION makes the import work and RPI_LGPIO_CHIP selects the chip.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from gateway.errors import HardwareError

_INSTALL: Final = 'install it with: pip install "tipring[gpio]"'
_OLDEST: Final = {"rpi-lgpio": (0, 6), "lgpio": (0, 2, 2)}


class RpiGpio:
    """A Gpio. One a process: the library keeps its chip in its module."""

    def __init__(self) -> None:
        """Raises HardwareError when there is no library, no board or no right to it."""
        _check_versions()
        self._library = _load()
        self._open = True
        with _refusal("the pins of the board cannot be opened"):
            self._library.setwarnings(False)
            self._library.setmode(self._library.BCM)

    def make_input(self, pin: int) -> None:
        """Float."""
        with _refusal(f"pin BCM {pin}"):
            self._library.setup(pin, self._library.IN, pull_up_down=self._library.PUD_OFF)

    def make_output(self, pin: int, level: bool) -> None:
        """Drive."""
        with _refusal(f"pin BCM {pin}"):
            self._library.setup(pin, self._library.OUT, initial=int(level))

    def read(self, pin: int) -> bool:
        """The present level."""
        with _refusal(f"pin BCM {pin}"):
            return bool(self._library.input(pin))

    def write(self, pin: int, level: bool) -> None:
        """Set the level."""
        with _refusal(f"pin BCM {pin}"):
            self._library.output(pin, int(level))

    def watch(self, pin: int, edge: Callable[[int], None]) -> None:
        """Without a bouncetime: here it would mean "stable for", and lose fast digits."""
        with _refusal(f"pin BCM {pin}"):
            self._library.add_event_detect(pin, self._library.BOTH, callback=edge)

    def close(self) -> None:
        """Pins become inputs."""
        if self._open:
            self._open = False
            with _refusal("the pins of the board"):
                self._library.cleanup()


def _load() -> Any:
    """Import it in a folder of its own.

    lgpio makes a named pipe in $LG_WD and stays in that folder; the name is the same in every
    process, and a pipe that two lines share gives the edges of one to the other. Once open it needs
    no name, so the folder goes away again.
    """
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="tipring-gpio-") as folder:
        os.environ["LG_WD"] = folder
        try:
            return import_module("RPi.GPIO")
        except (RuntimeError, NotImplementedError) as error:
            raise HardwareError(
                f"{error} Lines with driver gpio need one; elsewhere use driver simulated"
            ) from None
        except ImportError as error:
            raise HardwareError(f"the GPIO library does not load ({error}); {_INSTALL}") from None
        finally:
            os.chdir(before)


def _check_versions() -> None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - it is large

    for name, oldest in _OLDEST.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            raise HardwareError(f"the GPIO library {name} is not installed; {_INSTALL}") from None
        if tuple(int(part) for part in found.split(".") if part.isdecimal()) < oldest:
            wanted = ".".join(map(str, oldest))
            raise HardwareError(
                f"the GPIO library {name} {found} is too old, {wanted} is needed; {_INSTALL}"
            )


@contextmanager
def _refusal(what: str) -> Iterator[None]:
    """The library raises RuntimeError, and lgpio an error that derives from Exception alone."""
    try:
        yield
    except HardwareError:
        raise
    except Exception as error:
        raise HardwareError(f"{what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    text = str(error).strip("'")
    if "busy" in text.lower():
        return "another program uses it; gpioinfo names that program"
    if "can not open gpiochip" in text:
        if not any(Path("/dev").glob("gpiochip*")):
            return "there is no /dev/gpiochip*; lines with driver gpio need a Raspberry Pi"
        return (
            "permission denied, or another number is needed; the service's user has to be in the"
            " group gpio, and /dev/gpiochip* needs the udev rule that comes with tipring"
        )
    return text
