"""A state machine over a network that loses, repeats and reorders, against a few plain truths.

However the messages of several calls are mixed: an INVITE has one final answer, a session ends
once, and 64*T1 after everybody hung up neither a transaction nor a timer is left.
"""

from __future__ import annotations

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.sip import (
    Answered,
    IncomingCall,
    InviteSession,
    Request,
    Response,
    SessionEnded,
    SessionOver,
)
from gateway.sip.transaction import T4

from .harness import FLOW, MEDIA, OFFER, Caller, World, answer_ours

CALLS = st.integers(0, 1)


class LossyNetwork(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.callers = [Caller(f"call{number}@peer") for number in range(2)]
        self.wire: list[tuple[float, str]] = []
        self.finals: dict[str, set[int]] = defaultdict(set)
        self.sessions: dict[int, InviteSession] = {}
        self.ended: dict[int, int] = defaultdict(int)
        self.over: dict[int, int] = defaultdict(int)
        self.answered: dict[int, int] = defaultdict(int)

    def put(self, text: str) -> None:
        self.wire.append((self.world.now, text))

    # --- the peer writes -----------------------------------------------------------------------

    @rule(call=CALLS)
    def invite(self, call: int) -> None:
        caller = self.callers[call]
        if not caller.invite_branch:
            self.put(caller.invite())

    @rule(call=CALLS, delayed=st.booleans())
    def reinvite(self, call: int, delayed: bool) -> None:
        caller = self.callers[call]
        if caller.to_tag:
            self.put(caller.reinvite(None if delayed else OFFER))

    @rule(call=CALLS, with_answer=st.booleans())
    def ack(self, call: int, with_answer: bool) -> None:
        if self.callers[call].to_tag:
            self.put(self.callers[call].ack(OFFER if with_answer else None))

    @rule(call=CALLS)
    def ack_refusal(self, call: int) -> None:
        if self.callers[call].invite_branch:
            self.put(self.callers[call].ack_refusal())

    @rule(call=CALLS)
    def cancel(self, call: int) -> None:
        if self.callers[call].invite_branch:
            self.put(self.callers[call].cancel())

    @rule(call=CALLS)
    def bye(self, call: int) -> None:
        if self.callers[call].to_tag:
            self.put(self.callers[call].bye())

    # --- the network ---------------------------------------------------------------------------

    @precondition(lambda self: self.wire)
    @rule(at=st.integers(0, 50), keep=st.booleans())
    def deliver(self, at: int, keep: bool) -> None:
        """Any message, not the oldest alone; kept, it comes again later."""
        at %= len(self.wire)
        sent, text = self.wire[at]
        late = self.world.now - sent >= T4
        if late or not keep:
            del self.wire[at]
        if late:
            # RFC 3261 table 4: T4 is the longest that a message stays in the network.
            return
        self.world.stack.receive(text.encode(), FLOW, self.world.now)
        self.look()

    @precondition(lambda self: self.wire)
    @rule(at=st.integers(0, 50))
    def lose(self, at: int) -> None:
        del self.wire[at % len(self.wire)]

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 4.0, 31.0, 33.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    # --- the service ---------------------------------------------------------------------------

    @rule(call=CALLS, deed=st.sampled_from(["ring", "answer", "reject", "hang_up"]))
    def serve(self, call: int, deed: str) -> None:
        session = self.sessions.get(call)
        if session is None:
            return
        now = self.world.now
        if deed == "hang_up":
            session.hang_up(now)
        elif session.state in {"incoming", "ringing"}:
            if deed == "reject":
                session.reject(486, now)
            else:
                session.prepare(MEDIA, now)
                (session.ring if deed == "ring" else session.answer)(now)
        self.look()

    # --- seeing --------------------------------------------------------------------------------

    def look(self) -> None:
        for message in self.world.sent():
            self.see(message)
        for event in self.world.events():
            if isinstance(event, IncomingCall):
                number = int(event.session.call_id[4])
                assert number not in self.sessions or self.sessions[number].state == "over"
                self.sessions[number] = event.session
            elif isinstance(event, SessionEnded):
                self.ended[id(event.session)] += 1
            elif isinstance(event, SessionOver):
                self.over[id(event.session)] += 1
            elif isinstance(event, Answered):
                self.answered[id(event.session)] += 1

    def see(self, message: Request | Response) -> None:
        if isinstance(message, Request):
            # Our BYE: the peer answers, if the network lets it.
            self.put(answer_ours(message))
            return
        caller = self.callers[int(message.call_id[4])]
        if message.cseq.method == "INVITE" and message.status > 100 and message.to.tag:
            caller.to_tag = message.to.tag
        if message.status >= 200 and message.cseq.method == "INVITE":
            self.finals[message.vias[0].branch].add(message.status)

    def pass_time(self, seconds: float) -> None:
        end = self.world.now + seconds
        while (at := self.world.stack.next_deadline()) is not None and at <= end:
            self.world.now = max(self.world.now, at)
            self.world.stack.handle_deadline(self.world.now)
            self.look()
        self.world.now = end

    @invariant()
    def one_final_answer(self) -> None:
        for statuses in self.finals.values():
            assert len(statuses) == 1

    @invariant()
    def an_end_comes_once(self) -> None:
        for table in (self.ended, self.over, self.answered):
            assert all(times == 1 for times in table.values())

    def teardown(self) -> None:
        for session in self.sessions.values():
            session.hang_up(self.world.now)
        self.look()
        self.pass_time(33)
        for session in self.sessions.values():
            session.hang_up(self.world.now)
        self.pass_time(70)
        assert self.world.stack.next_deadline() is None
        counters = self.world.stack.counters
        assert (counters["transactions"], counters["dialogs"]) == (0, 0)
        for session in self.sessions.values():
            assert session.state == "over"
            assert self.ended[id(session)] == 1


TestLossyNetwork = LossyNetwork.TestCase
TestLossyNetwork.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
