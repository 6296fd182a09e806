"""What Contact and SDP say of us: fixed by the owner, learned from a peer, or the plain address.

Learned is what the top Via of our requests comes back with in `received` and `rport` (RFC 3261
section 18.2.1, RFC 3581), or what a STUN server saw. It is taken once and kept: NATs change the
port of a mapping often, and a rewritten Contact for each of them leaves stale bindings behind. So a
new port alone changes nothing, and neither does a private address, which is no news from outside.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.sip.addresses import is_private
from gateway.sip.settings import StackSettings
from gateway.sip.wire import Flow


class Learned(NamedTuple):
    """An address that others see, and the local address and port that it stands for."""

    local: tuple[str, int]
    host: str
    port: int


class PublicAddress:
    """The address that peers are told; `learned` is None while nothing was learned."""

    __slots__ = ("learned",)

    def __init__(self) -> None:
        self.learned: Learned | None = None

    def learn(self, settings: StackSettings, flow: Flow, host: str, port: int) -> bool:
        """A peer says that our packets come from `host:port`; whether that is news to act on."""
        if settings.public_host or is_private(host) or ":" in host:
            return False
        seen = self.learned
        if host == flow.local[0]:
            # No NAT in between: what was learned on another network holds no more.
            self.learned = None
            return seen is not None
        if seen is not None and seen.host == host:
            return False
        self.learned = Learned(flow.local, host, port if flow.transport == "udp" else 0)
        return True

    def host(self, settings: StackSettings, local: str, remote: str = "") -> str:
        """What a peer at `remote` is told for our address `local`."""
        said = settings.host_for(local)
        learned = self.learned
        if said != local or learned is None or ":" in local:
            return said
        # A peer on our own side of the NAT reaches us directly, and often in no other way.
        return local if is_private(remote) or not is_private(local) else learned.host

    def port(self, settings: StackSettings, flow: Flow) -> int:
        """The port beside it: the mapped one only where it was learned for this very listener."""
        learned = self.learned
        if learned is None or not learned.port or flow.transport != "udp":
            return flow.local[1]
        told = self.host(settings, flow.local[0], flow.remote[0])
        return (
            learned.port if (told, flow.local) == (learned.host, learned.local) else flow.local[1]
        )
