"""Moves bytes between listeners and the SIP stack, and knows nothing of SIP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.errors import SystemRefusal
from gateway.net.resolve import Resolver, is_address
from gateway.net.timer import CoreTimer
from gateway.net.udp import Admit, UdpListener
from gateway.sip import Datagram, Flow, Stack


class Pump:
    """Drives one Stack. `turn(now)` is called whenever the stack may have something to say."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        stack: Stack,
        admit: Admit,
        turn: Callable[[float], None],
    ) -> None:
        self._loop = loop
        self._stack = stack
        self._admit = admit
        self._turn = turn
        self._resolver = Resolver()
        self._timer = CoreTimer(loop, self._due)
        self._tasks: set[asyncio.Task[None]] = set()
        self.listeners: list[UdpListener] = []

    def listen(self, host: str, port: int) -> UdpListener:
        """Open a UDP listener. Raises SystemRefusal."""
        listener = UdpListener(host, port, self._admit, self._received)
        listener.start(self._loop)
        self.listeners.append(listener)
        return listener

    def flush(self) -> None:
        """Send what the stack has to send and set its timer anew."""
        for datagram in self._stack.to_send():
            if is_address(datagram.flow.remote[0]):
                self._send(datagram, datagram.flow.remote)
            else:
                self._start(self._send_to_name(datagram))
        self._timer.arm(self._stack.next_deadline())

    def take_strangers(self) -> tuple[int, str]:
        """How many datagrams of strangers were dropped since the last time, and the last source."""
        count = sum(listener.strangers for listener in self.listeners)
        last = next((each.last_stranger for each in self.listeners if each.strangers), "")
        for listener in self.listeners:
            listener.strangers = 0
        return count, last

    def close(self) -> None:
        """Stop the timer and close the listeners."""
        self._timer.arm(None)
        for task in self._tasks:
            task.cancel()
        for listener in self.listeners:
            listener.close()

    def _received(self, data: bytes, flow: Flow) -> None:
        now = self._loop.time()
        self._stack.receive(data, flow, now)
        self._turn(now)

    def _due(self, now: float) -> None:
        self._stack.handle_deadline(now)
        self._turn(now)

    def _send(self, datagram: Datagram, remote: tuple[str, int]) -> None:
        local = datagram.flow.local
        listener = next((each for each in self.listeners if each.owns(local)), None)
        try:
            if listener is None:
                raise OSError(f"no listener has the address {local[0]}:{local[1]} any more")
            listener.send(datagram.data, local[0], remote)
        except OSError as error:
            self._failed(datagram, str(error))

    async def _send_to_name(self, datagram: Datagram) -> None:
        host, port = datagram.flow.remote
        v6 = ":" in datagram.flow.local[0]
        try:
            address = await self._resolver.address(host, v6=v6, now=self._loop.time())
        except SystemRefusal as error:
            self._failed(datagram, str(error))
        else:
            self._send(datagram, (address, port))

    def _failed(self, datagram: Datagram, why: str) -> None:
        # Not from inside the stack's own call: a failure is an event of its own.
        self._loop.call_soon(self._report_failure, datagram.key, why)

    def _report_failure(self, key: object, why: str) -> None:
        now = self._loop.time()
        self._stack.transport_failed(key, why, now)
        self._turn(now)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
