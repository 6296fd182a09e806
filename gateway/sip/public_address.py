"""What Contact and SDP say of us: fixed by the owner, learned from a peer, or the plain address.

Learned is what the top Via of our requests comes back with in `received` and `rport` (RFC 3261
section 18.2.1, RFC 3581), or what a STUN server saw. It is taken once and kept: NATs change the
port of a mapping often, and a rewritten Contact for each of them leaves stale bindings behind. So a
new port alone changes nothing, and neither does a private address, which is no news from outside.

Each peer is told what it saw itself: a NAT with several public addresses shows different ones to
different peers, and following them in turn would be flapping. Who has seen nothing yet is told the
address that the first of the others saw, but the port of our listener (twilio.md 4: that is what
the router forwards), unless it was a STUN server that saw the mapping. When one of them sees
another address than before, all the others' views are old news.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.sip.addresses import is_ipv4, is_private
from gateway.sip.bounded import keep
from gateway.sip.settings import StackSettings
from gateway.sip.wire import Flow

_MOST: Final = 16


class View(NamedTuple):
    """How a peer saw our listener `local`; `port` is 0 where it is not known.

    `for_all`: the port holds for other peers, too.
    """

    local: tuple[str, int]
    host: str
    port: int
    for_all: bool


class PublicAddress:
    """The addresses that peers are told."""

    __slots__ = ("_views",)

    def __init__(self) -> None:
        self._views: dict[tuple[str, str], View] = {}  # our address, who saw us

    def learn(
        self, settings: StackSettings, flow: Flow, host: str, port: int, *, stun: bool = False
    ) -> bool:
        """The peer says that our packets come from `host:port`; whether that changes what it is
        told."""
        local, peer = flow.local[0], flow.remote[0]
        if settings.public_host or not is_ipv4(host) or is_private(host):
            return False
        before = self.host(settings, local, peer)
        seen = self._views.get((local, peer))
        usable = flow.transport == "udp" and 0 < port < 65536
        view = View(flow.local, host, port if usable else 0, stun)
        if seen is None or seen.host != host:
            if seen is not None:
                self._forget(local)
            keep(self._views, (local, peer), view, _MOST)
        elif not seen.port:
            self._views[local, peer] = view
        return self.host(settings, local, peer) != before

    def host(self, settings: StackSettings, local: str, remote: str = "") -> str:
        """What a peer at `remote` is told for our address `local`."""
        said = settings.host_for(local)
        if said != local or ":" in local or not is_private(local):
            return said
        # A peer on our own side of the NAT reaches us directly, and often in no other way; unless
        # it has seen us from outside itself, whatever its own address looks like (a VPN).
        view = self._views.get((local, remote)) if is_private(remote) else self._view(local, remote)
        return local if view is None else view.host

    def port(self, settings: StackSettings, flow: Flow) -> int:
        """The port beside it: the mapped one only where it was learned for this very listener."""
        local, peer = flow.local, flow.remote[0]
        view = self._view(local[0], peer, for_all=True)
        if view is None or not view.port or flow.transport != "udp" or view.local != local:
            return local[1]
        return view.port if self.host(settings, local[0], peer) == view.host else local[1]

    def _view(self, local: str, remote: str, *, for_all: bool = False) -> View | None:
        own = self._views.get((local, remote))
        others = (view for (ours, _), view in self._views.items() if ours == local)
        return own or next((view for view in others if view.for_all or not for_all), None)

    def _forget(self, local: str) -> None:
        for key in [key for key in self._views if key[0] == local]:
            del self._views[key]
