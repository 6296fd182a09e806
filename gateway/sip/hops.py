"""Where one request may go: its next hops, best first, and those that were tried in vain."""

from __future__ import annotations

from typing import Final

from gateway.sip.resting import Resting
from gateway.sip.wire import Flow

_TRANSPORTS: Final = ("udp", "tcp", "tls")


class Hops:
    """The hops of one request (RFC 3263 section 4). What it learns of them, others hear, too."""

    __slots__ = ("_flows", "_in_vain", "_resting")

    def __init__(self, resting: Resting) -> None:
        self._resting = resting
        self._flows: list[Flow] = []
        self._in_vain: set[tuple[str, tuple[str, int]]] = set()

    def __bool__(self) -> bool:
        return bool(self._left)

    @property
    def _left(self) -> list[Flow]:
        return [flow for flow in self._flows if (flow.transport, flow.remote) not in self._in_vain]

    def found(self, flows: list[Flow], now: float) -> None:
        """These are the hops; those that failed lately go to the end."""
        self._flows = self._resting.order(flows, now)

    def take(self) -> Flow | None:
        """The best that is left."""
        left = self._left
        self._flows = left[1:]
        return left[0] if left else None

    def keep(self, hop: Flow) -> None:
        """That one is still good, before all others."""
        if hop not in self._flows:
            self._flows.insert(0, hop)

    def clear(self) -> None:
        """Nobody else is asked."""
        self._flows = []

    def mute(self, hop: Flow, until: float) -> None:
        """It answered nothing: it rests, and this request goes there no more."""
        self._resting.rest(hop, until)
        self._in_vain.add((hop.transport, hop.remote))

    def unavailable(self, hop: Flow, until: float) -> None:
        """It said 503: by no transport any more."""
        for transport in _TRANSPORTS:
            self.mute(hop._replace(transport=transport), until)

    def broken(self, hop: Flow, until: float) -> None:
        """The network refused, or a connection was dead: a new one may reach the same host."""
        self._resting.rest(hop, until)
        if hop.reliable:
            self._in_vain.discard((hop.transport, hop.remote))

    def works(self, hop: Flow) -> None:
        """It answered."""
        self._resting.works(hop)
