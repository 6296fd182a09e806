"""All TCP and TLS connections: found by flow, dialled when needed, bounded, and closed in time.

A flow names a connection: the one the peer opened (`accepted`), or the one we dial from that local
address to that remote one. A peer can make us hold only so many; when all are taken, the one that
was silent longest and that nobody uses goes. Sources are judged before they come here.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from gateway.deadlines import Deadlines
from gateway.net.certificate import misnamed
from gateway.net.connection import Connection
from gateway.net.layer import Layer, Plain, Tls
from gateway.net.roster import IDLE_S, Held, Roster
from gateway.net.timer import CoreTimer
from gateway.net.tls import TlsContexts
from gateway.net.whose import whose_certificate
from gateway.sip import Datagram, Flow
from gateway.sip.framing import Beat, Broken
from gateway.sip.settings import Limits

TRANSPORTS: Final = ("tcp", "tls")
COUNTED: Final = ("accepted", "dialled", "failed", "refused", "evicted", "timed_out", "broken")


class Events(Protocol):
    """Who hears of connections, and knows which of them matter. `lost` and `failed` come in the
    midst of other work: they are for later."""

    def message(self, data: bytes, flow: Flow) -> None:
        """A whole message, or a head that is to be refused."""

    def beat(self, flow: Flow, beat: Beat) -> None:
        """A ping or a pong."""

    def lost(self, flow: Flow) -> None:
        """A connection that was up is gone."""

    def failed(self, key: object, why: str) -> None:
        """A message could not be sent."""

    def uses(self, flow: Flow) -> bool:
        """Whether the connection must stay."""


class Connections:
    """The connections of one gateway. `limits` and `tls` are asked anew for each connection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        events: Events,
        limits: Callable[[], Limits],
        tls: Callable[[], TlsContexts],
    ) -> None:
        self._loop = loop
        self._events = events
        self._limits = limits
        self._tls = tls
        self._roster = Roster()
        self._deadlines: Deadlines[Connection] = Deadlines()
        self._timer = CoreTimer(loop, self.handle_deadline)
        self._counters: Counter[str] = Counter()
        self._questions: set[asyncio.Task[None]] = set()

    @property
    def counters(self) -> Mapping[str, int]:
        """Totals since the start, and how many connections there are now, by transport."""
        totals = {f"{each}_{what}": 0 for each in TRANSPORTS for what in COUNTED}
        now = {f"{each}_connections": self._roster.number_of(each) for each in TRANSPORTS}
        return {**totals, **self._counters, **now}

    # --- in and out -----------------------------------------------------------------------------

    def accept(self, sock: socket.socket, flow: Flow) -> None:
        """Take a connection that was accepted, or close it without a byte when there is no room."""
        crowded = (
            self._roster.accepted_from(flow.remote[0]) >= self._limits().connections_per_source
        )
        context = self._tls().server if flow.transport == "tls" else None
        if crowded or not self._make_room() or (flow.transport == "tls" and context is None):
            self._count(flow, "refused")
            if crowded:
                self._count(flow, "crowded")
            sock.close()
            return
        layer = Plain() if context is None else Tls(context, server=True)
        self._count(flow, "accepted")
        self._hold(flow, sock, layer).adopt()

    def send(self, datagram: Datagram) -> None:
        """Send a message on its flow's connection; dial when there is none."""
        data, flow, key = datagram
        held = self._roster.get(flow)
        if held is not None and held.connection.takes:
            self._roster.touch(held, self._loop.time())
            held.connection.send(data, key)
        elif flow.accepted:
            self._events.failed(key, "the peer's connection is closed")
        else:
            self._dial(flow, data, key)

    def ping(self, flow: Flow, data: bytes) -> None:
        """Send a keep-alive, if the connection is up."""
        held = self._roster.get(flow)
        if held is not None and held.connection.state == "open":
            held.connection.send(data)

    def end(self, flow: Flow, why: str) -> None:
        """Close a connection, if there is one; that is a loss like any other."""
        held = self._roster.get(flow)
        if held is not None:
            held.connection.end(why)

    def close(self) -> None:
        """Close everything and tell nobody."""
        self._timer.arm(None)
        for task in self._questions:
            task.cancel()
        for held in self._roster.everyone():
            self._roster.remove(held)
            held.connection.drop()

    def handle_deadline(self, now: float) -> None:
        """Close what has had its time."""
        for connection in self._deadlines.pop_due(now):
            held = self._roster.of(connection)
            if held is not None:
                self._overdue(held, now)
        self._arm()

    def _overdue(self, held: Held, now: float) -> None:
        connection = held.connection
        if held.due > now:
            self._deadlines.set(connection, held.due)
        elif connection.state == "open" and not held.mute and self._events.uses(connection.flow):
            self._deadlines.set(connection, now + IDLE_S)
        else:
            if connection.state != "finishing":
                self._count(connection.flow, "timed_out")
            connection.end(held.late)

    # --- what connections tell (Owner) ----------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """Messages may pass."""
        held = self._roster.of(connection)
        if held is not None:
            held.up = True
            self._watch(held)

    def took(self, connection: Connection, message: bytes) -> None:
        """A whole message came."""
        held = self._roster.of(connection)
        if held is not None:
            held.spoke = True
            self._roster.touch(held, self._loop.time())
        self._events.message(message, connection.flow)

    def felt(self, connection: Connection, beat: Beat) -> None:
        """A ping or a pong came."""
        held = self._roster.of(connection)
        if held is not None:
            self._roster.touch(held, self._loop.time())
        self._events.beat(connection.flow, beat)

    def broke(self, connection: Connection, broken: Broken) -> None:
        """What can be answered is answered, then the connection is closed."""
        self._count(connection.flow, "broken")
        held = self._roster.of(connection)
        if broken.head:
            self._events.message(broken.head, connection.flow)
        connection.finish()
        if held is not None and connection.state == "finishing":
            held.heard = self._loop.time()
            self._watch(held)

    def ended(self, connection: Connection, why: str, unsent: list[object]) -> None:
        """It is gone, and what it had not sent with it."""
        held = self._roster.of(connection)
        if held is None:
            return
        self._roster.remove(held)
        self._deadlines.cancel(connection)
        flow = connection.flow
        if not held.up:
            self._count(flow, "failed")
        elif not held.mute:
            self._events.lost(flow)
        if unsent and connection.error is not None and misnamed(connection.error):
            self._ask_whose(flow, unsent)
        else:
            self._fail(flow, why, unsent)

    # --- inside ---------------------------------------------------------------------------------

    def _dial(self, flow: Flow, data: bytes, key: object) -> None:
        held = self._roster.get(flow)
        if held is not None:
            held.connection.end("it is closing")  # its place is needed
        if not self._make_room():
            self._events.failed(key, f"all {self._limits().connections} connections are in use")
            return
        try:
            layer = self._client_layer(flow)
            sock = _socket(flow)
        except (OSError, ValueError) as error:
            self._count(flow, "failed")
            self._fail(flow, getattr(error, "strerror", None) or str(error), [key])
            return
        self._count(flow, "dialled")
        connection = self._hold(flow, sock, layer)
        connection.send(data, key)
        connection.dial()

    def _server_layer(self, flow: Flow) -> Layer | None:
        if flow.transport != "tls":
            return Plain()
        context = self._tls().server
        return None if context is None else Tls(context, server=True)

    def _client_layer(self, flow: Flow) -> Layer:
        if flow.transport != "tls":
            return Plain()
        return Tls(self._tls().client, server=False, name=flow.name or flow.remote[0])

    def _hold(self, flow: Flow, sock: socket.socket, layer: Layer) -> Connection:
        limit = self._limits().message_bytes
        connection = Connection(self._loop, flow, sock, layer, self, limit)
        self._watch(self._roster.add(connection, self._loop.time()))
        return connection

    def _make_room(self) -> bool:
        if len(self._roster) < self._limits().connections:
            return True
        spare = self._roster.spare(self._events.uses)
        if spare is None:
            return False
        self._count(spare.connection.flow, "evicted")
        spare.connection.end("its place was needed")
        return True

    def _watch(self, held: Held) -> None:
        self._deadlines.set(held.connection, held.due)
        self._arm()

    def _arm(self) -> None:
        self._timer.arm(self._deadlines.next())

    def _count(self, flow: Flow, what: str) -> None:
        self._counters[f"{flow.transport}_{what}"] += 1

    def _fail(self, flow: Flow, why: str, keys: list[object]) -> None:
        host, port = flow.remote
        place = f"{flow.transport}:{f'[{host}]' if ':' in host else host}:{port}"
        for key in keys:
            self._events.failed(key, f"{place}: {why}")

    def _ask_whose(self, flow: Flow, keys: list[object]) -> None:
        task = self._loop.create_task(self._whose(flow, keys))
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _whose(self, flow: Flow, keys: list[object]) -> None:
        self._fail(flow, await whose_certificate(flow, self._tls().nameless), keys)


def _socket(flow: Flow) -> socket.socket:
    v6 = ":" in flow.remote[0]
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    made = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    try:
        made.bind((flow.local[0], 0))
    except OSError:
        made.close()
        raise
    return made
