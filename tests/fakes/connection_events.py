"""Hears of connections in the place of the pump, and answers messages as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.sip import Flow
from gateway.sip.framing import Beat


@dataclass
class FakeEvents:
    """What came, in order. `until(condition)` waits for more of it."""

    messages: list[tuple[bytes, Flow]] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    gone: list[Flow] = field(default_factory=list)
    failures: list[tuple[object, str]] = field(default_factory=list)
    used: set[Flow] = field(default_factory=set)
    answer: Callable[[bytes, Flow], None] = lambda data, flow: None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def message(self, data: bytes, flow: Flow) -> None:
        self.messages.append((data, flow))
        self.answer(data, flow)
        self.news.set()

    def beat(self, flow: Flow, beat: Beat) -> None:
        self.beats.append(beat)
        self.news.set()

    def lost(self, flow: Flow) -> None:
        self.gone.append(flow)
        self.news.set()

    def failed(self, key: object, why: str) -> None:
        self.failures.append((key, why))
        self.news.set()

    def uses(self, flow: Flow) -> bool:
        return flow in self.used

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.news.clear()
                await self.news.wait()
