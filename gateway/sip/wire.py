"""Where messages come from and go to."""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """One direction-less path: our listener and the far end.

    `transport` is "udp", "tcp" or "tls". `local` is a concrete address of ours with the port of the
    listener for that transport, which is what Via and Contact say; a connection that we opened
    leaves from a port of its own. `remote` is numeric. `name` is what the peer's certificate must
    be for where we dial by TLS. `accepted`: the peer opened this connection, it cannot be dialled
    again.
    """

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    name: str = ""
    accepted: bool = False

    @property
    def reliable(self) -> bool:
        """Whether the transport itself retransmits (RFC 3261 section 17)."""
        return self.transport != "udp"


class Datagram(NamedTuple):
    """One message to be sent on `flow`: a datagram, or as much of a stream.

    `key` goes back to `Stack.transport_failed` when it cannot.
    """

    data: bytes
    flow: Flow
    key: object = None


class Target(NamedTuple):
    """Where a request is to go, before names are resolved (RFC 3263 section 4).

    `transport` is what the URI or the owner says, None where DNS may decide; `secure` asks for TLS
    (sips), by whichever of its servers DNS names.
    """

    host: str
    port: int | None = None
    transport: str | None = None
    secure: bool = False

    @property
    def plain_transport(self) -> str:
        """The transport where DNS has no say in it (section 4.1): UDP, and TLS for sips."""
        return "tls" if self.secure else self.transport or "udp"


class Lookup(NamedTuple):
    """A question of the stack: the flows to `target`, best first. `key` goes back with them.

    `prefer` is a local address that the flows should leave from, where it still exists.
    """

    target: Target
    key: object
    prefer: str = ""
