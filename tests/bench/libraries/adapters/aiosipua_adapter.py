"""aiosipua: headers in a dict by name, parsed anew at each look."""

from __future__ import annotations

from aiosipua.headers import (
    Address,
    SipUri,
    parse_address,
    parse_uri,
    stringify_address,
    stringify_uri,
    stringify_via,
)
from aiosipua.message import MULTI_INSTANCE_HEADERS, SipMessage, SipRequest

from tests.bench.libraries.invites import (
    NEW_HOST,
    NEW_RPORT,
    Invite,
    encoded,
)
from tests.bench.libraries.library import Library, Read, capitalized, grouped, version_of


def work(data: bytes) -> tuple[Read, bytes]:
    """As `Library.work` says."""
    message = SipMessage.parse(data)
    vias, sender, receiver = message.via, message.from_addr, message.to_addr
    contacts, uri = message.contact, parse_uri(message.uri)
    routes = [parse_address(value) for value in message.headers.get("route")]
    read = (
        [(via.transport, via.host, via.port, via.params) for via in vias],
        [_address(one) for one in (sender, receiver, *contacts)],
        _uri(uri),
    )
    vias[0].params["rport"] = NEW_RPORT
    routes[0].uri.host = NEW_HOST
    message.uri = stringify_uri(uri)
    message.from_addr, message.to_addr = sender, receiver
    _put(message, "Via", [stringify_via(via) for via in vias])
    _put(message, "Route", [stringify_address(route) for route in routes])
    _put(message, "Contact", [stringify_address(contact) for contact in contacts])
    return read, bytes(message)


def _put(message: SipRequest, name: str, values: list[str]) -> None:
    """In the header's place; its property setters would move it to the end."""
    message.headers.set_single(name, values[0])
    for value in values[1:]:
        message.headers.append(name, value)


def _uri(uri: SipUri) -> Read:
    return (uri.scheme, uri.user, uri.host, uri.port, uri.params)


def _address(one: Address) -> Read:
    return (one.display_name or "", _uri(one.uri), one.params)


def normal(invite: Invite) -> bytes:
    """Lists apart, one line an element; lines of one name together; names in its spelling."""
    lines = []
    for name, value in invite.changed:
        apart = name.lower() in MULTI_INSTANCE_HEADERS and "<" not in value
        lines += [(name, one.strip()) for one in (value.split(",") if apart else [value])]
    spelled = [(capitalized(name), value) for name, value in grouped(lines)]
    return encoded(invite.uri, spelled, invite.body)


def accept(data: bytes) -> object:
    """Parse and read."""
    message = SipMessage.parse(data)
    uri = parse_uri(message.uri) if isinstance(message, SipRequest) else None
    return message.via, message.from_addr, message.to_addr, message.cseq, message.contact, uri


NOTE = "lines of one name together, lists one element a line, X- names respelled"
LIBRARY = Library("aiosipua", version_of("aiosipua"), NOTE, work, dict, normal, accept)
