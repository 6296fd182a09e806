"""sipmessage: frozen values, parsed anew at each look."""

from __future__ import annotations

from dataclasses import replace

import sipmessage
from sipmessage import URI, Address

from tests.bench.libraries.invites import (
    NEW_HOST,
    NEW_RPORT,
    Invite,
    encoded,
)
from tests.bench.libraries.library import Library, Read, grouped, version_of


def work(data: bytes) -> tuple[Read, bytes]:
    """As `Library.work` says. The Request-URI is kept parsed and written from its fields."""
    message = sipmessage.Message.parse(data)
    vias, sender, receiver = message.via, message.from_address, message.to_address
    contacts, routes = message.contact, message.route
    read = (
        [(via.transport, via.host, via.port, via.parameters) for via in vias],
        [_address(one) for one in (sender, receiver, *contacts)],
        _uri(message.uri),
    )
    vias[0] = replace(vias[0], parameters=vias[0].parameters.replace(rport=NEW_RPORT))
    routes[0] = replace(routes[0], uri=replace(routes[0].uri, host=NEW_HOST))
    message.via, message.route, message.contact = vias, routes, contacts
    message.from_address, message.to_address = sender, receiver
    return read, bytes(message)


def _uri(uri: URI) -> Read:
    return (uri.scheme, uri.user, uri.host, uri.port, uri.parameters)


def _address(one: Address) -> Read:
    return (one.name, _uri(one.uri), one.parameters)


def normal(invite: Invite) -> bytes:
    """Lines of one name together."""
    return encoded(invite.uri, grouped(invite.changed), invite.body)


def accept(data: bytes) -> object:
    """Parse and read."""
    message = sipmessage.Message.parse(data)
    return (
        message.via, message.from_address, message.to_address, message.cseq, message.contact,
    )  # fmt: skip


NOTE = "lines of one name together"
LIBRARY = Library("sipmessage", version_of("sipmessage"), NOTE, work, dict, normal, accept)
