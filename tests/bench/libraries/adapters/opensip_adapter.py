"""opensip: headers are a list of texts; values are parsed by the caller."""

from __future__ import annotations

from opensip.headers import URI, NameAddr, Via, parse_address_list, parse_via_list
from opensip.message import SIPRequest, parse_message

from tests.bench.libraries.invites import (
    NEW_HOST,
    NEW_RPORT,
    Invite,
    Params,
    encoded,
)
from tests.bench.libraries.library import Library, Read, capitalized, last, version_of


def work(data: bytes) -> tuple[Read, bytes]:
    """As `Library.work` says."""
    message = parse_message(data)
    headers = message.headers
    vias = [via for value in headers.get_all("Via") for via in parse_via_list(value)]
    sender, receiver = NameAddr.parse(headers["From"]), NameAddr.parse(headers["To"])
    contacts, routes = _addresses(headers, "Contact"), _addresses(headers, "Route")
    uri = URI.parse(message.request_uri)
    read = (
        [(via.transport, via.host, via.port, via.params) for via in vias],
        [_address(one) for one in (sender, receiver, *contacts)],
        _uri(uri),
    )
    vias[0].params["rport"] = NEW_RPORT
    routes[0].uri.host = NEW_HOST
    message.request_uri = str(uri)
    _put_all(message, vias, [sender], [receiver], contacts, routes)
    return read, message.encode()


def _addresses(headers: object, name: str) -> list[NameAddr]:
    return [one for value in headers.get_all(name) for one in parse_address_list(value)]  # type: ignore[attr-defined]


def _put_all(
    message: SIPRequest,
    vias: list[Via],
    sender: list[NameAddr],
    receiver: list[NameAddr],
    contacts: list[NameAddr],
    routes: list[NameAddr],
) -> None:
    """In their places, in one pass: its `set` and `remove` go through all lines for each header."""
    left = {
        "Via": iter(vias),
        "From": iter(sender),
        "To": iter(receiver),
        "Contact": iter(contacts),
        "Route": iter(routes),
    }
    message.headers._items = [
        (name, str(next(left[name])) if name in left else value)
        for name, value in message.headers._items
    ]


def _uri(uri: URI) -> Read:
    return (uri.scheme, uri.user, uri.host, uri.port, uri.params)


def _address(one: NameAddr) -> Read:
    return (one.display or "", _uri(one.uri), one.params)


def params(read: dict[str, str]) -> Params:
    """Parameters without a value are "" here."""
    return {name: value or None for name, value in read.items()}


def normal(invite: Invite) -> bytes:
    """Names in its spelling, Content-Length last, no quotes where a display name can do without."""
    lines = []
    for name, value in last(invite.changed, "Content-Length"):
        text = value.replace('"', "") if name == "From" else value
        lines.append((capitalized(name), text))
    return encoded(invite.uri, lines, invite.body)


def accept(data: bytes) -> object:
    """Parse and read."""
    message = parse_message(data)
    headers = message.headers
    uri = URI.parse(message.request_uri) if isinstance(message, SIPRequest) else None
    vias = [via for value in headers.get_all("Via") for via in parse_via_list(value)]
    sender, receiver = NameAddr.parse(headers["From"]), NameAddr.parse(headers["To"])
    return vias, sender, receiver, message.cseq, _addresses(headers, "Contact"), uri


NOTE = "Content-Length last, X- names respelled, display name without its quotes"
LIBRARY = Library("opensip", version_of("opensip"), NOTE, work, params, normal, accept)
