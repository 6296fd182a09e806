"""The far end of calls that we place: writes the answers to requests of ours."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.sip import Flow, LocalMedia, OutgoingCall, Request, Response

from .harness import LOCAL, World

BOB = ("198.51.100.7", 5060)
TO_BOB = Flow("udp", LOCAL, BOB)
CONTACT = "<sip:bob@198.51.100.7:5060>"
OURS = LocalMedia("203.0.113.5", 10000, session_id=4711)

ANSWER = """v=0
o=bob 1 1 IN IP4 198.51.100.9
s=-
c=IN IP4 198.51.100.9
t=0 0
m=audio 20000 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=sendrecv
"""

Lines = Iterable[tuple[str, str]]


def respond(
    request: Request,
    status: int,
    *,
    tag: str = "",
    contact: str = "",
    body: str = "",
    extra: Lines = (),
) -> str:
    """A response to `request`; with `tag` it has that To-tag."""
    lines = [f"SIP/2.0 {status} Whatever"]
    for name, value in request.headers:
        if name in {"Via", "From", "Call-ID", "CSeq"}:
            lines.append(f"{name}: {value}")
        elif name == "To":
            lines.append(f"To: {value};tag={tag}" if tag else f"To: {value}")
    lines += [f"{name}: {value}" for name, value in extra]
    if contact:
        lines.append(f"Contact: {contact}")
    text = body.replace("\n", "\r\n")
    if text:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(text)}", "", text])


def accept(
    request: Request, *, tag: str = "bob1", extra: Lines = (), contact: str = CONTACT
) -> str:
    """The 200 to an INVITE of ours, with an SDP answer."""
    return respond(request, 200, tag=tag, contact=contact, body=ANSWER, extra=extra)


def place(
    world: World, to: str = "sip:bob@198.51.100.7", account: str | None = None
) -> tuple[OutgoingCall, Request]:
    """Place a call; the call and its INVITE."""
    call = world.stack.place_call(to, account, OURS, world.now)
    return call, only_request(world)


def only_request(world: World) -> Request:
    """The one request that the stack sends now."""
    (message,) = world.sent()
    assert isinstance(message, Request)
    return message


def requests(messages: Iterable[Request | Response]) -> list[Request]:
    """The requests among these."""
    return [message for message in messages if isinstance(message, Request)]


def methods(messages: Iterable[Request | Response]) -> list[str]:
    """The methods of the requests among these, in order."""
    return [message.method for message in requests(messages)]


def branch(message: Request | Response) -> str:
    """The branch of the top Via."""
    return message.vias[0].branch


def up(world: World, *, flow: Flow = TO_BOB, extra: Lines = ()) -> OutgoingCall:
    """A call of ours that was answered and acknowledged."""
    call, invite = place(world)
    world.receive(accept(invite, extra=extra), flow)
    world.events()
    return call


def in_dialog(
    call: OutgoingCall, method: str, cseq: int, *, tag: str = "bob1", extra: Lines = ()
) -> str:
    """A request of the peer inside a call that we placed."""
    ours = call.request.from_
    lines = [
        f"{method} sip:tipring@203.0.113.5:5060 SIP/2.0",
        f"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK{method}{cseq};rport",
        "From: <sip:bob@198.51.100.7>" + (f";tag={tag}" if tag else ""),
        f"To: {ours}",
        f"Call-ID: {call.call_id}",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        *(f"{name}: {value}" for name, value in extra),
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""])


def nothing_left(world: World) -> None:
    """No transaction, no call, no timer; and nobody is admitted who was ever sent to."""
    counters = world.stack.counters
    assert (counters["transactions"], counters["dialogs"]) == (0, 0)
    assert world.stack.next_deadline() is None
    assert not world.stack.busy
    for _, flow, _ in world.log:
        assert not world.stack.admits(flow.remote[0])
