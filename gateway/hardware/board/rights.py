"""Whether the service may open a device: its unit has the groups of the devices that it needs.

Who looks may be somebody else: root, who may open everything, or a user who may open nothing.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

# SupplementaryGroups= of systemd/tipring.service; systemd-journal is for no device.
SERVICE_GROUPS: Final = frozenset({"audio", "dialout", "gpio"})
_BY_GROUP: Final = 0o060
_BY_ALL: Final = 0o006


def may_i(path: Path) -> bool:
    """Whether this process may, unless it is root's, which says nothing of the service."""
    return os.geteuid() != 0 and may_i_open(path)


def may_i_open(path: Path) -> bool:
    """Whether this process may, root's too."""
    return os.access(path, os.R_OK | os.W_OK)


def group_name(number: int) -> str:
    """The number itself for a group without a name."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def refused(
    path: Path,
    name: Callable[[int], str] = group_name,
    may: Callable[[Path], bool] = may_i,
) -> str | None:
    """Why neither the service nor this user may open `path`; None when one of them may."""
    status = path.stat()
    group, mode = name(status.st_gid), status.st_mode
    by_group = group in SERVICE_GROUPS and mode & _BY_GROUP == _BY_GROUP
    if by_group or mode & _BY_ALL == _BY_ALL or may(path):
        return None
    return f"{path} may not be opened: its group is {group}, its mode {mode & 0o777:04o}"
