"""Virtual time and a scripted peer: everything a SIP test needs, and no waiting.

`World` is one stack with its clock. `Caller` writes what a peer such as Twilio sends and keeps the
identity of one call. Answers come back parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TypeVar

from gateway.sip import (
    Event,
    Flow,
    HeaderFacts,
    IncomingCall,
    InviteSession,
    LocalMedia,
    Request,
    Response,
    Stack,
    StackSettings,
    Target,
    parse,
)

LOCAL = ("203.0.113.5", 5060)
EDGE = ("54.172.60.0", 5060)
FLOW = Flow("udp", LOCAL, EDGE)
MEDIA = LocalMedia("203.0.113.5", 10000, session_id=4711)

OFFER = """v=0
o=root 1311022221 1311022221 IN IP4 172.18.165.214
s=Twilio Media Gateway
c=IN IP4 168.86.138.121
t=0 0
m=audio 12692 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:20
a=sendrecv
"""

RECORD_ROUTES = (
    "<sip:54.172.60.0;r2=on;lr;ftag=0860_c335>",
    "<sip:172.25.10.9:5070;r2=on;lr;twnat=sip:203.0.113.5:5060>",
)

E = TypeVar("E")


def flow_to(target: Target) -> Flow:
    """The flow to a host that needs no DNS."""
    transport = target.transport or ("tls" if target.secure else "udp")
    port = 5061 if transport == "tls" else 5060
    name = target.host if transport == "tls" else ""
    local = (LOCAL[0], port)
    return Flow(transport, local, (target.host, target.port or port), name)


class CountingTokens:
    """Tokens that are all different and the same in every run."""

    def __init__(self) -> None:
        self._next = count(1)

    def hex(self, nbytes: int) -> str:
        value = next(self._next) * 0x9E3779B97F4A7C15
        return f"{value % (1 << 8 * nbytes):0{2 * nbytes}x}"


class World:
    """A stack, its clock, and what has come out of it."""

    def __init__(self, settings: StackSettings | None = None) -> None:
        self.stack = Stack(settings or StackSettings(), CountingTokens())
        self.now = 1000.0
        self.flow = FLOW
        """Where datagrams come from, unless a test says otherwise."""
        self.dns: dict[str, list[Flow]] = {}
        """What hosts resolve to; those that are not here resolve to themselves."""
        self.unreachable: set[str] = set()
        """Hosts that the network refuses to send to."""
        self.log: list[tuple[float, Flow, bytes]] = []
        self._events: list[Event] = []

    def receive(
        self, data: bytes | str, flow: Flow | None = None, *, known: bool = True
    ) -> list[Request | Response]:
        """Give the stack a datagram; returns what it sends at once."""
        raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        self.stack.receive(raw, flow or self.flow, self.now, known=known)
        return self.sent()

    def receive_bad(self, data: bytes, flow: Flow = FLOW) -> list[int]:
        """Give the stack bytes that may be anything; the statuses of its answers.

        An answer to a bad request copies its bad headers, so it is not parsed here.
        """
        self.stack.receive(data, flow, self.now)
        lines = [datagram.data.partition(b"\r\n")[0] for datagram in self.stack.to_send()]
        return [int(line.split(b" ")[1]) for line in lines]

    def sent(self) -> list[Request | Response]:
        """What the stack has sent since the last look, parsed."""
        return [message for _, message in self.sent_to()]

    def sent_to(self) -> list[tuple[Flow, Request | Response]]:
        """The same with the flows."""
        found: list[tuple[Flow, Request | Response]] = []
        self.resolve()
        while datagrams := self.stack.to_send():
            for data, flow, key in datagrams:
                if flow.remote[0] in self.unreachable:
                    self.stack.transport_failed(key, "connection refused", self.now)
                    continue
                self.log.append((self.now, flow, data))
                found.append((flow, parse(data)))
            self.resolve()
        return found

    def resolve(self) -> None:
        """Answer the look-ups of the stack."""
        while lookups := self.stack.to_resolve():
            for target, key, _ in lookups:
                flows = self.dns.get(target.host)
                if flows is None:
                    flows = [flow_to(target)]
                reason = "" if flows else f"{target.host} is not known"
                self.stack.resolved(key, flows, self.now, reason)

    def run(self, seconds: float) -> list[tuple[float, Request | Response]]:
        """Let virtual time pass; returns (seconds from the start of this run, message)."""
        start, end = self.now, self.now + seconds
        found: list[tuple[float, Request | Response]] = []
        while True:
            at = self.stack.next_deadline()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            self.stack.handle_deadline(self.now)
            found += [(round(self.now - start, 3), message) for message in self.sent()]
        self.now = end
        return found

    def events(self) -> list[Event]:
        """Events since the last look."""
        while (event := self.stack.next_event()) is not None:
            self._events.append(event)
        events, self._events = self._events, []
        return events

    def event(self, kind: type[E]) -> E:
        """The one event of this kind since the last look; the others are dropped."""
        found = [event for event in self.events() if isinstance(event, kind)]
        assert len(found) == 1, found
        return found[0]


class Caller:
    """One call of a Twilio-like peer, as text."""

    def __init__(self, call_id: str = "fb3e6e86@0.0.0.0", cseq: int = 29044) -> None:
        self.call_id = call_id
        self.cseq = cseq
        self.user = "+11234567890"
        self.host = "203.0.113.5"
        self.from_tag = "08601002_c3356d0b_658bbbdc"
        self.to_tag = ""
        self.branches = count(1)
        self.branch = ""
        self.contact = "<sip:+10987654321@172.25.75.240:5060;transport=udp>"
        self.record_routes: tuple[str, ...] = RECORD_ROUTES
        self.invite_branch = ""
        self.x_headers: tuple[tuple[str, str], ...] = (
            ("X-Twilio-ApiVersion", "2010-04-01"),
            ("X-Twilio-AccountSid", "AC" + "0123456789abcdef" * 2),
            ("X-Twilio-CallSid", "CA" + "fedcba9876543210" * 2),
        )

    def request(
        self,
        method: str,
        *,
        cseq: int | None = None,
        branch: str | None = None,
        extra: Iterable[tuple[str, str]] = (),
        body: str | None = None,
        uri: str | None = None,
        via: str = "54.172.60.0:5060",
    ) -> str:
        """A request of this call, in or out of the dialog by whether a To-tag is known."""
        if branch is None:
            branch = f"z9hG4bK{self.call_id.partition('@')[0]}.{next(self.branches)}"
        self.branch = branch
        to = f"<sip:{self.user}@{self.host}>" + (f";tag={self.to_tag}" if self.to_tag else "")
        lines = [
            f"{method} {uri or f'sip:{self.user}@{self.host}'} SIP/2.0",
            f"From: <sip:+10987654321@example.pstn.twilio.com:5060>;tag={self.from_tag}",
            f"To: {to}",
            f"CSeq: {self.cseq if cseq is None else cseq} {method}",
            "Max-Forwards: 60",
            f"Call-ID: {self.call_id}",
            f"Via: SIP/2.0/UDP {via};branch={self.branch};rport",
            "Via: SIP/2.0/UDP 172.25.75.240:5060;rport=5060;branch=z9hG4bK658bbbdc_588-14959",
            *(f"{name}: {value}" for name, value in extra),
        ]
        text = "" if body is None else body.replace("\n", "\r\n")
        if body is not None and not any("Content-Type" in line for line in lines):
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(text.encode())}", "", text]
        return "\r\n".join(lines)

    def invite(
        self,
        body: str | None = OFFER,
        *,
        extra: Iterable[tuple[str, str]] = (),
        branch: str | None = None,
        uri: str | None = None,
        via: str = "54.172.60.0:5060",
    ) -> str:
        """The INVITE, with Twilio's headers."""
        headers = [
            *(("Record-Route", value) for value in self.record_routes),
            ("Contact", self.contact),
            ("Allow", "ACK,BYE,CANCEL,INVITE,OPTIONS,REFER,NOTIFY"),
            ("User-Agent", "Twilio Gateway"),
            *self.x_headers,
            *extra,
        ]
        text = self.request("INVITE", extra=headers, body=body, branch=branch, uri=uri, via=via)
        self.invite_branch = self.branch
        return text

    def reinvite(self, body: str | None = OFFER, **changes: object) -> str:
        """An INVITE inside the dialog, with the next CSeq."""
        self.cseq += 1
        return self.invite(body, **changes)  # type: ignore[arg-type]

    def ack(self, body: str | None = None, *, cseq: int | None = None) -> str:
        """The ACK to a 2xx: a branch of its own."""
        return self.request("ACK", body=body, cseq=cseq)

    def ack_refusal(self) -> str:
        """The ACK to a 3xx-6xx: the INVITE's branch."""
        return self.request("ACK", branch=self.invite_branch)

    def cancel(self) -> str:
        """CANCEL has the INVITE's branch and CSeq number, and no To-tag."""
        tag, self.to_tag = self.to_tag, ""
        text = self.request("CANCEL", branch=self.invite_branch)
        self.to_tag = tag
        return text

    def bye(self, extra: Iterable[tuple[str, str]] = ()) -> str:
        """BYE with the next CSeq."""
        self.cseq += 1
        return self.request("BYE", extra=extra)

    def hear(self, messages: Iterable[Request | Response]) -> None:
        """Learn the To-tag from a response."""
        for message in messages:
            if isinstance(message, Response) and message.to.tag:
                self.to_tag = message.to.tag


def incoming(world: World, caller: Caller, **changes: object) -> InviteSession:
    """Place the call and take the session."""
    caller.hear(world.receive(caller.invite(**changes)))  # type: ignore[arg-type]
    return world.event(IncomingCall).session


def connected(world: World, caller: Caller) -> InviteSession:
    """A call that is answered and acknowledged."""
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    world.events()
    return session


def answer_ours(
    request: Request, status: int = 200, reason: str = "OK", body: str | None = None
) -> str:
    """The peer's response to a request of ours."""
    copied = [
        f"{name}: {value}"
        for name, value in request.headers
        if name in {"Via", "From", "To", "Call-ID", "CSeq"}
    ]
    text = "" if body is None else body.replace("\n", "\r\n")
    copied += ["Contact: <sip:peer@172.25.75.240>", "Content-Type: application/sdp"] if text else []
    head = [f"SIP/2.0 {status} {reason}", *copied, f"Content-Length: {len(text)}", "", text]
    return "\r\n".join(head)


def statuses(messages: Iterable[Request | Response]) -> list[int]:
    """The statuses of the responses among these."""
    return [message.status for message in messages if isinstance(message, Response)]


def reason_header(facts: HeaderFacts) -> list[tuple[str, str]]:
    return [("X-Gateway-Reason", facts.reason), ("X-Gateway-Status", facts.status)]


def line_header(facts: HeaderFacts) -> list[tuple[str, str]]:
    return [("X-Gateway-Line", facts.line)]


WITH_HEADERS = StackSettings(final_headers=reason_header, ok_headers=line_header)


def answered(world: World, caller: Caller) -> Response:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (message,) = world.sent()
    assert isinstance(message, Response)
    caller.hear([message])
    return message
