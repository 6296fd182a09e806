"""Where 3xx answers send a call on to (RFC 3261 section 8.1.3.4)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import param
from gateway.sip.headers import NameAddr, split_addresses
from gateway.sip.message import Response
from gateway.sip.uri import Uri

MOST: Final = 5
"""So many URIs are tried for one call: two that point at each other must not run for ever."""

# 305 names a proxy and 380 a service: neither is another place where the callee is.
_FOLLOWED: Final = frozenset({300, 301, 302})


_DIVERSIONS: Final = 8
"""Values of Diversion that are handed on, the newest ones."""


class Redirects:
    """The target set of one call; `first` is what was dialled.

    `diversions`: who sent the call on and why, newest first, in their own words (RFC 5806 section
    4): whoever is called next is to know.
    """

    __slots__ = ("_left", "_tried", "diversions")

    def __init__(self, first: Uri) -> None:
        self._tried = {str(first)}
        self._left: list[Uri] = []
        self.diversions: list[str] = []

    def learn(self, response: Response) -> None:
        """What a 3xx names, best first, comes before what an earlier one has named."""
        if response.status not in _FOLLOWED:
            return
        try:
            contacts = response.contacts
        except RemoteProtocolError:
            return
        best = sorted(contacts, key=_weight, reverse=True)
        self._left[:0] = [contact.uri.without_headers() for contact in best]
        with suppress(RemoteProtocolError):  # what cannot be read is told to nobody
            said = split_addresses(response.headers.get_all("diversion"), "Diversion")
            self.diversions = [*said, *self.diversions][:_DIVERSIONS]

    def next(self) -> Uri | None:
        """The best URI that was not tried yet; None: the last answer is the answer."""
        while self._left and len(self._tried) < MOST:
            uri = self._left.pop(0)
            if uri.is_sip and str(uri) not in self._tried:
                self._tried.add(str(uri))
                return uri
        return None


def _weight(contact: NameAddr) -> float:
    try:
        return float(param(contact.params, "q") or "1")
    except ValueError:
        return 0.0
