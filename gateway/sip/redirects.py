"""Where a 3xx sends a call on to (RFC 3261 section 8.1.3.4)."""

from __future__ import annotations

from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import param
from gateway.sip.headers import NameAddr
from gateway.sip.message import Response
from gateway.sip.uri import Uri

MOST: Final = 5
"""So many URIs are tried for one call: two that point at each other must not run for ever."""


def next_target(response: Response, tried: set[str]) -> Uri | None:
    """The best Contact that was not tried yet, by its q; None: the 3xx is the answer."""
    try:
        contacts = response.contacts
    except RemoteProtocolError:
        return None
    for contact in sorted(contacts, key=_weight, reverse=True):
        uri = contact.uri.without_headers()
        if uri.is_sip and str(uri) not in tried and len(tried) < MOST:
            tried.add(str(uri))
            return uri
    return None


def _weight(contact: NameAddr) -> float:
    try:
        return float(param(contact.params, "q") or "1")
    except ValueError:
        return 0.0
