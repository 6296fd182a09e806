"""Our caller against our callee, over a bad network and with clocks that stall.

Whatever is lost, repeated or reordered, and whoever hangs up when: a request has one final answer,
a call ends once at each end, and in the end nothing is left of it anywhere.

`TIPRING_MACHINE_EXAMPLES` sets how many runs each test makes (default 60).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.errors import LocalProtocolError
from gateway.sip import InviteSession, Session, StackSettings

from .two_stacks import HOSTS, ONCE, Network, open_to_all, with_passwords

SIDES = st.integers(0, 1)
ANY = st.integers(0, 50)
MOST_CALLS = 3


class TwoStacks(RuleBasedStateMachine):
    transports: ClassVar[tuple[str, ...]] = ("udp", "tcp")
    settings: ClassVar[Callable[[int], StackSettings]] = open_to_all

    def __init__(self) -> None:
        super().__init__()
        self.network = Network(type(self).settings)
        self.placed = 0

    @initialize(
        calls=st.lists(
            st.tuples(SIDES, st.integers(0, 1), st.sampled_from(["placed", "rings", "up", "up"])),
            min_size=1,
            max_size=2,
        )
    )
    def begin(self, calls: list[tuple[int, int, str]]) -> None:
        """Most runs begin with a call that has come somewhere."""
        for side, transport, how_far in calls:
            self.place(side, transport)
            if how_far != "placed":
                self.network.deliver_all()
                self.serve(1 - side, "ring" if how_far == "rings" else "answer")
                self.network.deliver_all()

    # --- the owners -----------------------------------------------------------------------------

    @precondition(lambda self: self.placed < MOST_CALLS)
    @rule(side=SIDES, transport=st.integers(0, 1))
    def place(self, side: int, transport: int) -> None:
        self.placed += 1
        self.network.place(side, self.transports[transport % len(self.transports)])

    @rule(side=SIDES, deed=st.sampled_from(["ring", "progress", "answer", "answer", "reject"]))
    def serve(self, side: int, deed: str) -> None:
        end = self.network.ends[side]
        for session in end.sessions:
            if isinstance(session, InviteSession):
                self.network.serve(session, end, deed)

    @rule(side=SIDES, which=ANY)
    def hang_up(self, side: int, which: int) -> None:
        session = self.one(side, which)
        if session is not None:
            session.hang_up(self.network.now)
            self.network.settle()

    @rule(side=SIDES, which=ANY, deed=st.sampled_from(["hold", "resume"]))
    def change(self, side: int, which: int, deed: str) -> None:
        session = self.one(side, which)
        if session is not None and session.state == "confirmed":
            getattr(session, deed)(self.network.now)
            self.network.settle()

    @rule(side=SIDES, which=ANY)
    def press(self, side: int, which: int) -> None:
        session = self.one(side, which)
        if session is not None and session.state == "confirmed":
            session.send_digit_info("5", 100, self.network.now)
            self.network.settle()

    @rule(side=SIDES, which=ANY)
    def transfer(self, side: int, which: int) -> None:
        session = self.one(side, which)
        if session is not None and session.state == "confirmed":
            with suppress(LocalProtocolError):  # one at a time
                session.transfer("sip:carol@192.0.2.9", self.network.now)
            self.network.settle()

    @precondition(lambda self: any(end.referrals for end in self.network.ends))
    @rule(deed=st.sampled_from(["accept", "reject", "ringing", "done"]))
    def decide(self, deed: str) -> None:
        now = self.network.now
        for end in self.network.ends:
            for referral in end.referrals:
                if deed == "accept":
                    referral.accept(now)
                elif deed == "reject":
                    referral.reject(603, now)
                elif referral.answered:
                    status, reason = (180, "Ringing") if deed == "ringing" else (200, "OK")
                    referral.progress(status, reason, now)
        self.network.settle()

    def one(self, side: int, which: int) -> Session | None:
        sessions = self.network.ends[side].sessions
        return sessions[which % len(sessions)] if sessions else None

    # --- the network ----------------------------------------------------------------------------

    @precondition(lambda self: self.network.wire)
    @rule(at=ANY, keep=st.booleans())
    def deliver(self, at: int, keep: bool) -> None:
        wire = self.network.wire
        self.network.deliver(wire[at % len(wire)], keep=keep)

    @precondition(lambda self: self.network.wire)
    @rule()
    def deliver_all(self) -> None:
        self.network.deliver_all()

    @precondition(lambda self: any(one.connection is None for one in self.network.wire))
    @rule(at=ANY, told=st.booleans())
    def lose(self, at: int, told: bool) -> None:
        datagrams = [one for one in self.network.wire if one.connection is None]
        self.network.lose(datagrams[at % len(datagrams)], told=told)

    @precondition(lambda self: self.network.connections)
    @rule(at=ANY, reachable=st.booleans())
    def cut(self, at: int, reachable: bool) -> None:
        connections = self.network.connections
        self.network.reachable = reachable
        self.network.cut(connections[at % len(connections)])

    # --- time -----------------------------------------------------------------------------------

    @rule(
        seconds=st.sampled_from([0.1, 0.5, 1.0, 2.0, 4.0, 6.0, 31.0, 33.0, 61.0, 300.0, 3600.0]),
        stalled=st.booleans(),
    )
    def wait(self, seconds: float, stalled: bool) -> None:
        if stalled:
            self.network.jump(seconds)
        else:
            self.network.pass_time(min(seconds, 400.0))

    # --- the truths -----------------------------------------------------------------------------

    @invariant()
    def one_final_answer(self) -> None:
        assert self.network.contradictions == []

    @invariant()
    def each_thing_is_told_once_and_nothing_after_the_end(self) -> None:
        for end in self.network.ends:
            for events in end.told.values():
                assert all(events.count(name) <= 1 for name in ONCE), events
                if "SessionEnded" in events:
                    rest = events[events.index("SessionEnded") + 1 :]
                    assert rest in ([], ["SessionOver"]), events

    def teardown(self) -> None:
        self.network.reachable = True
        for _ in range(3):
            for end in self.network.ends:
                for session in end.sessions:
                    session.hang_up(self.network.now)
            self.network.settle()
            self.come_to_rest()
        for end in self.network.ends:
            self.nothing_is_left(end.stack.counters, end.stack.next_deadline())
            assert not end.stack.busy
            assert not any(end.stack.admits(host) for host in HOSTS)
            for session in end.sessions:
                assert session.state == "over", session.history
                assert end.told[session].count("SessionEnded") == 1

    def come_to_rest(self) -> None:
        """Everything arrives from now on, and all timers run out."""
        for _ in range(40):
            self.network.deliver_all()
            self.network.pass_time(4.0)
        self.network.deliver_all()

    def nothing_is_left(self, counters: Mapping[str, int], deadline: float | None) -> None:
        assert (counters["transactions"], counters["dialogs"], deadline) == (0, 0, None)


class ByDatagram(TwoStacks):
    transports = ("udp",)


class ByStream(TwoStacks):
    transports = ("tcp",)


class IntoTheVoid(TwoStacks):
    """Once everybody has hung up, not one message arrives any more."""

    def come_to_rest(self) -> None:
        for _ in range(40):
            for parcel in [one for one in self.network.wire if one.connection is None]:
                self.network.lose(parcel, told=False)
            self.network.reachable = False
            while self.network.connections:
                self.network.cut(self.network.connections[0])
            self.network.pass_time(4.0)


class WithPasswords(TwoStacks):
    settings = with_passwords


MACHINES = [WithPasswords, ByDatagram, ByStream, IntoTheVoid]
EXAMPLES = int(os.environ.get("TIPRING_MACHINE_EXAMPLES") or 60)


@pytest.mark.parametrize("machine", MACHINES)
def test_two_stacks(machine: type[TwoStacks]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
    )
