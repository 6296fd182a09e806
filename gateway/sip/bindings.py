"""What a registrar knows of our Contacts: what it said and what it may have kept (section 10.2)."""

from __future__ import annotations

from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.bounded import keep
from gateway.sip.extension_headers import parse_number
from gateway.sip.grammar import param
from gateway.sip.message import Response
from gateway.sip.uri import Uri, parse_uri

_MOST: Final = 4


class Bindings:
    """Contacts that a registrar may have, until when at most (CLOCK_MONOTONIC seconds).

    A binding at an address where we are no more lets calls ring into the void (twilio.md 20).
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def maybe(self, contact: str, until: float) -> None:
        """A REGISTER with this Contact had no answer: it may have arrived all the same."""
        keep(self._until, contact, max(until, self._until.get(contact, 0.0)), _MOST)

    def only(self, contact: str, until: float) -> None:
        """The registrar has this one and has heard that the others are gone."""
        self._until = {contact: until}

    def others(self, contact: str, now: float) -> list[str]:
        """Those to be removed beside `contact`."""
        return [one for one, until in self._until.items() if one != contact and until > now]


def granted_s(response: Response, contact: str, asked: int) -> int:
    """How long our binding holds, in seconds; 0 when the registrar has none.

    By our own Contact among those that are listed, else by Expires. Without either, by the longest
    that is listed for our user: some edges write there what they saw of our address.
    """
    ours = parse_uri(contact)
    try:
        listed = [(one.uri, _seconds(param(one.params, "expires"))) for one in response.contacts]
    except RemoteProtocolError:
        listed = []
    for said in (
        [seconds for uri, seconds in listed if _key(uri) == _key(ours)],
        [_seconds(response.headers.get("expires"))],
        [seconds for uri, seconds in listed if uri.plain_user == ours.plain_user],
    ):
        known = [seconds for seconds in said if seconds is not None]
        if known:
            return min(max(known), asked)
    return asked


def _seconds(text: str | None) -> int | None:
    try:
        return None if text is None else parse_number(text, "Expires")
    except RemoteProtocolError:
        return None


def _key(uri: Uri) -> tuple[str, str, int, str]:
    """What has to be equal (section 19.1.4), as far as it can matter between our own Contacts."""
    secure = uri.is_sips
    transport = (uri.params.get("transport") or "udp").lower()
    port = uri.port or (5061 if secure or transport == "tls" else 5060)
    return (uri.plain_user, uri.host.lower(), port, "tls" if secure else transport)
