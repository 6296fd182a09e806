"""The connections there are: by flow, by source, and in the order of their last sign of life."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.net.connection import Connection
from gateway.sip import Flow

DIAL_S: Final = 4.0  # to connect and to shake hands; SIP's own patience is 32 s
HANDSHAKE_S: Final = 5.0
FIRST_MESSAGE_S: Final = 10.0  # from accept to the first whole message
IDLE_S: Final = 600.0
LINGER_S: Final = 2.0  # for what is left to send


@dataclass(slots=True)
class Held:
    """A connection, and what time knows of it (CLOCK_MONOTONIC seconds)."""

    connection: Connection
    since: float
    heard: float
    up: bool = False
    spoke: bool = False  # a whole message came

    @property
    def mute(self) -> bool:
        """Whether the peer opened it and has not said anything yet."""
        return self.connection.flow.accepted and not self.spoke

    @property
    def due(self) -> float:
        """When it has had its time, as far as is known now."""
        accepted = self.connection.flow.accepted
        if self.connection.state in {"connecting", "securing"}:
            return self.since + (HANDSHAKE_S if accepted else DIAL_S)
        if self.connection.state == "finishing":
            return self.heard + LINGER_S
        if self.mute:
            return self.since + FIRST_MESSAGE_S
        return self.heard + IDLE_S

    @property
    def late(self) -> str:
        """What was missing when it is due."""
        if self.connection.state == "connecting":
            return f"no answer within {DIAL_S:.0f} s"
        if self.connection.state == "securing":
            return "no TLS handshake in time"
        if self.mute:
            return f"no message within {FIRST_MESSAGE_S:.0f} s"
        return "nothing was said for too long"


class Roster:
    """All that are held. The dict's order is that of `heard`."""

    def __init__(self) -> None:
        self._held: dict[Flow, Held] = {}
        self._sources: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, connection: Connection, now: float) -> Held:
        """Begin to hold it."""
        held = Held(connection, now, now)
        self._held[connection.flow] = held
        if connection.flow.accepted:
            self._sources[connection.flow.remote[0]] += 1
        return held

    def get(self, flow: Flow) -> Held | None:
        """The one of that flow."""
        return self._held.get(flow)

    def of(self, connection: Connection) -> Held | None:
        """What is known of this very one; its flow may have a successor."""
        held = self._held.get(connection.flow)
        return held if held is not None and held.connection is connection else None

    def touch(self, held: Held, now: float) -> None:
        """It gave a sign of life."""
        held.heard = now
        flow = held.connection.flow
        self._held[flow] = self._held.pop(flow)

    def remove(self, held: Held) -> None:
        """It is gone."""
        flow = held.connection.flow
        del self._held[flow]
        if flow.accepted:
            self._sources[flow.remote[0]] -= 1
            if not self._sources[flow.remote[0]]:
                del self._sources[flow.remote[0]]

    def accepted_from(self, host: str) -> int:
        """How many connections a source has opened."""
        return self._sources[host]

    def number_of(self, transport: str) -> int:
        """How many of this transport."""
        return sum(flow.transport == transport for flow in self._held)

    def everyone(self) -> list[Held]:
        """All, longest silent first."""
        return list(self._held.values())

    def spare(self, uses: Callable[[Flow], bool]) -> Held | None:
        """The one that was silent longest of those that nobody needs."""
        for flow, held in self._held.items():
            dialling = not flow.accepted and not held.up
            if not dialling and not uses(flow):
                return held
        return None
