"""One call between a line and a SIP session: its state table and what the record will say."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.call.cause import Cause
from gateway.call.ports import Caller, Session, Voice
from gateway.errors import LocalProtocolError


class CallState(Enum):
    """Where a call stands, as status shows it."""

    OFFERED = "offered"  # a call in: 100 sent, the bell has been asked to ring
    PROCEEDING = "proceeding"  # a call out: INVITE on its way, nothing heard but 100
    RINGING = "ringing"  # a bell rings: ours, or by their 180 the one we called
    EARLY = "early-media"  # a call out: the far end is heard before it answers
    TALKING = "talking"  # 200 sent or come, voice flows
    ENDED = "ended"


class Step(Enum):
    """What can happen to a call, whoever began it."""

    BELL = "bell rings"
    MEDIA = "early media"
    ANSWER = "handset lifted"
    END = "end"


# A call may be answered before its bell is heard of: a hand was already on the phone.
# Early media that are heard are not given up for a 180 that comes late; silence is (RFC 3960
# section 3.2).
TABLE: Final[dict[CallState, dict[Step, CallState]]] = {
    CallState.OFFERED: {
        Step.BELL: CallState.RINGING,
        Step.ANSWER: CallState.TALKING,
        Step.END: CallState.ENDED,
    },
    CallState.PROCEEDING: {
        Step.BELL: CallState.RINGING,
        Step.MEDIA: CallState.EARLY,
        Step.ANSWER: CallState.TALKING,
        Step.END: CallState.ENDED,
    },
    CallState.RINGING: {
        Step.MEDIA: CallState.EARLY,
        Step.ANSWER: CallState.TALKING,
        Step.END: CallState.ENDED,
    },
    CallState.EARLY: {
        Step.BELL: CallState.RINGING,
        Step.ANSWER: CallState.TALKING,
        Step.END: CallState.ENDED,
    },
    CallState.TALKING: {Step.END: CallState.ENDED},
    CallState.ENDED: {},
}


@dataclass(slots=True, eq=False)
class Call:
    """A call, from INVITE to record. Times are monotonic; the service adds the calendar.

    `caller` is the session once more when it is one that called us, None for a call that we placed.
    """

    name: str
    line: str
    session: Session
    started: float
    caller: Caller | None = None
    account: str | None = None
    voice: Voice | None = None
    state: CallState = field(init=False)
    answered: float | None = None
    ended: float | None = None
    cause: Cause | None = None
    sip_status: int | None = None
    warning: str | None = None
    heard: bool = False  # voice has come from the far end
    held_by_peer: bool = False
    held_by_us: bool = False
    leaving: bool = False  # the far end has gone where we sent it
    digits_sent: list[str] = field(default_factory=list)
    digits_received: list[str] = field(default_factory=list)
    history: deque[tuple[float, Step, CallState]] = field(default_factory=lambda: deque(maxlen=16))

    def __post_init__(self) -> None:
        self.state = CallState.PROCEEDING if self.caller is None else CallState.OFFERED

    @property
    def direction(self) -> str:
        """incoming or outgoing."""
        return "outgoing" if self.caller is None else "incoming"

    @property
    def on_hold(self) -> bool:
        """Whether either side has put the other on hold."""
        return self.held_by_peer or self.held_by_us

    def take(self, step: Step, now: float) -> None:
        """Advance by the table: the only place that moves `state`."""
        following = TABLE[self.state].get(step)
        if following is None:
            raise LocalProtocolError(f"call {self.name}: {step.value} while {self.state.value}")
        self.state = following
        self.history.append((now, step, following))
        if following is CallState.TALKING:
            self.answered = now
        elif following is CallState.ENDED:
            self.ended = now

    def allows(self, step: Step) -> bool:
        """Whether the table knows `step` in the present state."""
        return step in TABLE[self.state]
