"""Hosts that may reach us although no allow-list names them, for as long as there is a reason."""

from __future__ import annotations

from collections import Counter
from typing import Final

# Hosts of one call: its proxy, the peer itself, where it moved to. More is somebody's game.
_MOST: Final = 8


class Trust:
    """Counts reasons by host. Whom we asked may answer, who asked may repeat what it asked, and who
    is in a call with us may speak inside it; whom we vouch for may ask us anything."""

    __slots__ = ("_asked", "_vouched")

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._vouched: Counter[str] = Counter()

    def admits(self, host: str) -> bool:
        """Whether anything of that host is looked at."""
        return host in self._asked or host in self._vouched

    def may_ask(self, host: str) -> bool:
        """Whether new requests of that host are served: it is a registrar or a trunk."""
        return host in self._vouched

    def asked(self, host: str) -> None:
        """A request is on its way there or from there, or a call is up with it."""
        self._asked[host] += 1

    def answered(self, host: str) -> None:
        """It is over."""
        _less(self._asked, host)

    def vouch(self, host: str) -> None:
        """A registrar or trunk in use lives there."""
        self._vouched[host] += 1

    def unvouch(self, host: str) -> None:
        """One reason less."""
        _less(self._vouched, host)


class Guests:
    """The hosts that speak in one call: each once, and all only as long as it lasts."""

    __slots__ = ("_hosts", "_trust")

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._hosts: set[str] | None = set()

    def welcome(self, host: str) -> None:
        """What it says inside the call is heard; too late once the call is over."""
        hosts = self._hosts
        if hosts is not None and host not in hosts and len(hosts) < _MOST:
            hosts.add(host)
            self._trust.asked(host)

    def leave(self) -> None:
        """The call is over."""
        for host in self._hosts or ():
            self._trust.answered(host)
        self._hosts = None


def _less(table: Counter[str], host: str) -> None:
    table[host] -= 1
    if table[host] <= 0:
        del table[host]
