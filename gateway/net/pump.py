"""Moves bytes between sockets and the SIP stack, and knows nothing of SIP.

Whatever happens here ends in `turn(now)`. What fails in the midst of sending is told to the stack
later, as an event of its own, never from inside the stack's own call.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeAlias

from gateway.errors import ConfigError, SystemRefusal
from gateway.net.address_watch import AddressWatch
from gateway.net.connections import Connections
from gateway.net.core import SipCore, Standing
from gateway.net.keepalive import PING, Keepalive
from gateway.net.paths import Paths, is_ours, source_for
from gateway.net.resolve import Resolver
from gateway.net.stun_query import StunQuery, server_address
from gateway.net.tcp import StreamListener
from gateway.net.timer import CoreTimer
from gateway.net.tls import TlsContexts, TlsFiles, build
from gateway.net.udp import UdpListener
from gateway.net.upkeep import Upkeep
from gateway.sip import Datagram, Flow
from gateway.sip.framing import Beat
from gateway.sip.wire import Lookup

Listener: TypeAlias = UdpListener | StreamListener

# A send when our address or the way there is gone; EINVAL is what IP_PKTINFO makes of the former.
_SUSPICIOUS: Final = {errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL}
_chance: Final = secrets.SystemRandom().random


class Pump:
    """Drives one stack. `turn(now)` is called whenever the stack may have something to say.

    `allow` says whether a source is in the allow-list; `tls` serves new connections. Both may be
    exchanged while all goes on, as a reload does.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        core: SipCore,
        allow: Callable[[str], bool],
        turn: Callable[[float], None],
        *,
        tls: TlsContexts | None = None,
        resolver: Callable[[Paths], Resolver] = Resolver,
    ) -> None:
        self._loop = loop
        self._core = core
        self._turn = turn
        self.allow = allow
        self.tls = tls
        self.listeners: list[Listener] = []
        self._paths = Paths(self.listeners)
        self.resolver = resolver(self._paths)
        self._connections = Connections(
            loop, self, lambda: core.settings.limits, self._tls_contexts
        )
        self._keepalive = Keepalive(_chance)
        self._upkeep = Upkeep(
            loop,
            core,
            self._keepalive,
            AddressWatch(source_for),
            ping=self._ping,
            dead=lambda flow: self._connections.end(flow, "the peer does not answer pings"),
            moved=lambda: self._later(self._core.addresses_changed),
        )
        self._timer = CoreTimer(loop, self._due)
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: Counter[str] = Counter()
        self._closed = False

    # --- for the service ------------------------------------------------------------------------

    def listen(self, transport: str, host: str, port: int) -> Listener:
        """Open a listener for "udp", "tcp" or "tls"; port 0 is any free one.

        Raises SystemRefusal when the address cannot be had, and ConfigError for TLS without a
        certificate.
        """
        listener: Listener
        if transport == "udp":
            listener = UdpListener(host, port, self.judge, self._datagram)
        elif transport == "tls" and self._tls_contexts().server is None:
            raise ConfigError("a tls listener needs a certificate and its key ([sip.tls])")
        else:
            listener = StreamListener(transport, host, port, self.judge, self._connections.accept)
        listener.start(self._loop)
        self.listeners.append(listener)
        self._upkeep.start()
        return listener

    def flush(self) -> None:
        """Send and look up what the stack asks for, and set its timer anew."""
        for datagram in self._core.to_send():
            if datagram.flow.reliable:
                self._connections.send(datagram)
            else:
                self._send(datagram)
        for lookup in self._core.to_resolve():
            self._start(self._resolve(lookup))
        self._timer.arm(self._core.next_deadline())

    async def stun(self, server: str) -> tuple[str, int]:
        """Ask a STUN server ("host" or "host:port") how the world sees our UDP listener.

        The stack is told, too. Raises SystemRefusal when there is no answer.
        """
        host, port = server_address(server)
        v6 = not any(":" not in each.host for each in self.listeners if each.transport == "udp")
        address = await self.resolver.address(host, v6=v6, now=self._loop.time())
        local = self._paths.local("udp", address)
        listener = None if local is None else self._owner(local)
        if local is None or listener is None:
            raise SystemRefusal(f"no UDP listener of ours can ask the STUN server {server}")
        seen = await StunQuery(self._loop, listener, local[0], (address, port)).run()
        self._core.learned(Flow("udp", local, (address, port)), *seen, self._loop.time())
        self._turn(self._loop.time())
        return seen

    @property
    def counters(self) -> Mapping[str, int]:
        """Totals since the start and connections there are now, by transport."""
        unsent = sum(each.unsent for each in self.listeners if isinstance(each, UdpListener))
        strangers = Counter(self._strangers)
        for each in self.listeners:
            strangers[each.transport] += each.strangers
        refused = {f"{each}_strangers": strangers[each] for each in ("udp", "tcp", "tls")}
        return {**self._connections.counters, **refused, "udp_unsent": unsent}

    def take_strangers(self) -> tuple[int, str]:
        """How many strangers were turned away since the last time, and the last one's address."""
        count = sum(listener.strangers for listener in self.listeners)
        last = next((each.last_stranger for each in self.listeners if each.strangers), "")
        for listener in self.listeners:
            self._strangers[listener.transport] += listener.strangers
            listener.strangers = 0
        return count, last

    def judge(self, host: str) -> Standing:
        """What a source is to us."""
        if self.allow(host):
            return Standing.KNOWN
        return Standing.EXPECTED if self._core.admits(host) else Standing.STRANGER

    def close(self) -> None:
        """Stop timers and tasks, close listeners and connections."""
        self._closed = True
        self._timer.arm(None)
        self._upkeep.stop()
        for task in self._tasks:
            task.cancel()
        for listener in self.listeners:
            listener.close()
        self._connections.close()

    # --- what connections tell (Events) ---------------------------------------------------------

    def message(self, data: bytes, flow: Flow) -> None:
        """A whole message came on a connection."""
        self._keepalive.heard(flow)
        self._receive(data, flow, known=self.allow(flow.remote[0].partition("%")[0]))

    def beat(self, flow: Flow, beat: Beat) -> None:
        """A ping or a pong came on a connection."""
        self._keepalive.heard(flow, beat)

    def lost(self, flow: Flow) -> None:
        """A connection is gone."""
        self._keepalive.forget(flow)
        self._later(self._core.connection_lost, flow)

    def failed(self, key: object, why: str) -> None:
        """A message could not be sent."""
        self._later(self._core.transport_failed, key, why)

    def uses(self, flow: Flow) -> bool:
        """Whether a connection must stay."""
        return self._core.uses(flow)

    # --- inside ---------------------------------------------------------------------------------

    def _datagram(self, data: bytes, flow: Flow, standing: Standing) -> None:
        self._receive(data, flow, known=standing is Standing.KNOWN)

    def _receive(self, data: bytes, flow: Flow, *, known: bool) -> None:
        now = self._loop.time()
        self._core.receive(data, flow, now, known=known)
        self._turn(now)

    def _due(self, now: float) -> None:
        self._core.handle_deadline(now)
        self._turn(now)

    def _send(self, datagram: Datagram) -> None:
        local = datagram.flow.local
        try:
            listener = self._owner(local)
            if listener is None:
                raise OSError(f"no listener has the address {local[0]}:{local[1]} any more")
            listener.send(datagram.data, local[0], datagram.flow.remote)
        except OSError as error:
            if error.errno in _SUSPICIOUS:
                self._upkeep.suspect(self._loop.time(), gone=not is_ours(local[0]))
            self.failed(datagram.key, error.strerror or str(error))

    def _owner(self, local: tuple[str, int]) -> UdpListener | None:
        for each in self.listeners:
            if isinstance(each, UdpListener) and each.owns(local):
                return each
        return None

    def _ping(self, flow: Flow) -> None:
        if flow.reliable:
            self._connections.ping(flow, PING)
        else:
            self._send(Datagram(PING, flow))

    async def _resolve(self, lookup: Lookup) -> None:
        flows: list[Flow] = []
        why = ""
        try:
            flows = await self.resolver.flows(lookup, self._loop.time())
        except SystemRefusal as error:
            why = str(error)
        except Exception as error:  # a defect must not leave the stack waiting for ever
            why = f"looking up {lookup.target.host} failed: {error!r}"
        now = self._loop.time()
        self._core.resolved(lookup.key, flows, now, why)
        self._turn(now)

    def _tls_contexts(self) -> TlsContexts:
        if self.tls is None:
            self.tls = build(TlsFiles())
        return self.tls

    def _later(self, tell: Callable[..., None], *what: object) -> None:
        self._loop.call_soon(self._tell, tell, what)

    def _tell(self, tell: Callable[..., None], what: tuple[object, ...]) -> None:
        if not self._closed:
            now = self._loop.time()
            tell(*what, now)
            self._turn(now)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
