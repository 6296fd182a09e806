"""What the pump drives: the SIP stack as this package sees it, and who may speak to it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from gateway.sip import Datagram, Flow, StackSettings
from gateway.sip.wire import Lookup


class Standing(Enum):
    """What a source is to us."""

    KNOWN = "known"  # in the allow-list
    EXPECTED = "expected"  # only the stack expects it: a registrar, a peer of a call of ours
    STRANGER = "stranger"  # gets not one byte


class SipCore(Protocol):
    """A sans-IO SIP stack. Times are CLOCK_MONOTONIC seconds; nothing here raises or waits."""

    @property
    def settings(self) -> StackSettings:
        """Its `limits` bound what a peer can make us hold."""

    def receive(self, data: bytes, flow: Flow, now: float, *, known: bool = True) -> None:
        """Take one whole message; `known`: the source is in the allow-list."""

    def to_send(self) -> list[Datagram]:
        """What is to be sent now, in order."""

    def to_resolve(self) -> list[Lookup]:
        """Names to look up."""

    def resolved(self, key: object, flows: list[Flow], now: float, reason: str = "") -> None:
        """The flows to a target, best first; none with a reason."""

    def transport_failed(self, key: object, reason: str, now: float) -> None:
        """A datagram with that key could not be sent."""

    def connection_lost(self, flow: Flow, now: float) -> None:
        """A connection that was up is gone."""

    def admits(self, host: str) -> bool:
        """Whether a source outside the allow-list is expected."""

    def uses(self, flow: Flow) -> bool:
        """Whether a call or registration lives on that connection."""

    def live_flows(self) -> list[Flow]:
        """Flows that calls and registrations live on."""

    def keepalive_flows(self) -> list[Flow]:
        """Those that must be kept open."""

    def addresses_changed(self, now: float) -> None:
        """Our own addresses are others now."""

    def learned(self, flow: Flow, host: str, port: int, now: float) -> None:
        """A STUN server sees the listener of that flow at this address."""

    def next_deadline(self) -> float | None:
        """When `handle_deadline` wants to be called."""

    def handle_deadline(self, now: float) -> None:
        """Run the timers that are due."""
