"""A telephone on its own: dial tone, dialling, refusal tone and howler, when no call is up.

A lifted phone hears the dial tone; what follows is decided by small time-outs (RFC 5098 defaults:
first digit 16 s, busy and reorder tone 30 s, then the off-hook warning, then silence).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from gateway.call.dialling import Dialling
from gateway.call.ports import Phone
from gateway.deadlines import Deadlines
from gateway.line.events import DigitEnded, DigitStarted, PulseDigit


class Idle(Enum):
    """What a phone that is in no call is doing."""

    RESTING = "on-hook or in a call"
    DIAL_TONE = "dial tone"
    DIALLING = "dialling"
    REFUSED = "busy or congestion tone"
    HOWLER = "off-hook warning"
    SILENT = "left off-hook"


FIRST_DIGIT_S: Final = 16.0
REFUSAL_S: Final = 30.0
HOWLER_S: Final = 60.0

# state: (tone, seconds until the next state, next state); the refusal's tone is chosen by its cause
_PLAN: Final[dict[Idle, tuple[str | None, float | None, Idle | None]]] = {
    Idle.RESTING: (None, None, None),
    Idle.DIAL_TONE: ("dial", FIRST_DIGIT_S, Idle.REFUSED),
    Idle.DIALLING: (None, None, None),
    Idle.REFUSED: ("congestion", REFUSAL_S, Idle.HOWLER),
    Idle.HOWLER: ("howler", HOWLER_S, Idle.SILENT),
    Idle.SILENT: (None, None, None),
}


class Extension:
    """One line of the exchange: its name, the users that ring it, its account and its phone.

    `messages` says that somebody left a message: the dial tone then stutters.
    """

    def __init__(
        self, name: str, users: tuple[str, ...], phone: Phone, account: str | None = None
    ) -> None:
        self.name = name
        self.users = users
        self.phone = phone
        self.account = account
        self.messages = False
        self._idle = Idle.RESTING
        self._dialling = Dialling()
        self._deadlines: Deadlines[str] = Deadlines()

    @property
    def idle(self) -> Idle:
        """What the phone does outside a call."""
        return self._idle

    def answers_to(self, user: str) -> bool:
        """Whether a Request-URI user rings this phone; `*` is any, a missing one too."""
        return "*" in self.users or user in self.users

    def rest(self, now: float) -> None:
        """On-hook, or taken by a call: no tone of ours."""
        self._enter(Idle.RESTING, now)

    def offer_dial_tone(self, now: float) -> None:
        """The handset was lifted with no call waiting."""
        self._enter(Idle.DIAL_TONE, now, "stutter" if self.messages else None)

    def refuse(self, tone: str, now: float) -> None:
        """What was wanted cannot be had: play `tone`, then warn, then fall silent."""
        self._enter(Idle.REFUSED, now, tone)

    def digit(self, event: DigitStarted | DigitEnded | PulseDigit, now: float) -> str | None:
        """A digit at the phone; the number, once it is complete. Too late a digit means nothing."""
        if self._idle is Idle.DIAL_TONE:
            self._enter(Idle.DIALLING, now)
        return self._dialling.take(event, now) if self._idle is Idle.DIALLING else None

    def next_deadline(self) -> float | None:
        """When the present tone ends, or the number is complete."""
        times = (self._deadlines.next(), self._dialling.next_deadline())
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> str | None:
        """Go on to the next tone; the number, where that is what was waited for."""
        for _ in self._deadlines.pop_due(now):
            following = _PLAN[self._idle][2]
            if following is not None:
                self._enter(following, now)
        return self._dialling.handle_deadline(now)

    def _enter(self, state: Idle, now: float, tone: str | None = None) -> None:
        planned, seconds, _ = _PLAN[state]
        self._idle = state
        self._dialling.clear()
        self._deadlines.cancel("tone")
        if seconds is not None:
            self._deadlines.set("tone", now + seconds)
        self.phone.tone(tone or planned, now)
