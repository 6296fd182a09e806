"""Where our own packets would leave from: asked of the kernel's routing table, not guessed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

DEFAULT_PORT: Final = {"udp": 5060, "tcp": 5060, "tls": 5061}  # RFC 3261 section 19.1.2

_DISCARD: Final = 9  # any port will do: nothing is sent


class Listening(Protocol):
    """What is asked of a listener here."""

    transport: str
    host: str
    port: int
    wildcard: bool


def source_for(remote: str, prefer: str = "") -> str | None:
    """The address that a packet to `remote` (numeric) leaves from, None when there is no route.

    `prefer` is taken where it is ours and leads there. Connecting a UDP socket looks the route up
    and sends nothing; it does not block.
    """
    if prefer and same_family(prefer, remote):
        found = _connected(remote, prefer)
        if found is not None:
            return found
    return _connected(remote, "")


def _connected(remote: str, local: str) -> str | None:
    family = socket.AF_INET6 if ":" in remote else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as probe:
        try:
            if local:
                probe.bind((local, 0))
            probe.connect((remote, _DISCARD))
        except OSError:
            return None
        found = str(probe.getsockname()[0]).partition("%")[0]
    return None if ipaddress.ip_address(found).is_unspecified else found


def is_ours(address: str) -> bool:
    """Whether an address (numeric) is one of this machine's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def same_family(one: str, other: str) -> bool:
    """Whether both are IPv4 or both are IPv6 addresses."""
    return (":" in one) == (":" in other)


class Paths:
    """The local ends of flows: the address by route, the port by listener.

    `listeners` is looked at anew each time; it may grow.
    """

    def __init__(self, listeners: Sequence[Listening]) -> None:
        self._listeners = listeners

    @property
    def transports(self) -> frozenset[str]:
        """Those that we listen on."""
        return frozenset(each.transport for each in self._listeners)

    def listens_like(self, address: str) -> bool:
        """Whether we listen in the family of `address` at all."""
        return any(same_family(each.host, address) for each in self._listeners)

    def local(self, transport: str, remote: str, prefer: str = "") -> tuple[str, int] | None:
        """Our end of a flow to `remote`, None when there is none.

        UDP leaves from a listener's socket, so there must be one; TCP and TLS leave from anywhere,
        and name our listener where there is one.
        """
        fitting = [
            each
            for each in self._listeners
            if each.transport == transport and same_family(each.host, remote)
        ]
        source = source_for(remote, prefer)
        if source is not None:
            for each in fitting:
                if each.wildcard or each.host == source:
                    return source, each.port
        return _bound(fitting, remote) or (
            None if source is None or transport == "udp" else (source, DEFAULT_PORT[transport])
        )


def _bound(listeners: Iterable[Listening], remote: str) -> tuple[str, int] | None:
    """A listener on an address of its own that `remote` can be reached from."""
    for each in listeners:
        if not each.wildcard and source_for(remote, each.host) == each.host:
            return each.host, each.port
    return None
