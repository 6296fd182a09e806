"""What is offered and taken in each profile, header by header."""

from __future__ import annotations

import pytest

from gateway.sip import Account, Flow, IncomingCall, Refused, Request, Response, StackSettings

from .harness import EDGE, LOCAL, MEDIA, OFFER, Caller, World, incoming, statuses
from .peer import ALLOW, ANSWER, KINDS, Peer, one, outgoing, place, up

CALLS = "INVITE, ACK, CANCEL, BYE, OPTIONS"
EVERYTHING = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY"
TAGS = "100rel, timer, replaces"
PROFILES = [("twilio", CALLS, None), ("full", EVERYTHING, TAGS)]


def world_of(profile: str) -> World:
    return World(StackSettings(profile=profile))


def names(message: Request | Response) -> list[str]:
    """The header names, in order."""
    return [name for name, _ in message.headers]


INVITE = {
    "twilio": [
        "Via", "Max-Forwards", "From", "To", "Call-ID", "User-Agent", "Contact", "Allow",
        "Content-Type", "CSeq", "Content-Length",
    ],
    "full": [
        "Via", "Max-Forwards", "From", "To", "Call-ID", "User-Agent", "Contact", "Allow",
        "Supported", "Session-Expires", "Min-SE", "Content-Type", "CSeq", "Content-Length",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("profile", "allow", "supported"), PROFILES)
def test_our_invite(profile: str, allow: str, supported: str | None) -> None:
    _, callee = place(world_of(profile))
    assert names(callee.request) == INVITE[profile]
    assert callee.request.headers.get("Allow") == allow
    assert callee.request.headers.get("Supported") == supported
    assert callee.request.headers.get("Max-Forwards") == "70"
    assert len(callee.request.vias) == 1
    assert "rport" in callee.request.vias[0].params


@pytest.mark.parametrize(("profile", "allow", "supported"), PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_our_reinvite(profile: str, allow: str, supported: str | None, kind: str) -> None:
    world = world_of(profile)
    session, _ = up(world, kind)
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    expected = [name for name in INVITE[profile] if name != "Route"]
    assert [name for name in names(invite) if name != "Route"] == expected
    assert invite.headers.get("Allow") == allow
    assert invite.headers.get("Supported") == supported


@pytest.mark.parametrize(("profile", "allow", "supported"), PROFILES)
def test_our_answers(profile: str, allow: str, supported: str | None) -> None:
    world = world_of(profile)
    session = incoming(world, Caller())
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    ringing, ok = world.sent()
    assert ok.headers.get("Allow") == allow
    assert ok.headers.get("Supported") == supported
    # A caller learns from the ringing whether it may UPDATE (RFC 3311 section 5.1).
    assert ringing.headers.get("Allow") == (allow if profile == "full" else None)
    for message in (ringing, ok):
        for name in ("Require", "Session-Expires", "RSeq", "User-Agent"):
            assert name not in message.headers


@pytest.mark.parametrize(("profile", "allow", "supported"), PROFILES)
@pytest.mark.parametrize("place", ["outside", *KINDS])
def test_twilio_34_options_say_what_we_can(
    profile: str, allow: str, supported: str | None, place: str
) -> None:
    """In and out of a call, with the same words (section 11.2)."""
    world = world_of(profile)
    if place == "outside":
        (ok,) = world.receive(Caller("alone").request("OPTIONS"))
    else:
        ok = up(world, place)[1].ask("OPTIONS")
    assert isinstance(ok, Response)
    assert ok.status == 200
    assert ok.headers.get("Allow") == allow
    assert ok.headers.get("Accept") == "application/sdp"
    assert ok.headers.get("Accept-Encoding") == "identity"
    assert ok.headers.get("Accept-Language") == "en"
    assert ok.headers.get("Supported") == supported
    assert ok.to.tag != ""


UNKNOWN = ["MESSAGE", "PUBLISH", "SUBSCRIBE", "REGISTER", "FOO", "invite"]
EXTENSIONS = ["PRACK", "UPDATE", "INFO", "REFER"]


@pytest.mark.parametrize(("profile", "allow"), [row[:2] for row in PROFILES])
@pytest.mark.parametrize("method", UNKNOWN + EXTENSIONS)
def test_methods_outside_of_calls(profile: str, allow: str, method: str) -> None:
    world = world_of(profile)
    (refusal,) = world.receive(Caller("alone").request(method))
    assert isinstance(refusal, Response)
    if profile == "full" and method in EXTENSIONS:
        # The method is known, but belongs into a call.
        assert refusal.status == 481
    else:
        assert (refusal.status, refusal.headers.get("Allow")) == (405, allow)


@pytest.mark.parametrize(("profile", "allow"), [row[:2] for row in PROFILES])
@pytest.mark.parametrize("method", UNKNOWN)
@pytest.mark.parametrize("kind", KINDS)
def test_methods_inside_of_calls(profile: str, allow: str, method: str, kind: str) -> None:
    world = world_of(profile)
    session, peer = up(world, kind)
    refusal = peer.ask(method)
    assert (refusal.status, refusal.headers.get("Allow")) == (405, allow)
    assert session.state == "confirmed"


REQUIRED = [
    ("twilio", "100rel", "100rel"),
    ("twilio", "timer, replaces", "timer, replaces"),
    ("twilio", "foo", "foo"),
    ("full", "100rel", None),
    ("full", "Timer", None),
    ("full", "replaces, timer", None),
    ("full", "timer, foo, 100rel, bar", "foo, bar"),
    ("full", "precondition", "precondition"),
]


@pytest.mark.parametrize(("profile", "required", "unsupported"), REQUIRED)
def test_what_a_caller_requires(profile: str, required: str, unsupported: str | None) -> None:
    world = world_of(profile)
    answer = world.receive(Caller().invite(extra=[("Require", required)]))[-1]
    assert statuses([answer]) == ([420] if unsupported else [100])
    assert answer.headers.get("Unsupported") == unsupported


@pytest.mark.parametrize("method", ["OPTIONS", "BYE", "INVITE", "UPDATE", "INFO"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_peer_requires_inside_a_call(method: str, kind: str) -> None:
    world = world_of("full")
    session, peer = up(world, kind)
    refusal = peer.ask(method, extra=[("Require", "foo")])
    assert (refusal.status, refusal.headers.get("Unsupported")) == (420, "foo")
    assert session.state == "confirmed"


REFUSED = [
    ({"uri": "tel:+15551234567"}, 416, ()),
    ({"uri": "http://example.com/"}, 416, ()),
    ({"extra": [("Content-Type", "text/plain")]}, 415, ("Accept", "application/sdp")),
    ({"extra": [("Content-Encoding", "gzip")]}, 415, ("Accept-Encoding", "identity")),
    ({"extra": [("Accept", "text/html, image/*")]}, 406, ()),
    ({"extra": [("Contact", "<sip:a@b>;;")]}, 400, ()),
]


@pytest.mark.parametrize(("changes", "status", "header"), REFUSED)
@pytest.mark.parametrize("profile", ["twilio", "full"])
def test_invites_that_cannot_be(
    changes: dict[str, object], status: int, header: tuple[str, str] | tuple[()], profile: str
) -> None:
    world = world_of(profile)
    refusal = world.receive(Caller().invite(**changes))[-1]  # type: ignore[arg-type]
    assert statuses([refusal]) == [status]
    assert world.event(Refused).status == status
    if header:
        assert refusal.headers.get(header[0]) == header[1]


# --- whose profile -----------------------------------------------------------------------------


def profile_of(host: str) -> str | None:
    return {"192.0.2.7": "full", EDGE[0]: "twilio"}.get(host)


BY_HOST = StackSettings(profile="twilio", profile_of=profile_of)


def test_the_callee_decides_the_profile() -> None:
    world = World(BY_HOST)
    assert "Supported" in place(world)[1].request.headers
    assert "Supported" not in place(world, "sip:carol@192.0.2.8")[1].request.headers


def test_the_caller_decides_the_profile() -> None:
    world = World(BY_HOST)
    for remote, allow in ((("192.0.2.7", 5060), EVERYTHING), (EDGE, CALLS)):
        (ok,) = world.receive(
            Caller(f"from-{remote[0]}").request("OPTIONS"), Flow("udp", LOCAL, remote)
        )
        assert ok.headers.get("Allow") == allow


def test_an_account_decides_over_its_host() -> None:
    account = Account(
        "pbx", "600", "pbx", registrars=("sip:198.51.100.9",), register=False, profile="full"
    )
    world = World(StackSettings(profile="twilio", accounts=(account,)))
    assert "Supported" in place(world, "601", "pbx")[1].request.headers


def test_a_call_keeps_its_profile() -> None:
    """Whatever is configured meanwhile: what was said at the beginning holds for the dialog."""
    world = world_of("full")
    session, peer = outgoing(world)
    world.stack.settings = StackSettings(profile="twilio")
    assert peer.ask("INFO").status == 200
    session.hold(world.now)
    assert one(world.sent(), "INVITE").headers.get("Supported") == TAGS


# --- what else Twilio sees ---------------------------------------------------------------------


def test_twilio_05_our_answer_to_the_letter() -> None:
    world = world_of("twilio")
    session = incoming(world, Caller())
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (ok,) = world.sent()
    assert ok.body.decode().split("\r\n") == [
        "v=0",
        "o=- 4711 1 IN IP4 203.0.113.5",
        "s=-",
        "c=IN IP4 203.0.113.5",
        "t=0 0",
        "m=audio 10000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


@pytest.mark.parametrize("number", [96, 101, 110])
def test_twilio_22_digits_keep_the_peers_number_through_a_hold(number: int) -> None:
    """A payload type that changed its meaning would make digits of speech."""
    world = world_of("twilio")
    caller = Caller()
    session = incoming(world, caller, body=OFFER.replace("101", str(number)))
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    session.hold(world.now)
    invite = one(world.sent(), "INVITE")
    assert f"m=audio 10000 RTP/AVP 0 8 {number}\r\n".encode() in invite.body
    answer = ANSWER.replace("101", str(number)).replace("sendrecv", "recvonly")
    us = f"<sip:{caller.user}@{caller.host}>;tag={caller.to_tag}"
    Peer(world, caller.call_id, us, "", 0).reply(invite, 200, answer)
    assert session.media is not None
    assert session.media.telephone_event == session.media.telephone_event_receive == number


def test_twilio_37_requests_inside_a_call_stay_on_its_connection() -> None:
    world = world_of("twilio")
    flow = Flow("tls", (LOCAL[0], 5061), ("54.172.60.0", 58540), accepted=True)
    caller = Caller()
    caller.hear(world.receive(caller.invite(), flow))
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack(), flow)
    session.hold(world.now)
    ((used, invite),) = world.sent_to()
    assert used == flow
    assert isinstance(invite, Request)
    assert invite.vias[0].transport == "TLS"
    assert (invite.headers.get("Contact") or "").endswith(":5061;transport=tls>")


def test_twilio_27_100rel_and_timer_of_twilio_are_not_answered_in_kind() -> None:
    world = world_of("twilio")
    extra = [("Supported", "100rel, timer, replaces"), ("Allow", ALLOW)]
    session = incoming(world, Caller(), extra=extra)
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    session.answer(world.now)
    for message in world.sent():
        for name in ("Require", "RSeq", "Session-Expires", "Supported", "Min-SE"):
            assert name not in message.headers
