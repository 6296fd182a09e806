"""What can be said of a serial device before, and after, it could not be opened."""

from __future__ import annotations

import errno
import grp
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

BY_ID: Final = "/dev/serial/by-id"
CONSOLES: Final = Path("/sys/class/tty/console/active")
_NUMBERED: Final = re.compile(r"/dev/tty(USB|ACM)\d+")


def doubts(device: str, consoles: Path = CONSOLES) -> list[str]:
    """What speaks against a device, as far as it can be seen from outside."""
    found = []
    if _NUMBERED.fullmatch(device):
        found.append(
            "numbers change with the order in which things are plugged in;"
            f" `ls -l {BY_ID}/` shows a name that stays"
        )
    in_the_way = console_in_the_way(device, consoles)
    if in_the_way is not None:
        found.append(in_the_way)
    if not os.path.exists(device):
        found.append(_missing(device))
    return found


def console_in_the_way(device: str, consoles: Path = CONSOLES) -> str | None:
    """What to do when the kernel's console (and so a login) is on the device; None if it is not."""
    try:
        active = consoles.read_text().split()
    except OSError:
        return None  # no such thing here
    tty = os.path.basename(os.path.realpath(device))
    if tty not in active:
        return None
    return (
        f"the system's console is on {device}: take console=serial0,115200 (or console={tty},...)"
        f" out of /boot/firmware/cmdline.txt, `systemctl disable serial-getty@{tty}`, and restart"
    )


def why_not(device: str, error: OSError) -> str:
    """What an error of opening means, and what to do."""
    explain = _REASONS.get(error.errno or 0)
    if explain is not None:
        return explain(device)
    return f"{device} cannot be used as a serial port: {error}"


def unplugged(device: str) -> str:
    """It was open, and is gone."""
    return f"{device} is gone: plug the card in again; it is tried until it works"


def _missing(device: str) -> str:
    return f"there is no {device}: plug the card in; `ls -l {BY_ID}/` shows what is there"


def _forbidden(device: str) -> str:
    group = _group_of(device)
    return (
        f"{device} may not be opened: its group is {group};"
        f" `sudo usermod -aG {group} USER` lets a user in, from the next login or restart on"
    )


def _in_use(device: str) -> str:
    return (
        f"{device} is in use by another program: `sudo fuser -v {device}` names it"
        " (ModemManager tries every new port for some seconds)"
    )


def _group_of(device: str) -> str:
    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


_REASONS: Final[Mapping[int, Callable[[str], str]]] = {
    errno.ENOENT: _missing,
    errno.ENODEV: _missing,
    errno.ENXIO: _missing,
    errno.EACCES: _forbidden,
    errno.EPERM: _forbidden,
    errno.EBUSY: _in_use,  # TIOCEXCL
    errno.EAGAIN: _in_use,  # flock
}
