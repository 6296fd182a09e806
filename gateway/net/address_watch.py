"""Have our own addresses changed? The kernel's routes are asked; nothing is listened to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

_WATCHED: Final = 16
# Documentation addresses (RFC 5737, RFC 3849): their route is the default route.
_ANYWHERE: Final = ("192.0.2.1", "2001:db8::1")


class AddressWatch:
    """Compares where packets to certain hosts leave from. `source_for` gives None for no route."""

    def __init__(self, source_for: Callable[[str], str | None]) -> None:
        self._source_for = source_for
        self._seen: dict[str, str | None] = {}
        self._offline = False

    def changed(self, hosts: Iterable[str]) -> bool:
        """Whether packets to a host of before leave from another address now, or leave again.

        Hosts are watched on when they are named no more, as a registrar is while it cannot be
        reached; the oldest are forgotten. A lost route is no news before there is one again.
        """
        for host in hosts:
            self._seen[host] = self._seen.pop(host, "")
        while len(self._seen) > _WATCHED:
            del self._seen[next(iter(self._seen))]
        offline = not any(self._source_for(host) for host in _ANYWHERE)
        moved = [host for host in self._seen if self._moved(host)]
        back = self._offline and not offline
        self._offline = offline
        return bool(moved) or back

    def _moved(self, host: str) -> bool:
        before, now = self._seen[host], self._source_for(host)
        self._seen[host] = now
        return now is not None and before not in {now, ""}
