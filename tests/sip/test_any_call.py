"""One call of each kind and profile, in which both ends do and say whatever comes to mind.

Local calls work, do nothing when the call is over, or raise LocalProtocolError; messages of the
peer never raise at all. Whatever happens, a few plain truths hold: see the invariants, and what is
checked at each message of ours.
"""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gateway.errors import LocalProtocolError
from gateway.sip import (
    Account,
    Flow,
    IncomingCall,
    InviteSession,
    NotAcceptable,
    OutgoingCall,
    Referral,
    Request,
    Response,
    Session,
    SessionEnded,
    SessionOver,
    StackSettings,
    TransferRequested,
    parse,
)
from gateway.sip.transaction import TIMEOUT

from .harness import FLOW, MEDIA, OFFER, Caller, World
from .peer import ALLOW, ANSWER, CONTACT, hold, text_of

REFUSED = ANSWER.replace("m=audio 12692", "m=audio 0")
BODIES = st.sampled_from(["", "", OFFER, ANSWER, hold(), hold("inactive"), REFUSED, "v=1\n"])
EXTRAS = st.sampled_from(
    [
        [],
        [],
        [("Require", "100rel"), ("RSeq", "1")],
        [("Require", "100rel"), ("RSeq", "2")],
        [("Session-Expires", "90;refresher=uac"), ("Supported", "timer")],
        [("Session-Expires", "90;refresher=uas"), ("Supported", "timer")],
        [("Session-Expires", "10"), ("Supported", "timer")],
        [("Min-SE", "2000")],
        [("Retry-After", "0")],
        [("Require", "foo")],
    ]
)
STATUSES = st.sampled_from([180, 183, 183, 200, 200, 200, 200, 202, 422, 488, 491, 491, 500, 500])
METHODS = st.sampled_from(
    ["INVITE", "INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "OPTIONS", "PRACK", "PRACK", "FOO"]
)
TAGS = st.sampled_from(["bob", "bob", "bob", "carol"])
EXPIRES = [("Session-Expires", "90;refresher=uac"), ("Supported", "timer")]
BYTES = {"INFO": "application/dtmf-relay", "NOTIFY": "message/sipfrag"}


LATE = Account(
    "late", "alice", "192.0.2.7", registrars=("sip:192.0.2.7",), register=False, late_offer=True
)


class Ours:
    """A request of ours, and what has come of it."""

    def __init__(self, request: Request, flow: Flow, at: float) -> None:
        self.request = request
        self.flow = flow
        self.at = at
        self.final = 0
        self.answered_at = 0.0

    def waiting(self, now: float) -> bool:
        return not self.final and now < self.at + TIMEOUT

    @property
    def offers(self) -> bool:
        method = self.request.method
        return method == "INVITE" or (method == "UPDATE" and bool(self.request.body))


class AnyCall(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(StackSettings(accounts=(LATE,)))
        self.ours: dict[tuple[str, str], Ours] = {}
        self.acks = 0
        self.session: Session | None = None
        self.caller: Caller | None = None
        self.us = self.them = self.call_id = ""
        self.cseq = 1000
        self.rack = ""
        self.tag = ""
        self.open_2xx: int | None = None
        self.ended: list[SessionEnded] = []
        self.over: list[SessionOver] = []
        self.referrals: list[Referral] = []
        self.last = ""
        self.number = 0

    @initialize(
        outgoing=st.booleans(),
        profile=st.sampled_from(["full", "full", "twilio"]),
        reliable=st.booleans(),
        delayed=st.booleans(),
        far=st.sampled_from(["fresh", "early", "up", "up"]),
    )
    def begin(self, outgoing: bool, profile: str, reliable: bool, delayed: bool, far: str) -> None:
        self.world.stack.settings = StackSettings(
            profile=profile, redirects=reliable, accounts=(LATE,)
        )
        if outgoing:
            self.begin_outgoing(far, EXPIRES if reliable else [], LATE.name if delayed else None)
        else:
            required = [("Require", "100rel")] if reliable and profile == "full" else []
            self.begin_incoming(far, required, None if delayed else OFFER)

    def begin_outgoing(self, far: str, extra: list[tuple[str, str]], account: str | None) -> None:
        call = self.world.stack.place_call("sip:bob@192.0.2.7", account, MEDIA, self.world.now)
        self.session = call
        self.call_id = call.call_id
        self.look()
        self.us = call.request.headers.get("from") or ""
        self.them = call.request.headers.get("to") or ""
        if far != "fresh":
            self.reply(0, 183, ANSWER, [("Require", "100rel"), ("RSeq", "1")], "bob")
            self.reply(0, 200, "", [], "bob")
        if far == "up":
            self.reply(1, 200, ANSWER, extra, "bob")
            assert call.state == "confirmed"

    def begin_incoming(self, far: str, extra: list[tuple[str, str]], offer: str | None) -> None:
        caller = self.caller = Caller()
        self.us = f"<sip:{caller.user}@{caller.host}>"
        self.them = f"<sip:+10987654321@example.pstn.twilio.com:5060>;tag={caller.from_tag}"
        self.call_id, self.cseq = caller.call_id, caller.cseq
        self.put(caller.invite(offer, extra=[("Allow", ALLOW), *EXPIRES, *extra]))
        session, now = self.session, self.world.now
        assert isinstance(session, InviteSession)
        session.prepare(MEDIA, now)
        if far != "fresh":
            session.progress(now)
            self.look()
        if far == "up":
            if extra:
                self.ask("PRACK", "" if offer else ANSWER, [], "bob", 0)
            session.answer(now)
            self.look()
            self.ack(ANSWER, 0)
            assert session.state == "confirmed"

    # --- the service ---------------------------------------------------------------------------

    @rule(
        deed=st.sampled_from(
            ["ring", "progress", "answer", "hold", "resume", "transfer", "digit", "flash", "move"]
        )
    )  # fmt: skip
    def serve(self, deed: str) -> None:
        call, now = self.session, self.world.now
        if call is None:
            return
        with suppress(LocalProtocolError, NotAcceptable):
            if deed in {"ring", "progress", "answer"}:
                if isinstance(call, InviteSession):
                    getattr(call, deed)(now)
            elif deed == "transfer":
                call.transfer("sip:carol@192.0.2.50", now)
            elif deed == "digit":
                call.send_digit_info("5", 100, now)
            elif deed == "flash":
                call.send_flash_info(now)
            elif deed == "move":
                self.number += 1
                old = self.world.stack.settings
                self.world.stack.settings = StackSettings(
                    profile=old.profile,
                    redirects=old.redirects,
                    public_host=f"198.51.100.{self.number % 250}",
                )
                self.world.stack.addresses_changed(now)
            else:
                (call.hold if deed == "hold" else call.resume)(now)
        self.look()

    @rule(
        how=st.sampled_from(["hang_up", "reject", "bye", "cancel", "401", "302", "486", "481"]),
        sure=st.integers(0, 5),
    )
    def end(self, how: str, sure: int) -> None:
        """What ends calls comes seldom, or no call would live to see anything."""
        call, now = self.session, self.world.now
        if sure or call is None:
            return
        if how == "hang_up":
            call.hang_up(now)
        elif how == "reject":
            with suppress(LocalProtocolError):
                if isinstance(call, InviteSession):
                    call.reject(486, now)
        elif how == "bye":
            self.ask("BYE", "", [], "bob", 0)
        elif how == "cancel":
            if self.caller is not None:
                self.put(self.caller.cancel())
        elif self.ours:
            self.reply(0, int(how), "", [], "bob")
        self.look()

    @precondition(lambda self: self.referrals)
    @rule(deed=st.sampled_from(["accept", "reject", "100", "200", "486"]), which=st.integers(0, 5))
    def refer(self, deed: str, which: int) -> None:
        referral, now = self.referrals[which % len(self.referrals)], self.world.now
        with suppress(LocalProtocolError):
            if deed == "accept":
                referral.accept(now)
            elif deed == "reject":
                referral.reject(603, now)
            else:
                referral.progress(int(deed), "", now)
        self.look()

    # --- the peer ------------------------------------------------------------------------------

    @precondition(lambda self: self.ours)
    @rule(which=st.integers(0, 9), status=STATUSES, body=BODIES, extra=EXTRAS, tag=TAGS)
    def reply(
        self, which: int, status: int, body: str, extra: list[tuple[str, str]], tag: str
    ) -> None:
        """Answer one of our latest requests."""
        one = list(self.ours.values())[-1 - which % len(self.ours)]
        request = one.request
        lines = [
            (name, value)
            for name, value in request.headers
            if name in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        if not request.to.tag and 200 <= status < 300 and not self.tag:
            self.tag = tag
        if not request.to.tag and status > 100:
            lines = [(n, f"{v};tag={tag}" if n == "To" else v) for n, v in lines]
        lines += [("Contact", CONTACT), ("Allow", ALLOW), *extra]
        now, acks = self.world.now, self.acks
        alive = one.waiting(now) or (200 <= one.final < 300 and now < one.answered_at + TIMEOUT)
        if status >= 200 and one.waiting(now):
            one.final, one.answered_at = status, now
        self.last = text_of(f"SIP/2.0 {status} Because", lines, body)
        self.put(self.last, one.flow)
        if alive and request.method == "INVITE" and 200 <= status < 300:
            # Section 13.2.2.4: an ACK for each 2xx, whatever has become of the call.
            assert self.acks == acks + 1, (self.session, one.request)

    @rule(method=METHODS, body=BODIES, extra=EXTRAS, tag=TAGS, back=st.sampled_from([0, 0, 0, 5]))
    def ask(
        self, method: str, body: str, extra: list[tuple[str, str]], tag: str, back: int
    ) -> None:
        """A request inside the dialog, as far as the peer knows one."""
        if self.session is None or not self.has_dialog:
            return
        self.cseq += 1
        lines = [("Contact", CONTACT), *extra]
        if method == "PRACK":
            lines.append(("RAck", self.rack))
        elif method == "REFER":
            lines.append(("Refer-To", "<sip:dave@192.0.2.9>"))
        elif method == "NOTIFY":
            lines += [("Event", "refer"), ("Subscription-State", "active")]
            body = "SIP/2.0 200 OK\n" if body else "SIP/2.0 180 Ringing\n"
        elif method == "INFO":
            body = "Signal=5\n" if body else ""
        if method in BYTES:
            lines.append(("Content-Type", BYTES[method]))
        ours_open = self.our_open_offer()
        their_open = self.open_2xx
        self.last = self.request(method, self.cseq - back, lines, body, tag)
        answers = self.put(self.last)
        if method == "INVITE" or (method == "UPDATE" and body):
            final = [m.status for m in answers if isinstance(m, Response) and m.status >= 200]
            if ours_open or their_open is not None:
                # Sections 14.1 and 14.2: never two offers at once.
                assert final[0] >= 400, (final, ours_open, their_open)

    @rule(body=BODIES, back=st.sampled_from([0, 0, 0, 1]))
    def ack(self, body: str, back: int) -> None:
        """An ACK to our 2xx that is open, or to one that was."""
        if self.session is None or not self.has_dialog:
            return
        number = self.cseq if self.open_2xx is None else self.open_2xx
        self.last = self.request("ACK", number - back, [], body, self.tag or "bob")
        self.put(self.last)

    @precondition(lambda self: self.last)
    @rule()
    def repeat(self) -> None:
        """The network brings the last message again."""
        self.put(self.last, self.world.log[-1][1] if self.last.startswith("SIP/") else None)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.5, 4.0, 4.0, 33.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(sure=st.integers(0, 5))
    def unreachable(self, sure: int) -> None:
        """The network refuses the next thing that we send."""
        session = self.session
        if sure or session is None:
            return
        with suppress(LocalProtocolError):
            session.hold(self.world.now)
        self.world.resolve()
        datagrams = self.world.stack.to_send()
        for datagram in datagrams:
            self.see(datagram.flow, datagram.data)
            self.world.stack.transport_failed(datagram.key, "no route", self.world.now)
        for one in self.ours.values():
            if one.at == self.world.now and not one.final:
                one.final = 503
        self.look()

    # --- words on the wire -----------------------------------------------------------------------

    @property
    def has_dialog(self) -> bool:
        return self.caller is None or ";tag=" in self.us

    def request(
        self, method: str, cseq: int, lines: list[tuple[str, str]], body: str, tag: str
    ) -> str:
        self.number += 1
        them = self.them if self.caller is not None else f"{self.them};tag={tag}"
        head = [
            ("Via", f"SIP/2.0/UDP 54.172.60.0:5060;branch=z9hG4bKany{self.number};rport"),
            ("From", them),
            ("To", self.us),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Max-Forwards", "70"),
        ]
        return text_of(f"{method} sip:us@203.0.113.5 SIP/2.0", [*head, *lines], body)

    def put(self, text: str, flow: Flow | None = None) -> list[Request | Response]:
        if f"CSeq: {self.open_2xx} ACK" in text:
            self.open_2xx = None
        self.world.stack.receive(text.encode(), flow or FLOW, self.world.now)
        return self.look()

    # --- seeing --------------------------------------------------------------------------------

    def look(self) -> list[Request | Response]:
        sent = self.world.sent_to()
        log = self.world.log[len(self.world.log) - len(sent) :]
        for (flow, message), (_, _, data) in zip(sent, log, strict=True):
            assert message.start_line.encode() in data
            self.see_message(flow, message)
        for event in self.world.events():
            if isinstance(event, IncomingCall):
                assert self.session is None
                self.session = event.session
            elif isinstance(event, SessionEnded):
                self.ended.append(event)
            elif isinstance(event, SessionOver):
                self.over.append(event)
            elif getattr(event, "session", None) is not None:
                # Nothing happens any more in a call that has ended.
                assert not self.ended, event
                if isinstance(event, TransferRequested):
                    self.referrals.append(event.transfer)
        return [message for _, message in sent]

    def see(self, flow: Flow, data: bytes) -> None:
        self.see_message(flow, parse(data))

    def see_message(self, flow: Flow, message: Request | Response) -> None:
        if isinstance(message, Response):
            self.see_response(message)
            return
        if message.method == "ACK":
            self.acks += 1
            return
        key = (message.vias[0].branch, message.method)
        if key in self.ours:
            return
        if message.method == "INVITE" and message.to.tag:
            # One re-INVITE at a time, and none while a 2xx of ours waits for its ACK.
            assert not self.our_open_offer()
            assert self.open_2xx is None
            assert not self.ended
        if message.method == "UPDATE":
            assert not self.our_open_offer()
        self.ours[key] = Ours(message, flow, self.world.now)

    def see_response(self, message: Response) -> None:
        if self.caller is not None and message.to.tag and message.status > 100:
            self.us = f"<sip:{self.caller.user}@{self.caller.host}>;tag={message.to.tag}"
            self.caller.hear([message])
        if message.headers.get("RSeq"):
            self.rack = f"{message.headers.get('RSeq')} {message.cseq.number} INVITE"
        if message.cseq.method == "INVITE" and 200 <= message.status < 300:
            self.open_2xx = message.cseq.number

    def our_open_offer(self) -> bool:
        """Whether an offer of ours is open inside the dialog."""
        return any(
            one.offers and one.request.to.tag and one.waiting(self.world.now)
            for one in self.ours.values()
        )

    def pass_time(self, seconds: float) -> None:
        end = self.world.now + seconds
        while (at := self.world.stack.next_deadline()) is not None and at <= end:
            self.world.now = max(self.world.now, at)
            self.world.stack.handle_deadline(self.world.now)
            if self.session is not None and self.session.state in {"closing", "over"}:
                self.open_2xx = None
            self.look()
        self.world.now = end

    @invariant()
    def an_end_comes_once(self) -> None:
        assert len(self.ended) <= 1
        assert len(self.over) <= 1
        if self.over:
            assert self.ended

    @invariant()
    def a_call_that_is_up_has_media(self) -> None:
        session = self.session
        if session is not None and session.state == "confirmed":
            assert session.media is not None

    @invariant()
    def the_end_is_told_when_it_is(self) -> None:
        if self.session is not None:
            assert bool(self.ended) == self.session.finished

    def teardown(self) -> None:
        session = self.session
        if session is None:
            return
        session.hang_up(self.world.now)
        self.look()
        self.pass_time(33)
        self.pass_time(70)
        assert session.state == "over"
        assert len(self.ended) == 1
        assert self.world.stack.next_deadline() is None
        counters = self.world.stack.counters
        assert (counters["transactions"], counters["dialogs"]) == (0, 0)
        assert isinstance(session, OutgoingCall | InviteSession)


TestAnyCall = AnyCall.TestCase
TestAnyCall.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
