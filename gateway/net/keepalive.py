"""When to send which keep-alive, and when a connection is dead. No clock, no socket.

UDP: CRLFs every 25 s, to keep a NAT's binding (practice, not RFC 5626). TCP and TLS: double CRLF
every 95-110 s, which stays below Twilio's two minutes. RFC 5626 section 4.4.1 demands the pong
within 10 s where both sides agreed on it; here nobody agrees, and not every peer pongs. So a pong
is demanded only once this connection has seen one. Before, the kernel finds dead peers: an
unacknowledged ping ends the connection (TCP_USER_TIMEOUT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, NamedTuple

from gateway.deadlines import Deadlines
from gateway.sip import Flow
from gateway.sip.framing import Beat

PING: Final = b"\r\n\r\n"
PONG_S: Final = 10.0

_UDP_S: Final = (20.0, 30.0)  # 25 s, give or take a fifth, so that many phones do not beat as one
_STREAM_S: Final = (95.0, 110.0)


class Act(Enum):
    """What is due."""

    PING = "ping"
    DEAD = "dead"  # the pong did not come: close the connection


class Due(NamedTuple):
    """Something to be done on a flow."""

    act: Act
    flow: Flow


@dataclass(slots=True)
class _Kept:
    """What is known of a flow. `pongs`: the peer has answered a ping of ours before."""

    pongs: bool = False
    awaiting: bool = False
    answered: bool = False  # since our last ping
    half: bool = False  # what answered may be the first half of the peer's own ping


class Keepalive:
    """The rhythm of every flow that is kept. `random` gives numbers from 0 to below 1."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._kept: dict[Flow, _Kept] = {}
        self._deadlines: Deadlines[tuple[Literal["ping", "pong"], Flow]] = Deadlines()

    def keep(self, flows: Iterable[Flow], now: float) -> None:
        """These are to be kept from now on, and no others."""
        wanted = set(flows)
        for flow in [each for each in self._kept if each not in wanted]:
            self.forget(flow)
        for flow in wanted:
            if flow not in self._kept:
                self._kept[flow] = _Kept()
                self._schedule(flow, now)

    def next_deadline(self) -> float | None:
        """When `due` wants to be asked."""
        return self._deadlines.next()

    def due(self, now: float) -> list[Due]:
        """What is to be done now."""
        acts: list[Due] = []
        for what, flow in self._deadlines.pop_due(now):
            if what == "pong":
                self.forget(flow)
                acts.append(Due(Act.DEAD, flow))
            else:
                self._expect(flow, now)
                self._schedule(flow, now)
                acts.append(Due(Act.PING, flow))
        return acts

    def heard(self, flow: Flow, beat: Beat | None = None) -> None:
        """A beat or a message came: the peer lives."""
        kept = self._kept.get(flow)
        if kept is None:
            return
        self._deadlines.cancel(("pong", flow))
        if beat is Beat.PING and kept.half:
            kept.answered = False
        kept.half = beat is Beat.PONG and kept.awaiting
        kept.answered = kept.answered or kept.half
        kept.awaiting = False

    def forget(self, flow: Flow) -> None:
        """The flow is gone."""
        self._kept.pop(flow, None)
        self._deadlines.cancel(("ping", flow))
        self._deadlines.cancel(("pong", flow))

    def _expect(self, flow: Flow, now: float) -> None:
        kept = self._kept[flow]
        kept.pongs = kept.pongs or kept.answered
        kept.awaiting, kept.answered = flow.reliable, False
        if kept.pongs:
            self._deadlines.set(("pong", flow), now + PONG_S)

    def _schedule(self, flow: Flow, now: float) -> None:
        earliest, latest = _STREAM_S if flow.reliable else _UDP_S
        self._deadlines.set(("ping", flow), now + earliest + (latest - earliest) * self._random())
