"""Next hops that failed lately, so that the next request does not wait for them again."""

from __future__ import annotations

from typing import Final

from gateway.sip.wire import Flow

REST_S: Final = 60.0
LONGEST_REST_S: Final = 3600.0
_REMEMBERED: Final = 64


class Resting:
    """Remembers failed hops for a while (RFC 3263 section 4.3 and Retry-After of a 503)."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[tuple[str, tuple[str, int]], float] = {}

    def rest(self, flow: Flow, until: float) -> None:
        """Leave this hop in peace; the oldest entry goes when there are too many."""
        key = (flow.transport, flow.remote)
        self._until.pop(key, None)
        self._until[key] = until
        if len(self._until) > _REMEMBERED:
            del self._until[next(iter(self._until))]

    def works(self, flow: Flow) -> None:
        """It answered."""
        self._until.pop((flow.transport, flow.remote), None)

    def rests(self, flow: Flow, now: float) -> bool:
        """Whether this hop failed lately."""
        return self._until.get((flow.transport, flow.remote), 0.0) > now

    def order(self, flows: list[Flow], now: float) -> list[Flow]:
        """The same flows, those that rest last: a hop that failed is still better than none."""
        return sorted(flows, key=lambda flow: self.rests(flow, now))
