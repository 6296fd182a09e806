"""Failed logins by source: counted, and when they are too many, refused unread for a while."""

from __future__ import annotations

from typing import Final

from gateway.sip.bounded import keep

WINDOW_S: Final = 60.0
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
    """The failures of the last minute, and until when nothing of this source is read (seconds)."""

    __slots__ = ("refused_until", "times")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.refused_until = float("-inf")


class LoginFailures:
    """A bounded table: of more than 1024 sources the one that failed longest ago is forgotten."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def failed(self, source: str, limit: int, now: float) -> bool:
        """A login failed. True when it is the one too many: `limit` within a minute, 0 for none."""
        entry = self._sources.get(source) or _Source()
        keep(self._sources, source, entry, _SOURCES)
        entry.times = [at for at in entry.times if now - at < WINDOW_S] + [now]
        if not 0 < limit <= len(entry.times):
            return False
        entry.times = []
        entry.refused_until = now + WINDOW_S
        return True

    def refuses(self, source: str, now: float) -> bool:
        """Whether nothing of this source is to be read now."""
        entry = self._sources.get(source)
        return entry is not None and now < entry.refused_until

    def tried(self, source: str, now: float) -> None:
        """A refused source goes on trying: the minute begins again."""
        if self.refuses(source, now):
            self._sources[source].refused_until = now + WINDOW_S
