"""A SIP stack as the network sees it: it writes down what it is told and sends what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.sip import Datagram, Flow, StackSettings
from gateway.sip.wire import Lookup


@dataclass
class FakeCore:
    """`story` has a row for each call that tells it something. `turn` belongs to the pump."""

    settings: StackSettings = field(default_factory=StackSettings)
    story: list[tuple[object, ...]] = field(default_factory=list)
    outbox: list[Datagram] = field(default_factory=list)
    questions: list[Lookup] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    used: set[Flow] = field(default_factory=set)
    kept: list[Flow] = field(default_factory=list)
    deadline: float | None = None
    echoes: bool = False
    flush: Callable[[], None] = lambda: None
    turned: asyncio.Event = field(default_factory=asyncio.Event)

    def turn(self, now: float) -> None:
        self.flush()
        self.turned.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.turned.clear()
                await self.turned.wait()

    def told(self, what: str) -> list[tuple[object, ...]]:
        """The rows of one kind, without their kind."""
        return [row[1:] for row in self.story if row[0] == what]

    # --- SipCore --------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow, now: float, *, known: bool = True) -> None:
        self.story.append(("receive", data, flow, known))
        if self.echoes:
            self.outbox.append(Datagram(data, flow))

    def to_send(self) -> list[Datagram]:
        outbox, self.outbox = self.outbox, []
        return outbox

    def to_resolve(self) -> list[Lookup]:
        questions, self.questions = self.questions, []
        return questions

    def resolved(self, key: object, flows: list[Flow], now: float, reason: str = "") -> None:
        self.story.append(("resolved", key, flows, reason))

    def transport_failed(self, key: object, reason: str, now: float) -> None:
        self.story.append(("failed", key, reason))

    def connection_lost(self, flow: Flow, now: float) -> None:
        self.story.append(("lost", flow))

    def admits(self, host: str) -> bool:
        return host in self.expected

    def uses(self, flow: Flow) -> bool:
        return flow in self.used

    def live_flows(self) -> list[Flow]:
        return self.kept

    def keepalive_flows(self) -> list[Flow]:
        return self.kept

    def addresses_changed(self, now: float) -> None:
        self.story.append(("moved",))

    def learned(self, flow: Flow, host: str, port: int, now: float) -> None:
        self.story.append(("learned", flow, host, port))

    def next_deadline(self) -> float | None:
        return self.deadline

    def handle_deadline(self, now: float) -> None:
        self.deadline = None
        self.story.append(("deadline",))
