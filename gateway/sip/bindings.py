"""What a registrar's 200 says of our Contact, and what a REGISTER is sent to (section 10.2)."""

from __future__ import annotations

from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.extension_headers import parse_number
from gateway.sip.grammar import param
from gateway.sip.message import Response
from gateway.sip.serializer import bracketed
from gateway.sip.uri import Uri, parse_uri

# A grant of a few seconds would be refreshed without end; 10 s is what tests and NATs still want.
SHORTEST_S: Final = 10


def register_uri(registrar: str) -> str:
    """The Request-URI: the registrar's host and nothing of a user (Twilio refuses a user part)."""
    uri = parse_uri(registrar.strip().strip("<>"))
    port = "" if uri.port is None else f":{uri.port}"
    return f"{uri.scheme}:{bracketed(uri.host)}{port}"


def granted_s(response: Response, contact: str, asked: int) -> float:
    """How long our binding holds: by our own Contact among those listed, else by Expires."""
    expires = response.headers.get("expires")
    try:
        for one in response.contacts:
            if _same(one.uri, parse_uri(contact)):
                expires = param(one.params, "expires") or expires
        granted = parse_number(expires, "Expires") if expires is not None else asked
    except RemoteProtocolError:
        granted = asked
    return float(max(SHORTEST_S, min(granted, asked) if granted else asked))


def _same(one: Uri, other: Uri) -> bool:
    """Section 19.1.4 as far as it can matter between our own Contacts."""
    return (one.plain_user, one.host.lower(), one.port) == (
        other.plain_user,
        other.host.lower(),
        other.port,
    )
