"""Names that this machine knows by itself: localhost (RFC 6761 section 6.3) and /etc/hosts."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final

HOSTS_FILE: Final = Path("/etc/hosts")


def known_here(name: str, file: Path = HOSTS_FILE) -> list[str]:
    """The addresses of a name that needs no DNS, [] for every other one.

    The file is read anew each time: it is small, and an owner who edits it expects it to hold.
    """
    wanted = name.lower().rstrip(".")
    if wanted == "localhost" or wanted.endswith(".localhost"):
        return ["127.0.0.1", "::1"]
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found: list[str] = []
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if wanted in (each.lower().rstrip(".") for each in names) and _is_numeric(address):
            found.append(address)
    return found


def _is_numeric(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
