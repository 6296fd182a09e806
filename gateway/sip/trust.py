"""Hosts that may reach us although no allow-list names them, for as long as there is a reason."""

from __future__ import annotations

from collections import Counter


class Trust:
    """Counts reasons by host. Whom we vouch for may ask us anything; of whom we only expect
    something (answers, repetitions, what belongs to a call) nothing else is served."""

    __slots__ = ("_expected", "_vouched")

    def __init__(self) -> None:
        self._expected: Counter[str] = Counter()
        self._vouched: Counter[str] = Counter()

    def admits(self, host: str) -> bool:
        """Whether anything of that host is looked at."""
        return host in self._expected or host in self._vouched

    def may_ask(self, host: str) -> bool:
        """Whether new requests of that host are served."""
        return host in self._vouched

    def expect(self, host: str) -> None:
        """A request is on its way there or came from there, or a call is up with it."""
        self._expected[host] += 1

    def expect_no_more(self, host: str) -> None:
        """It is over."""
        _less(self._expected, host)

    def vouch(self, host: str) -> None:
        """A registrar or trunk in use lives there."""
        self._vouched[host] += 1

    def unvouch(self, host: str) -> None:
        """One reason less."""
        _less(self._vouched, host)


def _less(table: Counter[str], host: str) -> None:
    table[host] -= 1
    if table[host] <= 0:
        del table[host]
