"""What can be said of a serial device before, and after, it could not be opened."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.hardware.board.rights import SERVICE_GROUPS, group_name
from gateway.hardware.finding import Finding

BY_ID: Final = "dev/serial/by-id"
_CONSOLES: Final = "sys/class/tty/console/active"
_LOGINS: Final = r"sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice"
_NUMBERED: Final = re.compile(r"/dev/tty(USB|ACM)\d+")
_ON_BOARD: Final = re.compile(r"/dev/(serial\d|ttyAMA\d+|ttyS\d+)")


def changes_name(device: str) -> str | None:
    """What speaks against a name like /dev/ttyUSB0; None for one that stays."""
    if not _NUMBERED.fullmatch(device):
        return None
    return (
        "numbers change with the order in which things are plugged in;"
        f" `ls -l /{BY_ID}/` shows a name that stays"
    )


def in_the_way(device: str, root: Path = Path("/")) -> Finding | None:
    """The kernel's console, or a login, on the device: both talk to whatever is there."""
    tty = os.path.basename(os.path.realpath(device))
    if tty in _text(root / _CONSOLES).split():
        return Finding(
            "failure",
            device,
            "the system's console is on it",
            f"take console=serial0,115200 (or console={tty},...) out of /boot/firmware/cmdline.txt,"
            f" `sudo systemctl disable serial-getty@{tty}`, and restart",
        )
    if (root / _LOGINS / f"serial-getty@{tty}.service").exists():
        fix = f"`sudo systemctl disable --now serial-getty@{tty}`"
        return Finding("failure", device, "a login waits on it", fix)
    return None


def missing(device: str, root: Path = Path("/")) -> Finding:
    """It is not there; others may be."""
    if _ON_BOARD.fullmatch(device):
        fix = "put enable_uart=1 into /boot/firmware/config.txt, and restart"
    else:
        there = sorted(path.name for path in (root / BY_ID).glob("*"))
        shown = f"/{BY_ID} has: {', '.join(there)}" if there else f"/{BY_ID} is empty now"
        fix = f"plug the card in, or name another device ({shown})"
    return Finding("failure", device, "there is no such device", fix)


def why_not(device: str, error: OSError) -> Finding:
    """What an error of opening means, and what to do."""
    explain = _REASONS.get(error.errno or 0)
    if explain is not None:
        return explain(device)
    fix = "name the device of a serial line card"
    return Finding("failure", device, f"it cannot be used as a serial port: {error}", fix)


def unplugged(device: str) -> Finding:
    """It was open, and is gone."""
    return Finding("failure", device, "it is gone", "plug the card in again; it is tried for ever")


def holders(device: str, root: Path = Path("/")) -> Iterator[str]:
    """The programs that have it open, as far as this user may see: name and process."""
    real = os.path.realpath(device)
    for process in sorted((root / "proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        if int(process.name) != os.getpid() and real in _opened(process / "fd"):
            yield f"{_text(process / 'comm').strip()} (process {process.name})"


def forbidden(device: str, path: Path | None = None) -> Finding:
    """By the rights of its file, which is at `path`."""
    try:
        group = group_name((path or Path(device)).stat().st_gid)
    except OSError:
        group = "dialout"
    fix = f"`sudo usermod -aG {group} USER` lets a user in, from the next login or restart on"
    if group not in SERVICE_GROUPS:
        fix = f"give it to the group dialout by a udev rule, which lets the service in; {fix}"
    return Finding("failure", device, f"it may not be opened: its group is {group}", fix)


def in_use(device: str, root: Path = Path("/")) -> Finding:
    """Others have it open."""
    programs = ", ".join(holders(device, root)) or "another program"
    fix = f"end it; `sudo fuser -v {device}` names it (ModemManager tries new ports for seconds)"
    return Finding("failure", device, f"in use by {programs}", fix)


def _opened(descriptors: Path) -> Iterator[str]:
    try:
        for descriptor in descriptors.iterdir():
            yield os.readlink(descriptor)
    except OSError:
        return  # somebody else's, or just gone


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


_REASONS: Final[Mapping[int, Callable[[str], Finding]]] = {
    errno.ENOENT: missing,
    errno.ENODEV: missing,
    errno.ENXIO: missing,
    errno.EACCES: forbidden,
    errno.EPERM: forbidden,
    errno.EBUSY: in_use,  # TIOCEXCL
    errno.EAGAIN: in_use,  # flock
}
