"""What all parts of one stack share: timers, the outgoing queue, events, counters, settings."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from gateway.deadlines import Deadlines
from gateway.sip.events import Event
from gateway.sip.settings import PROFILES, Profile, StackSettings, Tokens
from gateway.sip.wire import Datagram, Flow


class TimerOwner(Protocol):
    """Something that armed a deadline and is told when it comes."""

    def timer(self, name: str, now: float) -> None:
        """The deadline `name` has come."""


class Context:
    """Shared state of one stack; it has no protocol in it."""

    __slots__ = ("counters", "datagrams", "deadlines", "events", "settings", "tokens")

    def __init__(self, settings: StackSettings, tokens: Tokens) -> None:
        self.settings = settings
        self.tokens = tokens
        self.deadlines: Deadlines[tuple[str, TimerOwner]] = Deadlines()
        self.datagrams: list[Datagram] = []
        self.events: deque[Event] = deque()
        self.counters: dict[str, int] = {}

    @property
    def profile(self) -> Profile:
        """The offer that the settings name."""
        return PROFILES[self.settings.profile]

    def send(self, data: bytes, flow: Flow, key: object = None) -> None:
        """Queue a datagram."""
        self.datagrams.append(Datagram(data, flow, key))
        self.count("sent")

    def report(self, event: Event) -> None:
        """Queue an event."""
        self.events.append(event)

    def count(self, what: str, by: int = 1) -> None:
        """Add to a counter; the names are a fixed set in the code, never the peer's words."""
        self.counters[what] = self.counters.get(what, 0) + by
