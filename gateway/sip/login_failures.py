"""Failed logins by source: counted, and slowed when they are many.

A source that guesses is not shut out: behind the same address, Twilio's for one, honest callers
call, too. Beyond a first few, only so many credentials a second are read and the rest is refused
unread. An honest call finds the way free a moment after the guessing ends.
"""

from __future__ import annotations

from typing import Final

from gateway.sip.bounded import keep

FORGOTTEN_PER_S: Final = 5.0
_SOURCES: Final = 1024


def network_of(host: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 of an IPv6 address.

    A host of IPv6 has a whole /64 to guess from (RFC 4291 section 2.5.1).
    """
    if ":" not in host:
        return host
    from ipaddress import IPv6Address, IPv6Network  # noqa: PLC0415 (large, and often not needed)

    try:
        address = IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


class _Source:
    """Failures that still count, and whether it has been told that they are too many."""

    __slots__ = ("at", "count", "slowed")

    def __init__(self, at: float) -> None:
        self.at = at
        self.count = 0.0
        self.slowed = False

    def is_over(self, limit: int) -> bool:
        """Whether no further failure fits under `limit`; 0 is no limit."""
        return limit > 0 and self.count > limit - 1

    def fade(self, now: float) -> None:
        """Old failures count less and less; in the end all is forgotten."""
        self.count = max(0.0, self.count - (now - self.at) * FORGOTTEN_PER_S)
        self.at = now
        self.slowed = self.slowed and self.count > 0


class LoginFailures:
    """A bounded table: of more than 1024 sources the one that failed longest ago is forgotten."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def failed(self, source: str, limit: int, now: float) -> bool:
        """A login failed. True when with it a source begins to be slowed; `limit` 0: never."""
        entry = self._sources.get(source) or _Source(now)
        keep(self._sources, source, entry, _SOURCES)
        entry.fade(now)
        entry.count += 1
        begins = entry.is_over(limit) and not entry.slowed
        entry.slowed = entry.slowed or begins
        return begins

    def refuses(self, source: str, limit: int, now: float) -> bool:
        """Whether credentials of this source are not to be read now."""
        entry = self._sources.get(source)
        if entry is None:
            return False
        entry.fade(now)
        return entry.is_over(limit)
