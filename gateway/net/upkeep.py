"""What has to be done again and again while nothing happens: keep-alives, a look at our addresses.

One timer drives both. What must be kept open is asked for at every tick rather than at every turn:
the shortest interval is 20 s, and turns are many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.net.address_watch import AddressWatch
from gateway.net.core import SipCore
from gateway.net.keepalive import Act, Keepalive
from gateway.net.timer import CoreTimer
from gateway.sip import Flow

TICK_S: Final = 5.0


class Upkeep:
    """Calls `ping(flow)` and `dead(flow)`, and `moved()` when our addresses are others."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        core: SipCore,
        keepalive: Keepalive,
        watch: AddressWatch,
        *,
        ping: Callable[[Flow], None],
        dead: Callable[[Flow], None],
        moved: Callable[[], None],
    ) -> None:
        self._core = core
        self._keepalive = keepalive
        self._watch = watch
        self._ping = ping
        self._dead = dead
        self._moved = moved
        self._tick = loop.time() + TICK_S
        self._quiet_until = 0.0
        self._timer = CoreTimer(loop, self.handle_deadline)

    def start(self) -> None:
        """Begin; again is harmless."""
        self._arm()

    def stop(self) -> None:
        """No more of it."""
        self._timer.arm(None)

    def suspect(self, now: float, *, gone: bool) -> None:
        """Something could not be sent: look now instead of at the tick. `gone`: the local address
        is certainly not ours any more.

        Not again before the next tick, for what follows may fail in the same way.
        """
        if now >= self._quiet_until:
            self._quiet_until = now + TICK_S
            self._look(gone=gone)

    def handle_deadline(self, now: float) -> None:
        """Do what is due."""
        if now >= self._tick:
            self._tick = now + TICK_S
            self._keepalive.keep(self._core.keepalive_flows(), now)
            self._look()
        for due in self._keepalive.due(now):
            if due.act is Act.PING:
                self._ping(due.flow)
            else:
                self._dead(due.flow)
        self._arm()

    def _look(self, *, gone: bool = False) -> None:
        hosts = [flow.remote[0] for flow in self._core.live_flows()]
        if self._watch.changed(hosts) or gone:
            self._moved()

    def _arm(self) -> None:
        beat = self._keepalive.next_deadline()
        self._timer.arm(self._tick if beat is None else min(self._tick, beat))
