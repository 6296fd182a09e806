"""One call between a line and a SIP session: its state table and what the record will say."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.call.cause import Cause
from gateway.call.ports import Caller, Voice
from gateway.errors import LocalProtocolError


class CallState(Enum):
    """Where a call stands, as status shows it."""

    OFFERED = "offered"  # 100 sent, the bell has been asked to ring
    RINGING = "ringing"  # the port confirmed the bell, 180 sent
    TALKING = "talking"  # 200 sent, voice flows
    ENDED = "ended"


class Step(Enum):
    """What can happen to a call."""

    BELL = "bell confirmed"
    LIFT = "handset lifted"
    END = "end"


# The bell may be answered before its confirmation arrives: a hand was already on the phone.
TABLE: Final[dict[CallState, dict[Step, CallState]]] = {
    CallState.OFFERED: {
        Step.BELL: CallState.RINGING,
        Step.LIFT: CallState.TALKING,
        Step.END: CallState.ENDED,
    },
    CallState.RINGING: {Step.LIFT: CallState.TALKING, Step.END: CallState.ENDED},
    CallState.TALKING: {Step.END: CallState.ENDED},
    CallState.ENDED: {},
}


@dataclass(slots=True, eq=False)
class Call:
    """A call, from INVITE to record. Times are monotonic; the service adds the calendar."""

    name: str
    line: str
    caller: Caller
    started: float
    direction: str = "incoming"
    voice: Voice | None = None
    state: CallState = CallState.OFFERED
    answered: float | None = None
    ended: float | None = None
    cause: Cause | None = None
    sip_status: int | None = None
    warning: str | None = None
    on_hold: bool = False
    digits_sent: list[str] = field(default_factory=list)
    digits_received: list[str] = field(default_factory=list)
    history: deque[tuple[float, Step, CallState]] = field(default_factory=lambda: deque(maxlen=16))

    def take(self, step: Step, now: float) -> None:
        """Advance by the table: the only place that sets `state`."""
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
