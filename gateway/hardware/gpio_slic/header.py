"""Which of the kernel's GPIO chips has the pins of the header, and who uses them.

RPI_LGPIO_CHIP names it, else the device tree does. rpi-lgpio looks for it under names that kernels
give to no chip of a Pi 4 and older, and takes the first chip then: it is told ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Final, TypeAlias

from gateway.errors import HardwareError
from gateway.hardware.board.rights import refused
from gateway.hardware.finding import Finding
from gateway.hardware.gpio_slic.library import own_folder

SUBJECT: Final = "GPIO chip"
_DRIVERS: Final = frozenset({"brcm,bcm2835-gpio", "brcm,bcm2711-gpio", "raspberrypi,rp1-gpio"})
_RULE: Final = (
    "copy systemd/tipring.rules to /etc/udev/rules.d/60-tipring.rules, then"
    " `sudo groupadd -rf gpio && sudo udevadm control --reload && sudo udevadm trigger -s gpio`"
)
PinUsers: TypeAlias = Callable[[int], str | None]
"""Who uses a pin: a name, "" for one without; None when the pin is free."""

_USED: Final = 1  # GPIO_V2_LINE_FLAG_USED: a request for the line would be refused


def chip_number(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> int:
    """N of /dev/gpiochipN."""
    chosen = environ.get("RPI_LGPIO_CHIP", "")
    if chosen.isdecimal():
        return int(chosen)
    for device in sorted((root / "sys/bus/gpio/devices").glob("gpiochip*")):
        try:
            text = (device / "of_node/compatible").read_text(encoding="ascii")
        except OSError:
            continue
        if _DRIVERS & set(text.split("\0")):
            return int(device.name.removeprefix("gpiochip"))
    return 0


def header_chip(
    root: Path = Path("/"),
    environ: Mapping[str, str] = os.environ,
    refusal: Callable[[Path], str | None] = refused,
) -> Finding:
    """Whether the chip is there, and may be opened."""
    number = chip_number(root, environ)
    there = sorted(path.name for path in (root / "dev").glob("gpiochip*"))
    name = f"gpiochip{number}"
    if not there:
        text = "there is no /dev/gpiochip*: this kernel drives no pins"
        return Finding("failure", SUBJECT, text, "boot a kernel made for the Raspberry Pi")
    if name not in there:
        text = f"there is no /dev/{name}; there are {', '.join(there)}"
        return Finding("failure", SUBJECT, text, "name one by its number: RPI_LGPIO_CHIP=...")
    why = refusal(root / "dev" / name)
    if why is not None:
        return Finding("failure", SUBJECT, why, _RULE)
    return Finding("ok", SUBJECT, f"/dev/{name} may be opened")


@contextmanager
def pin_users() -> Iterator[PinUsers]:
    """Asks the kernel, by lgpio, and takes no pin. HardwareError when the chip cannot be opened."""
    with own_folder():
        lgpio = import_module("lgpio")
    try:
        handle = lgpio.gpiochip_open(chip_number())
    except lgpio.error as error:
        raise HardwareError(str(error).strip("'")) from error

    def user_of(pin: int) -> str | None:
        _, _, flags, _, user = lgpio.gpio_get_line_info(handle, pin)
        return str(user) if flags & _USED else None

    try:
        yield user_of
    finally:
        lgpio.gpiochip_close(handle)
