"""The GPIO libraries: whether they are there, and a folder for them to be loaded in.

The classic RPi.GPIO cannot see edges on Linux 6.6 and newer and does not run on a Pi 5. Both it and
rpi-lgpio install the module RPi.GPIO: whose it is, is seen from what it is made of.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gateway.hardware.finding import Finding

SUBJECT: Final = "GPIO library"
INSTALL: Final = 'install it with: pip install "tipring[gpio]"'
# An lgpio 0.0 is a stub.
_OLDEST: Final = {"rpi-lgpio": (0, 6), "lgpio": (0, 2, 2), "gpiod": (2, 1)}
_REPLACE: Final = (
    "remove it (`pip uninstall RPi.GPIO`, or `apt remove python3-rpi.gpio`), then"
    " `pip install --force-reinstall rpi-lgpio`"
)


def installed_version(name: str) -> str | None:
    """Of a distribution; None when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - it is large

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def module_source() -> str:
    """The text of the module RPi.GPIO, without loading it; "" where there is none to be read."""
    try:
        spec = find_spec("RPi.GPIO")
    except ImportError:
        return ""
    origin = None if spec is None else spec.origin
    if origin is None or not origin.endswith(".py"):
        return ""
    return Path(origin).read_text(encoding="utf-8")


def library(
    version: Callable[[str], str | None] = installed_version,
    source: Callable[[], str] = module_source,
) -> Finding:
    """Whether lines of driver gpio have what they are built on."""
    found = {name: version(name) for name in _OLDEST}
    for name, oldest in _OLDEST.items():
        has = found[name]
        if has is None:
            return Finding("failure", SUBJECT, f"{name} is not installed", INSTALL)
        if tuple(int(part) for part in has.split(".") if part.isdecimal()) < oldest:
            wanted = ".".join(map(str, oldest))
            return Finding("failure", SUBJECT, f"{name} {has} is older than {wanted}", INSTALL)
    if "lgpio" not in source():
        text = "the classic RPi.GPIO is in the way of rpi-lgpio"
        return Finding("failure", SUBJECT, text, _REPLACE)
    return Finding("ok", SUBJECT, ", ".join(f"{name} {found[name]}" for name in _OLDEST))


@contextmanager
def own_folder() -> Iterator[None]:
    """Load a library in here.

    lgpio makes a named pipe in $LG_WD and stays in that folder; the name is the same in every
    process, and a pipe that two lines share gives the edges of one to the other. Once open it needs
    no name, so the folder goes away again, and no child process is told of it.
    """
    before, told = os.getcwd(), os.environ.get("LG_WD")
    with tempfile.TemporaryDirectory(prefix="tipring-gpio-") as folder:
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            os.chdir(before)
            if told is None:
                del os.environ["LG_WD"]
            else:
                os.environ["LG_WD"] = told
