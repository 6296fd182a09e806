"""The other end of a call, scripted: the callee of our INVITE, and a peer inside any call.

`Peer` writes requests and answers of one dialog and keeps its numbers. `Callee` makes such peers,
one for each To-tag, out of an INVITE of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from gateway.sip import (
    Flow,
    InviteSession,
    OutgoingCall,
    Request,
    Response,
    Session,
    StackSettings,
)

from .harness import FLOW, LOCAL, MEDIA, OFFER, Caller, World, connected

ANSWER = OFFER.replace("RTP/AVP 0 8 101", "RTP/AVP 0 101")
FULL = StackSettings(profile="full")
CALLEE = ("192.0.2.7", 5060)
CONTACT = "<sip:bob@192.0.2.7:5060>"
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY"

Headers = Iterable[tuple[str, str]]
Messages = list[Request | Response]


def hold(direction: str = "sendonly", sdp: str = OFFER) -> str:
    """The same SDP with another direction."""
    return sdp.replace("a=sendrecv", f"a={direction}")


def text_of(start: str, lines: Headers, body: str = "") -> str:
    """A message; line ends and Content-Length are made right."""
    body = body.replace("\n", "\r\n")
    given = list(lines)
    if body and not any(name == "Content-Type" for name, _ in given):
        given.append(("Content-Type", "application/sdp"))
    fields = [f"{name}: {value}" for name, value in given]
    return "\r\n".join([start, *fields, f"Content-Length: {len(body.encode())}", "", body])


class Peer:
    """One end of a dialog with us. `us` and `them` are whole From or To values."""

    def __init__(self, world: World, call_id: str, us: str, them: str, cseq: int) -> None:
        self.world = world
        self.call_id = call_id
        self.us = us
        self.them = them
        self.cseq = cseq
        self.flow = FLOW
        self.contact = CONTACT
        self.branches = count(1)
        self.invite_branch = ""

    def send(
        self,
        method: str,
        body: str = "",
        extra: Headers = (),
        *,
        cseq: int | None = None,
        branch: str = "",
    ) -> Messages:
        """Send a request inside the dialog; what comes back at once."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or f"z9hG4bK{self.call_id[:8]}-{id(self)}-{next(self.branches)}"
        if method == "INVITE":
            self.invite_branch = branch
        host, port = self.flow.remote
        lines = [
            ("Via", f"SIP/2.0/{self.flow.transport.upper()} {host}:{port};branch={branch};rport"),
            ("From", self.them),
            ("To", self.us),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", self.contact),
            ("Max-Forwards", "70"),
            *extra,
        ]
        start = f"{method} sip:{LOCAL[0]}:{LOCAL[1]} SIP/2.0"
        return self.world.receive(text_of(start, lines, body), self.flow)

    def invite(self, body: str = OFFER, extra: Headers = ()) -> Response:
        """A re-INVITE; its final answer."""
        return final(self.send("INVITE", body, extra))

    def ack(self, body: str = "", cseq: int | None = None) -> Messages:
        """The ACK to our 2xx."""
        return self.send("ACK", body, cseq=self.cseq if cseq is None else cseq)

    def ack_refusal(self) -> Messages:
        """The ACK to our refusal of the last re-INVITE."""
        return self.send("ACK", cseq=self.cseq, branch=self.invite_branch)

    def ask(self, method: str, body: str = "", extra: Headers = ()) -> Response:
        """A request that is no INVITE; its answer."""
        return final(self.send(method, body, extra))

    def reply(
        self,
        request: Request,
        status: int = 200,
        body: str = "",
        extra: Headers = (),
        *,
        tag: str = "",
        contact: bool = True,
    ) -> Messages:
        """Answer a request of ours; what comes back at once."""
        copied = [
            (name, value)
            for name, value in request.headers
            if name in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        if tag:
            copied = [(n, f"{v};tag={tag}" if n == "To" else v) for n, v in copied]
        if contact and request.method in {"INVITE", "UPDATE", "REFER"}:
            copied.append(("Contact", self.contact))
        text = text_of(f"SIP/2.0 {status} Because", [*copied, *extra], body)
        return self.world.receive(text, self.flow)


def final(messages: Messages) -> Response:
    """The one final answer among these."""
    found = [m for m in messages if isinstance(m, Response) and m.status >= 200]
    assert len(found) == 1, messages
    return found[0]


def requests(messages: Iterable[Request | Response], method: str = "") -> list[Request]:
    """The requests of ours among these."""
    return [m for m in messages if isinstance(m, Request) and method in {"", m.method}]


def one(messages: Iterable[Request | Response], method: str) -> Request:
    """The one request of ours with that method."""
    (found,) = requests(messages, method)
    return found


class Callee(Peer):
    """Who gets our INVITE; as a `Peer` it is the phone with the To-tag `bob`."""

    def __init__(self, world: World, invite: Request, flow: Flow, tag: str = "bob") -> None:
        to = f"{invite.headers.get('to')};tag={tag}"
        super().__init__(world, invite.call_id, invite.headers.get("from") or "", to, 100)
        self.flow = flow
        self.request = invite
        self.tag = tag

    def fork(self, tag: str) -> Callee:
        """Another phone that the same INVITE rings."""
        return Callee(self.world, self.request, self.flow, tag)

    def say(self, status: int, body: str = "", extra: Headers = (), **changes: bool) -> Messages:
        """Answer the INVITE, with the To-tag where one belongs."""
        tag = "" if status == 100 else self.tag
        return self.reply(self.request, status, body, extra, tag=tag, **changes)

    def answer(self, body: str = ANSWER, extra: Headers = (), **changes: bool) -> Messages:
        """200; gives the ACK and what follows."""
        return self.say(200, body, [("Allow", ALLOW), *extra], **changes)


def place(
    world: World, to: str = "sip:bob@192.0.2.7", account: str | None = None, **wishes: object
) -> tuple[OutgoingCall, Callee]:
    """Call somebody; the call and who is called."""
    call = world.stack.place_call(to, account, MEDIA, world.now, **wishes)  # type: ignore[arg-type]
    ((flow, invite),) = world.sent_to()
    assert isinstance(invite, Request)
    return call, Callee(world, invite, flow)


def outgoing(world: World, extra: Headers = ()) -> tuple[OutgoingCall, Callee]:
    """A call of ours that was answered."""
    call, callee = place(world)
    one(callee.answer(extra=extra), "ACK")
    world.events()
    return call, callee


def taken(world: World) -> tuple[InviteSession, Peer]:
    """A call to us that was answered."""
    caller = Caller()
    session = connected(world, caller)
    peer = Peer(
        world,
        caller.call_id,
        f"<sip:{caller.user}@{caller.host}>;tag={caller.to_tag}",
        f"<sip:+10987654321@example.pstn.twilio.com:5060>;tag={caller.from_tag}",
        caller.cseq,
    )
    peer.contact = caller.contact
    return session, peer


KINDS = ("incoming", "outgoing")


def up(world: World, kind: str) -> tuple[Session, Peer]:
    """A call of either kind that is up."""
    return taken(world) if kind == "incoming" else outgoing(world)
