"""Who calls, in words for a display: from the From header, never from a guess.

P-Asserted-Identity and Diversion of a trunk name gateways and forwarding parties as well as callers
(their hosts are addresses of the carrier), so they stay with the request and are not shown here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.sip.grammar import split_list
from gateway.sip.message import Request
from gateway.sip.uri import readable

# What phones and carriers put in place of a caller that does not want to be known.
_WITHHELD = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private"})
_PRIVATE = frozenset({"id", "user", "header", "full"})  # RFC 3323 section 4.2, RFC 3325 section 9.3

# A subscriber number with its visual separators (RFC 3966 section 3).
_NUMBER = re.compile(r"\+?[0-9*#](?:[0-9*#\-.() ]){0,31}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST = 64

# RFC 7433, RFC 3325, RFC 5806 and the draft of Remote-Party-ID; names compare without case.
IDENTITY_HEADERS = frozenset(
    {
        "user-to-user",
        "p-asserted-identity",
        "p-preferred-identity",
        "p-called-party-id",
        "remote-party-id",
        "diversion",
    }
)


class CallerId(NamedTuple):
    """`name` is "" when there is none, `number` when the caller is no number or is withheld."""

    name: str
    number: str
    withheld: bool


def caller_id(request: Request) -> CallerId:
    """Display name, else the From user; an E.164 number keeps its plus sign."""
    address = request.from_
    user = address.uri.plain_user.partition(";")[0].strip()
    if user.lower() in _WITHHELD or _wants_privacy(request):
        return CallerId("", "", withheld=True)
    name = _shown(address.display_name)
    if _NUMBER.fullmatch(user):
        return CallerId("" if name == user else name, user, withheld=False)
    return CallerId(name or _shown(user), "", withheld=False)


def _wants_privacy(request: Request) -> bool:
    values = request.headers.get_all("privacy")
    words = {
        word.strip().lower()
        for value in values
        for part in split_list(value)
        for word in part.split(";")
    }
    return not words.isdisjoint(_PRIVATE)


def _shown(text: str) -> str:
    clean = _CONTROL.sub(" ", readable(text)).strip()
    return clean[:_LONGEST]
