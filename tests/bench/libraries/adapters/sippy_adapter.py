"""sippy: header objects that parse themselves when asked, and write what they have parsed."""

from __future__ import annotations

from sippy.SipAddress import SipAddress
from sippy.SipRequest import SipRequest
from sippy.SipResponse import SipResponse
from sippy.SipURL import SipURL

from tests.bench.libraries.invites import (
    NEW_HOST,
    NEW_RPORT,
    Invite,
    Params,
    encoded,
)
from tests.bench.libraries.library import Library, Read, last, version_of


def work(data: bytes) -> tuple[Read, bytes]:
    """As `Library.work` says. What has been parsed is written from its fields by itself."""
    message = SipRequest(data.decode())
    vias, routes = message.getHFBodys("via"), message.getHFBodys("route")
    addresses = [message.getHFBody("from"), message.getHFBody("to"), *message.getHFBodys("contact")]
    read = (
        [(via.transport, via.hostname, via.port, via.params) for via in vias],
        [_address(body.getUri()) for body in addresses],
        _uri(message.getRURI()),
    )
    vias[0].params["rport"] = NEW_RPORT
    routes[0].getUrl().host = NEW_HOST
    return read, str(message).encode()


def _uri(url: SipURL) -> Read:
    return (url.scheme, url.username, url.host, url.port, url.getParams())


def _address(one: SipAddress) -> Read:
    return (one.name or "", _uri(one.url), one.params)


def params(read: dict[str, str | None] | list[str]) -> Params:
    """Parameters of URIs are a list of texts here."""
    if isinstance(read, dict):
        return dict(read)
    parts = [text.partition("=") for text in read]
    return {name: value if equal else None for name, equal, value in parts}


# Names that it has a class for keep their spelling; any other is "capitalized".
_SPELLED = frozenset(
    [
        "Record-Route", "Route", "From", "To", "CSeq", "Max-Forwards", "P-Asserted-Identity",
        "Diversion", "Call-ID", "Via", "Contact", "Allow", "User-Agent", "Content-Type",
        "Content-Length",
    ]
)  # fmt: skip


def normal(invite: Invite) -> bytes:
    """Content-Type and -Length last, other names respelled, a display name without its quotes."""
    lines = []
    for name, value in last(invite.changed, "Content-Type", "Content-Length"):
        text = value.replace('"', "") if name == "From" else value
        lines.append((name if name in _SPELLED else name.capitalize(), text))
    return encoded(invite.uri, lines, invite.body)


def accept(data: bytes) -> object:
    """Parse and read."""
    text = data.decode()
    message = SipResponse(text) if text.startswith("SIP/2.0 ") else SipRequest(text)
    names = ("via", "from", "to", "cseq", "contact")
    return [message.getHFBodys(name) for name in names]


NOTE = "Content-Type and -Length last, X- names respelled, display name without its quotes"
LIBRARY = Library("sippy", version_of("sippy"), NOTE, work, params, normal, accept)
