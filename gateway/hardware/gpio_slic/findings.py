"""What keeps a line of driver gpio from working on this machine, and what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.errors import HardwareError
from gateway.hardware.board.boot import is_raspberry, model
from gateway.hardware.board.rights import may_i_open, refused
from gateway.hardware.finding import Finding
from gateway.hardware.gpio_slic.header import PinUsers, chip_number, header_chip, pin_users
from gateway.hardware.gpio_slic.library import library
from gateway.hardware.gpio_slic.pins import Pins

_ELSEWHERE: Final = 'move to a Raspberry Pi; elsewhere driver = "simulated", or `--simulated`'
_END_USE: Final = (
    "end what uses it (a program; or a dtoverlay= of config.txt, then restart), or wire another pin"
)
# The first models: 26 pins, and a chip whose edges nobody here has tried.
_SHORT_HEADER: Final = re.compile(r"Raspberry Pi Model [AB] Rev")
_ON_SHORT_HEADER: Final = frozenset({2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 17, 18, 22, 23, 24, 25, 27})


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that is looked at; the defaults are this one."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    library: Callable[[], Finding] = library
    refused: Callable[[Path], str | None] = refused
    may_i_look: Callable[[Path], bool] = may_i_open
    users: Callable[[], AbstractContextManager[PinUsers]] = pin_users


def gpio(lines: Mapping[str, Pins], busy: Set[str], host: Host) -> Iterator[Finding]:
    """`lines` by name; `busy` are those whose pins a service has now, which is no conflict."""
    if not lines:
        return
    wrong = _wrong_board(host, lines)
    if wrong is not None:
        yield wrong
        return
    needed = (host.library(), header_chip(host.root, host.environ, host.refused))
    yield from needed
    if all(each.level == "ok" for each in needed):
        yield from _pins({name: lines[name] for name in lines if name not in busy}, host)


def _wrong_board(host: Host, lines: Mapping[str, Pins]) -> Finding | None:
    name = model(host.root)
    if "RPI_LGPIO_REVISION" in host.environ:
        return None  # off a Pi, on purpose
    if not is_raspberry(name):
        text = f"driver gpio has no pins here: {name or 'this is no Raspberry Pi'}"
        return Finding("failure", "board", text, _ELSEWHERE)
    used = {pin for pins in lines.values() for _, pin in pins.wired()}
    missing = ", ".join(map(str, sorted(used - _ON_SHORT_HEADER)))
    if _SHORT_HEADER.match(name or "") and missing:
        text = f"its header of 26 pins has no BCM {missing}"
        return Finding("failure", "board", text, "wire other pins, or use a newer board")
    return None


def _pins(lines: Mapping[str, Pins], host: Host) -> Iterator[Finding]:
    device = host.root / "dev" / f"gpiochip{chip_number(host.root, host.environ)}"
    if not lines:
        return
    if not host.may_i_look(device):
        text = f"not looked at: you may not open {device}, though the service may"
        yield Finding("warning", "pins", text, "run `tipring doctor` with sudo")
        return
    try:
        with host.users() as user_of:
            for name, pins in lines.items():
                yield from _users(name, pins, user_of)
    except HardwareError as error:
        yield Finding("failure", "pins", str(error), "the kernel's log may say more: `sudo dmesg`")


def _users(line: str, pins: Pins, user_of: PinUsers) -> Iterator[Finding]:
    wired = list(pins.wired())
    taken = [(key, pin, user) for key, pin in wired if (user := user_of(pin)) is not None]
    for key, pin, user in taken:
        by = f'"{user}"' if user else "something without a name"
        yield Finding("failure", f"line {line}", f"pin BCM {pin} ({key}) is used by {by}", _END_USE)
    if not taken:
        yield Finding("ok", f"line {line}", f"its {len(wired)} pins are free")
