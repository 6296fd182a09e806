"""Who calls, in words for a display: from the From header, never from a guess.

P-Asserted-Identity and Diversion of a trunk name gateways and forwarding parties as well as callers
(their hosts are addresses of the carrier), so they stay with the request and are not shown as the
caller. Who wants what the network vouches for asks `asserted_identity`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.extension_headers import privacy
from gateway.sip.grammar import param
from gateway.sip.headers import NameAddr, parse_addresses
from gateway.sip.message import Request
from gateway.sip.uri import Uri, readable, unescape

# What phones and carriers put in place of a caller that does not want to be known, or is not.
_WITHHELD = frozenset({"", "anonymous", "restricted", "private"})
_NOT_KNOWN = frozenset({"unavailable", "unknown"})
_PRIVATE = frozenset({"id", "user", "header", "full"})  # RFC 3323 section 4.2, RFC 3325 section 9.3

# A subscriber number with its visual separators (RFC 3966 section 3).
_NUMBER = re.compile(r"\+?[0-9*#](?:[0-9*#\-.() ]){0,31}")
_SEPARATORS = str.maketrans("", "", "-.() ")
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
    """Display name, else the user or number of From; an E.164 number keeps its plus sign."""
    address = request.from_
    user = _user(address.uri)
    if user.lower() in _WITHHELD or _wants_privacy(request):
        return CallerId("", "", withheld=True)
    if user.lower() in _NOT_KNOWN:
        return CallerId("", "", withheld=False)
    name = _shown(address.display_name)
    if _NUMBER.fullmatch(user):
        return CallerId("" if name == user else name, user, withheld=False)
    return CallerId(name or _shown(user), "", withheld=False)


class AssertedIdentity(NamedTuple):
    """`address` is a number without visual separators, or `user@host` where there is no number."""

    display: str
    address: str


def asserted_identity(request: Request) -> AssertedIdentity | None:
    """Whom the network says the caller is; None when it says nothing or the caller wants privacy.

    P-Asserted-Identity (RFC 3325 section 9.1), a number before a URI; else a Remote-Party-ID that
    is the caller's, screened and not private. Values that cannot be read count as missing.
    """
    if _wants_privacy(request):
        return None
    headers = request.headers
    found = _readable(headers.get_all("p-asserted-identity"))
    found = found or [one for one in _readable(headers.get_all("remote-party-id")) if _usable(one)]
    numbers = [one for one in found if number_of(one.uri)]
    if not found:
        return None
    best = (numbers or found)[0]
    return AssertedIdentity(_shown(best.display_name), number_of(best.uri) or _address(best.uri))


def number_of(uri: Uri) -> str:
    """The subscriber number that a tel or sip URI names, without visual separators; "" for none."""
    text = _user(uri)
    return text.translate(_SEPARATORS) if _NUMBER.fullmatch(text) else ""


def _user(uri: Uri) -> str:
    """The user of a sip URI, the number of a tel URI (RFC 3966), without parameters."""
    text = unescape(uri.opaque) if uri.scheme.lower() == "tel" else uri.plain_user
    return text.partition(";")[0].strip()


def _address(uri: Uri) -> str:
    user = _shown(uri.plain_user)
    return f"{user}@{uri.host}" if user else uri.host or _shown(uri.opaque)


def _readable(values: list[str]) -> list[NameAddr]:
    try:
        return parse_addresses(values, "identity")
    except RemoteProtocolError:
        return []


def _usable(one: NameAddr) -> bool:
    """Remote-Party-ID (draft-ietf-sip-privacy-04): the calling party, checked, not withheld."""
    party, screen, wish = (param(one.params, name) for name in ("party", "screen", "privacy"))
    return (
        (party or "calling").lower() == "calling"
        and (screen or "yes").lower() == "yes"
        and (wish or "off").lower() == "off"
    )


def _wants_privacy(request: Request) -> bool:
    return not privacy(request.headers.get_all("privacy")).isdisjoint(_PRIVATE)


def _shown(text: str) -> str:
    clean = _CONTROL.sub(" ", readable(text)).strip()
    return clean[:_LONGEST]
