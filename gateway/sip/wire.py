"""Where messages come from and go to."""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """One direction-less path: our listener and the far end.

    `transport` is "udp", later also "tcp" and "tls". `local` is a concrete address of ours with the
    port of the listener. `remote` may be a host name when it came from a Route or a Contact.
    """

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]

    @property
    def reliable(self) -> bool:
        """Whether the transport itself retransmits (RFC 3261 section 17)."""
        return self.transport != "udp"


class Datagram(NamedTuple):
    """Bytes to be sent on `flow`. `key` goes back to `Stack.transport_failed` when they cannot."""

    data: bytes
    flow: Flow
    key: object = None
