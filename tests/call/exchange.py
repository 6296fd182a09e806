"""One switchboard with two phones and a clock that only the test moves."""

from __future__ import annotations

from itertools import count
from typing import Any

from gateway.call.extension import Extension
from gateway.call.switchboard import Switchboard
from gateway.line.events import DigitEnded, DigitStarted, OffHook, OnHook, Ringing
from gateway.sip import EndCause
from tests.fakes.exchange import (
    FakeCaller,
    FakeObserver,
    FakePhone,
    FakeSession,
    FakeTrunks,
    FakeVoices,
    media,
)


class Exchange:
    """phone1 is alice's and has the account `trunk`; phone2 is anybody's and has none."""

    def __init__(self, *, rtp_ports: int = 10, info_digits: bool = False) -> None:
        self.phones = {"phone1": FakePhone(), "phone2": FakePhone()}
        self.voices = FakeVoices(rtp_ports)
        self.trunks = FakeTrunks()
        self.observer = FakeObserver()
        self.now = 100.0
        names = count(1)
        self.board = Switchboard(
            [
                Extension("phone1", ("alice", "+15551234567"), self.phones["phone1"], "trunk"),
                Extension("phone2", ("*",), self.phones["phone2"]),
            ],
            self.voices,
            self.trunks,
            self.observer,
            names=lambda: f"c{next(names)}",
            info_digits=info_digits,
        )

    @property
    def heard(self) -> str | None:
        """The tone that phone1 plays."""
        return self.phones["phone1"].last_tone

    @property
    def states(self) -> list[str]:
        return [call.state.value for call in self.board.calls]

    def invite(self, user: str = "alice", **caller: Any) -> Any:
        session: Any = FakeCaller(requested_user=user, **caller)
        self.board.incoming(session, self.now)
        return session

    def phone(self, *events: Any, line: str = "phone1") -> None:
        for event in events:
            match event:
                case OffHook():
                    self.phones[line].state = "off-hook"
                case OnHook():
                    self.phones[line].state = "idle"
            self.board.line_event(line, event, self.now)

    def talk(self, **caller: Any) -> Any:
        session = self.invite(**caller)
        self.phone(Ringing(), OffHook(answered=True))
        self.board.answered(session, self.now)
        return session

    def dial(self, digits: str, line: str = "phone1") -> Any:
        """Lift and press keys; the session of the call, None when none was placed."""
        before = len(self.trunks.sessions)
        self.phone(OffHook(answered=False), line=line)
        for digit in digits:
            self.phone(DigitStarted(digit), DigitEnded(digit, 100), line=line)
        placed = self.trunks.sessions[before:]
        return placed[0] if placed else None

    def call_out(self, digits: str = "600#") -> Any:
        """A call that phone1 placed and the far end answered."""
        session = self.dial(digits)
        session.media = media()
        self.board.answered(session, self.now)
        return session

    def end(self, session: FakeSession, why: EndCause, status: int | None = None) -> None:
        self.board.session_ended(session, why, status, self.now)

    def later(self, seconds: float) -> None:
        self.now += seconds
        while (due := self.board.next_deadline()) is not None and due <= self.now:
            self.board.handle_deadline(due)
