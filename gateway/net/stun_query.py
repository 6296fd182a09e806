"""Asks one STUN server through one UDP listener, beside the SIP that goes on there."""

from __future__ import annotations

import asyncio
import secrets

from gateway.errors import ConfigError, RemoteProtocolError, SystemRefusal
from gateway.net import stun
from gateway.net.resolve import is_address
from gateway.net.timer import CoreTimer
from gateway.net.udp import UdpListener


def server_address(text: str) -> stun.Address:
    """A STUN server from "host", "host:port" or "[address]:port". Raises ConfigError."""
    if is_address(text):
        return text, stun.DEFAULT_PORT
    host, colon, port = text.rpartition(":") if ":" in text else (text, "", "")
    host = host.removeprefix("[").removesuffix("]")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    if not host or (colon and not 0 < number < 65536):
        raise ConfigError(f"{text!r} is no STUN server; allowed is a host name, or host:port")
    return host, number or stun.DEFAULT_PORT


class StunQuery:
    """One question. While it lasts, the listener shows it every datagram first."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: UdpListener,
        local: str,
        server: stun.Address,
    ) -> None:
        self._listener = listener
        self._local = local
        self._server = server
        self._transaction = secrets.token_bytes(12)
        self._answer: asyncio.Future[stun.Address] = loop.create_future()
        self._timer = CoreTimer(loop, self._due)
        self._retransmission = stun.Retransmission(loop.time())

    async def run(self) -> stun.Address:
        """The address that the server sees. Raises SystemRefusal when it tells none in time."""
        if self._listener.intercept is not None:
            raise SystemRefusal("another STUN query is under way on this listener")
        self._listener.intercept = self.intercept
        try:
            self._timer.arm(self._retransmission.next_deadline)
            return await self._answer
        finally:
            self._timer.arm(None)
            self._listener.intercept = None

    def intercept(self, data: bytes, source: stun.Address) -> bool:
        """Take the response; everything else is not ours."""
        if source != self._server or not stun.answers(data, self._transaction):
            return False
        if not self._answer.done():
            try:
                self._answer.set_result(stun.mapped_address(data))
            except RemoteProtocolError as error:
                self._answer.set_exception(SystemRefusal(str(error)))
        return True

    def _due(self, now: float) -> None:
        step = self._retransmission.step(now)
        host, port = self._server
        if step.give_up and not self._answer.done():
            self._answer.set_exception(SystemRefusal(f"the STUN server {host}:{port} is silent"))
            return
        try:
            if step.send:
                self._listener.send(stun.request(self._transaction), self._local, self._server)
        except OSError as error:
            if not self._answer.done():
                why = f"cannot ask the STUN server {host}:{port}: {error.strerror}"
                self._answer.set_exception(SystemRefusal(why))
            return
        self._timer.arm(self._retransmission.next_deadline)
