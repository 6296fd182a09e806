"""Whatever happens in whatever order: every call ends once, and leaves nothing behind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.errors import TipringError
from gateway.line.events import (
    DigitEnded,
    DigitStarted,
    HookFlash,
    LineFault,
    LineReady,
    OffHook,
    OnHook,
    PulseDigit,
    Ringing,
)
from gateway.sip import EndCause
from tests.call.exchange import Exchange
from tests.fakes.exchange import FakeTransfer, media

STATUSES = st.sampled_from([100, 180, 183, 200, 404, 486, 503])
ENDS = st.sampled_from(list(EndCause))


class AnyOrder(RuleBasedStateMachine):
    """One phone, and everything that can reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Exchange(rtp_ports=1000)
        self.callers: list[Any] = []
        self.transfers: list[FakeTransfer] = []

    @property
    def sessions(self) -> list[Any]:
        return [*self.callers, *self.exchange.trunks.sessions]

    def any_session(self, data: st.DataObject) -> Any:
        return data.draw(st.sampled_from(self.sessions))

    # --- the phone -----------------------------------------------------------------------------

    @property
    def phone(self) -> Any:
        return self.exchange.phones["phone1"]

    @precondition(lambda self: self.phone.state in {"idle", "ringing"})
    @rule()
    def lift(self) -> None:
        self.exchange.phone(OffHook(answered=self.phone.state == "ringing"))

    @precondition(lambda self: self.phone.state == "off-hook")
    @rule()
    def put_down(self) -> None:
        self.exchange.phone(OnHook())
        assert not [call for call in self.exchange.board.calls if call.line == "phone1"]

    @precondition(lambda self: self.phone.state == "ringing")
    @rule()
    def ring(self) -> None:
        self.exchange.phone(Ringing())

    @precondition(lambda self: self.phone.state == "off-hook")
    @rule(
        event=st.sampled_from(
            [
                DigitStarted("1"),
                DigitEnded("1", 90),
                DigitStarted("#"),
                PulseDigit("2"),
                HookFlash(),
            ]
        )
    )
    def press(self, event: Any) -> None:
        self.exchange.phone(event)

    @rule()
    def fault(self) -> None:
        before = self.phone.state
        self.phone.state = "fault"
        self.exchange.phone(LineFault("gone"))
        self.phone.state = "off-hook" if before == "off-hook" else "idle"
        self.exchange.phone(LineReady())
        if before == "off-hook":
            self.exchange.phone(OffHook(answered=False))

    # --- the far end ---------------------------------------------------------------------------

    @rule(data=st.data())
    def invite(self, data: st.DataObject) -> None:
        replaces = data.draw(st.sampled_from([None, *self.sessions]))
        self.callers.append(self.exchange.invite(replaces=replaces))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), status=STATUSES, early=st.booleans())
    def progress(self, data: st.DataObject, status: int, early: bool) -> None:
        session = self.any_session(data)
        if session in self.callers:
            return
        if early or status == 200:
            session.media = media()
        if status < 200:
            self.exchange.board.progress(session, status, self.exchange.now)
        elif status == 200:
            self.exchange.board.answered(session, self.exchange.now)
        else:
            self.exchange.end(session, EndCause.TRANSPORT, status)

    @precondition(lambda self: self.exchange.board.calls)
    @rule(data=st.data())
    def voice_heard(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self.exchange.board.calls))
        self.exchange.board.voice_heard(call, self.exchange.now)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), why=ENDS)
    def session_ends(self, data: st.DataObject, why: EndCause) -> None:
        self.exchange.end(self.any_session(data), why, None)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def refer(self, data: st.DataObject) -> None:
        self.transfers.append(FakeTransfer())
        self.exchange.board.transfer_requested(
            self.any_session(data), self.transfers[-1], self.exchange.now
        )

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), sending=st.booleans())
    def reinvite(self, data: st.DataObject, sending: bool) -> None:
        self.exchange.board.media_changed(
            self.any_session(data), media(sending=sending), self.exchange.now
        )

    # --- the owner, and time -------------------------------------------------------------------

    @rule(command=st.sampled_from(["hang_up", "hold", "resume"]))
    def command(self, command: str) -> None:
        with suppress(TipringError):
            getattr(self.exchange.board.commands, command)("phone1", self.exchange.now)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.exchange.later(seconds)

    # --- what always holds ---------------------------------------------------------------------

    @invariant()
    def ended_calls_are_gone(self) -> None:
        for call in self.exchange.observer.calls:
            assert call.state.value == "ended"
            assert call not in self.exchange.board.calls
        assert len(set(self.exchange.observer.calls)) == len(self.exchange.observer.calls)

    @invariant()
    def voices_stop_with_their_calls(self) -> None:
        up = [call.voice for call in self.exchange.board.calls]
        for voice in self.exchange.voices.taken:
            assert (voice.log.count(("stop",)) == 0) == any(voice is each for each in up)

    @invariant()
    def a_session_is_told_once(self) -> None:
        for session in self.sessions:
            ends = [entry for entry in session.log if entry[0] in {"hang_up", "reject"}]
            assert len(ends) <= 1

    @invariant()
    def one_call_has_the_phone(self) -> None:
        voices: list[Any] = [call.voice for call in self.exchange.board.calls]
        places = [
            [entry[0] for entry in voice.log if entry[0] in {"apply", "detach", "attach"}]
            for voice in voices
        ]
        assert len([place for place in places if place and has_phone(place)]) <= 1

    @invariant()
    def a_transfer_gets_one_last_word(self) -> None:
        for transfer in self.transfers:
            assert len([entry for entry in transfer.log if is_last_word(entry)]) <= 1

    def teardown(self) -> None:
        self.exchange.board.shutdown(self.exchange.now)
        assert self.exchange.board.calls == []
        assert all(is_last_word(transfer.log[-1]) for transfer in self.transfers)


def has_phone(place: list[str]) -> bool:
    """Media that change do not bring the phone back."""
    moves = [word for word in place if word != "apply"]
    return not moves or moves[-1] == "attach"


def is_last_word(entry: tuple[Any, ...]) -> bool:
    return entry[0] == "reject" or bool(entry[0] == "progress" and entry[1] >= 200)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
