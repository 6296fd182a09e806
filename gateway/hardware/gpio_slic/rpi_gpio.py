"""The board's pins over the RPi.GPIO API, as rpi-lgpio provides it. No other module imports it.

Only edges are read otherwise (`edges.py`). Off a Pi, RPI_LGPIO_REVISION makes the import work and
RPI_LGPIO_CHIP selects the chip.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from gateway.errors import HardwareError
from gateway.hardware.finding import FoundFaulty
from gateway.hardware.gpio_slic.chip import Edge
from gateway.hardware.gpio_slic.edges import KernelEdges
from gateway.hardware.gpio_slic.header import chip_number, header_chip
from gateway.hardware.gpio_slic.library import INSTALL, library, own_folder


class RpiGpio:
    """A Gpio. One a process: the library keeps its chip in its module."""

    def __init__(self) -> None:
        """Raises HardwareError when there is no library, no board or no right to it."""
        self._library = _load()
        self._watched: KernelEdges | None = None
        self._watched_pins: tuple[int, ...] = ()
        self._open = True
        with _refusal("the pins of the board cannot be opened"):
            self._library.setwarnings(False)
            self._library.setmode(self._library.BCM)

    def make_input(self, pin: int) -> None:
        """Float."""
        with _refusal(f"pin BCM {pin}"):
            self._library.setup(pin, self._library.IN, pull_up_down=self._library.PUD_OFF)

    def make_output(self, pin: int, level: bool) -> None:
        """Drive. `initial` is for a pin that is no output yet: one that is keeps its level."""
        with _refusal(f"pin BCM {pin}"):
            self._library.setup(pin, self._library.OUT, initial=int(level))
            self._library.output(pin, int(level))

    def read(self, pin: int) -> bool:
        """The present level."""
        with _refusal(f"pin BCM {pin}"):
            if self._watched is not None and pin in self._watched_pins:
                return self._watched.read(pin)
            return bool(self._library.input(pin))

    def write(self, pin: int, level: bool) -> None:
        """Set the level."""
        with _refusal(f"pin BCM {pin}"):
            self._library.output(pin, int(level))

    def watch(self, pins: Sequence[int]) -> None:
        """By the kernel, which notes time and level of each change."""
        with _refusal(f"pins BCM {', '.join(map(str, pins))}"):
            self._watched = KernelEdges(f"/dev/gpiochip{chip_number()}", pins)
            self._watched_pins = tuple(pins)

    def fileno(self) -> int:
        """Of the kernel's queue."""
        assert self._watched is not None
        return self._watched.fileno()

    def edges(self) -> Iterable[Edge]:
        """Those in the kernel's queue."""
        return () if self._watched is None else self._watched.edges()

    def close(self) -> None:
        """Pins become inputs."""
        if self._open:
            self._open = False
            if self._watched is not None:
                self._watched.close()
            with _refusal("the pins of the board"):
                self._library.cleanup()


def _load() -> Any:
    found = library()
    if found.level != "ok":
        raise FoundFaulty(found)
    os.environ["RPI_LGPIO_CHIP"] = str(chip_number())
    with own_folder():
        try:
            return import_module("RPi.GPIO")
        except (RuntimeError, NotImplementedError) as error:
            raise HardwareError(
                f"{error} Lines with driver gpio need one; elsewhere use driver simulated"
            ) from None
        except ImportError as error:
            raise HardwareError(f"the GPIO library does not load ({error}); {INSTALL}") from None


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
        found = header_chip()
        return text if found.level == "ok" else str(found)
    return text
