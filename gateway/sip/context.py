"""What all parts of one stack share: timers, outgoing queues, events, counters, settings."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from gateway.deadlines import Deadlines
from gateway.sip.events import Event
from gateway.sip.public_address import PublicAddress
from gateway.sip.resting import Resting
from gateway.sip.serializer import bracketed
from gateway.sip.settings import PROFILES, Profile, StackSettings, Tokens
from gateway.sip.trust import Trust
from gateway.sip.wire import Datagram, Flow, Lookup, Target

COOKIE: Final = "z9hG4bK"


class TimerOwner(Protocol):
    """Something that armed a deadline and is told when it comes."""

    def timer(self, name: str, now: float) -> None:
        """The deadline `name` has come."""


class Resolvable(Protocol):
    """Something that asked where to send to."""

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The flows, best first; none with a reason in words."""


class Context:
    """Shared state of one stack; it has no protocol in it."""

    __slots__ = (
        "counters", "datagrams", "deadlines", "events", "lookups", "public", "resting",
        "settings", "tokens", "trust",
    )  # fmt: skip

    def __init__(self, settings: StackSettings, tokens: Tokens) -> None:
        self.settings = settings
        self.tokens = tokens
        self.deadlines: Deadlines[tuple[str, TimerOwner]] = Deadlines()
        self.datagrams: list[Datagram] = []
        self.lookups: list[Lookup] = []
        self.events: deque[Event] = deque()
        self.counters: dict[str, int] = {}
        self.trust = Trust()
        self.public = PublicAddress()
        self.resting = Resting()

    def profile_for(self, host: str) -> Profile:
        """What is offered to a peer at `host`."""
        return PROFILES[self.settings.profile_name(host)]

    def send(self, data: bytes, flow: Flow, key: object = None) -> None:
        """Queue a message."""
        self.datagrams.append(Datagram(data, flow, key))
        self.count("sent")

    def ask(self, target: Target, key: Resolvable, prefer: str = "") -> None:
        """Queue a question; the answer comes to `key.resolved`."""
        self.lookups.append(Lookup(target, key, prefer))

    def report(self, event: Event) -> None:
        """Queue an event."""
        self.events.append(event)

    def count(self, what: str, by: int = 1) -> None:
        """Add to a counter; the names are a fixed set in the code, never the peer's words."""
        self.counters[what] = self.counters.get(what, 0) + by

    def branch(self) -> str:
        """A new branch (section 8.1.1.7)."""
        return COOKIE + self.tokens.hex(10)

    def via(self, flow: Flow, branch: str) -> str:
        """The Via of a request of ours on a flow; with rport (RFC 3581 section 3)."""
        address = f"{bracketed(self.host_for(flow))}:{self.port_for(flow)}"
        return f"SIP/2.0/{flow.transport.upper()} {address};branch={branch};rport"

    def contact(self, user: str, flow: Flow, *, sips: bool = False) -> str:
        """Our URI for a Contact: reachable from outside, on the listener of that flow.

        `sips`: what it goes with is for a sips URI (sections 8.1.1.8 and 12.1.1).
        """
        address = f"{bracketed(self.host_for(flow))}:{self.port_for(flow)}"
        address = f"{user}@{address}" if user else address
        # RFC 5630 section 3.1.4: no transport=tls beside sips.
        return f"sips:{address}" if sips else f"sip:{address};transport={flow.transport}"

    def host_for(self, flow: Flow) -> str:
        """What Via, Contact and SDP say on a flow."""
        return self.public.host(self.settings, flow.local[0], flow.remote[0])

    def port_for(self, flow: Flow) -> int:
        """The port beside it."""
        return self.public.port(self.settings, flow)
