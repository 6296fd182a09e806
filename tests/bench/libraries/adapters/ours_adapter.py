"""gateway.sip. What comes out differs from what came in where it was changed, nowhere else."""

from __future__ import annotations

from gateway import __version__
from gateway.sip import NameAddr, Request, Uri, parse
from gateway.sip.headers import parse_addresses
from tests.bench.libraries.invites import (
    NEW_HOST,
    NEW_RPORT,
    Invite,
    encoded,
)
from tests.bench.libraries.library import Library, Read


def work(data: bytes) -> tuple[Read, bytes]:
    """As `Library.work` says."""
    message = parse(data)
    assert isinstance(message, Request)
    vias, contacts = message.vias, message.contacts
    routes = parse_addresses(message.headers.get_all("route"), "Route")
    read = (
        [(via.transport, via.host, via.port, via.params) for via in vias],
        [_address(one) for one in (message.from_, message.to, *contacts)],
        _uri(message.uri),
    )
    vias[0].params["rport"] = NEW_RPORT
    routes[0].uri.host = NEW_HOST
    message.headers.update(
        {
            "via": vias,
            "route": routes,
            "from": [message.from_],
            "to": [message.to],
            "contact": contacts,
        }
    )
    return read, bytes(message)


def _uri(uri: Uri) -> Read:
    return (uri.scheme, uri.user, uri.host, uri.port, uri.params)


def _address(one: NameAddr) -> Read:
    return (one.display_name, _uri(one.uri), one.params)


def normal(invite: Invite) -> bytes:
    """The very bytes."""
    return encoded(invite.uri, invite.changed, invite.body)


def accept(data: bytes) -> object:
    """Parse and read."""
    message = parse(data)
    return message.vias, message.from_, message.to, message.cseq


LIBRARY = Library("ours", __version__, "byte for byte", work, dict, normal, accept)
