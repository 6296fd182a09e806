"""The session's own interface: order of calls, ends, and what the service may rely on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import ConfigError, LocalProtocolError
from gateway.sip import (
    EndCause,
    IncomingCall,
    InviteSession,
    Malformed,
    Refused,
    Request,
    SessionEnded,
    SessionOver,
    StackSettings,
)
from gateway.sip.session_table import INCOMING, UNANSWERED

from .harness import FLOW, MEDIA, OFFER, Caller, World, answer_ours, connected, incoming, statuses


def test_the_table_is_closed() -> None:
    for state, events in INCOMING.items():
        assert all(following in INCOMING for _, following in events.values())
        assert events or state == "over"


@pytest.mark.parametrize("state", sorted(INCOMING))
def test_bye_from_the_peer_is_never_lost(state: str) -> None:
    """Whatever goes on, a BYE brings the session nearer to its end."""
    if state != "over":
        assert INCOMING[state]["bye"][1] in {"over", "closing"}


def reach(state: str, world: World, caller: Caller) -> InviteSession:
    if state == "accepting":
        return accepting(world, caller)
    session = incoming(world, caller)
    if state == "incoming":
        return session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    if state != "ringing":
        session.answer(world.now)
    caller.hear(world.sent())
    if state == "hanging-up":
        session.hang_up(world.now)
    if state in {"confirmed", "closing"}:
        world.receive(caller.ack())
    if state == "closing":
        session.hang_up(world.now)
    if state == "over":
        world.receive(caller.bye())
    world.sent()
    assert session.state == state
    return session


def accepting(world: World, caller: Caller) -> InviteSession:
    """Answered, while the PRACK of a 183 with SDP is still due (RFC 3262 section 3)."""
    world.stack.settings = StackSettings(profile="full")
    session = incoming(world, caller, extra=[("Require", "100rel")])
    session.prepare(MEDIA, world.now)
    session.progress(world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    assert session.state == "accepting"
    return session


STATES = sorted(INCOMING)


@pytest.mark.parametrize("state", STATES)
def test_hang_up_works_everywhere_and_ends_once(state: str, world: World, caller: Caller) -> None:
    session = reach(state, world, caller)
    session.hang_up(world.now)
    session.hang_up(world.now)
    ended = [event for event in world.events() if isinstance(event, SessionEnded)]
    assert len(ended) == 1
    world.sent()
    world.run(200)
    assert session.state == "over"
    assert world.stack.next_deadline() is None
    assert world.stack.counters["dialogs"] == 0


@pytest.mark.parametrize("state", [state for state in STATES if state != "incoming"])
def test_bye_from_the_peer_works_everywhere(state: str, world: World, caller: Caller) -> None:
    """Not before 180: until then the peer knows no To-tag of ours."""
    session = reach(state, world, caller)
    answers = statuses(world.receive(caller.bye()))
    assert answers == ([481] if state == "over" else [200, 487] if state in UNANSWERED else [200])
    ended = [event for event in world.events() if isinstance(event, SessionEnded)]
    assert len(ended) == 1
    world.run(200)
    assert session.state == "over"
    assert world.stack.next_deadline() is None


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        ("incoming", "answer"),
        ("accepting", "ring"),
        ("accepting", "answer"),
        ("answered", "ring"),
        ("answered", "answer"),
        ("answered", "reject"),
        ("confirmed", "ring"),
        ("confirmed", "answer"),
        ("confirmed", "reject"),
    ],
)
def test_our_own_mistakes_are_named(state: str, wrong: str, world: World, caller: Caller) -> None:
    session = reach(state, world, caller)
    calls: dict[str, Callable[[float], None]] = {
        "ring": session.ring,
        "answer": session.answer,
        "reject": lambda now: session.reject(486, now),
    }
    with pytest.raises(LocalProtocolError):
        calls[wrong](world.now)


@pytest.mark.parametrize("state", ["closing", "hanging-up", "over"])
def test_calls_on_a_call_that_is_over_do_nothing(state: str, world: World, caller: Caller) -> None:
    session = reach(state, world, caller)
    session.ring(world.now)
    session.answer(world.now)
    session.reject(486, world.now)
    assert world.sent() == []
    assert session.state == state


@pytest.mark.parametrize("status", [100, 200, 299, 700])
def test_reject_refuses_what_is_no_refusal(status: int, world: World, caller: Caller) -> None:
    with pytest.raises(LocalProtocolError):
        incoming(world, caller).reject(status, world.now)


def test_hang_up_before_the_answer_is_480(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.ring(world.now)
    session.hang_up(world.now)
    assert statuses(world.sent()) == [180, 480]
    assert world.event(SessionEnded).status == 480


def test_hang_up_before_the_ack_waits_for_it(world: World, caller: Caller) -> None:
    """RFC 3261 section 15: no BYE from the called side until the ACK or 64*T1."""
    session = reach("answered", world, caller)
    session.hang_up(world.now)
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE
    assert statuses(m for _, m in world.run(4)) == [200, 200, 200]
    (bye,) = world.receive(caller.ack())
    assert isinstance(bye, Request)
    world.receive(answer_ours(bye))
    assert world.event(SessionOver).status == 200


def test_hang_up_without_any_ack_sends_bye_after_64_t1(world: World, caller: Caller) -> None:
    session = reach("answered", world, caller)
    session.hang_up(world.now)
    at, bye = world.run(33)[-2]
    assert (at, bye.start_line[:4]) == (32.0, "BYE ")


def test_crossing_byes(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    assert statuses(world.receive(caller.bye())) == [200]
    world.receive(answer_ours(bye, 481))
    events = [type(event) for event in world.events()]
    assert events == [SessionEnded, SessionOver]
    assert session.state == "over"


def test_ack_for_a_call_that_is_over_is_silence(world: World, caller: Caller) -> None:
    reach("over", world, caller)
    world.events()
    assert world.receive(caller.ack()) == []
    assert world.events() == []


def test_a_repeated_ack_changes_nothing(world: World, caller: Caller) -> None:
    connected(world, caller)
    for _ in range(3):
        assert world.receive(caller.ack()) == []
    assert world.events() == []


def test_state_and_history_for_the_log(world: World, caller: Caller) -> None:
    session = reach("over", world, caller)
    assert session.history == ("incoming", "ringing", "answered", "over")


@pytest.mark.parametrize(
    ("uri", "user", "number"),
    [
        ("sip:alice@203.0.113.5", "alice", ""),
        ("sip:%2B1555%20x@203.0.113.5:5060", "+1555 x", ""),
        ("sip:203.0.113.5", "", ""),
        ("sip:Alice;phone-context=x@203.0.113.5", "Alice;phone-context=x", ""),
        ("sip:600@203.0.113.5", "600", "600"),
        ("sip:+1555;npdi;rn=+1556@203.0.113.5;user=phone", "+1555;npdi;rn=+1556", "+1555"),
        ("sip:+1-555-0100@203.0.113.5;user=phone", "+1-555-0100", "+15550100"),
    ],
)
def test_who_is_asked_for(uri: str, user: str, number: str, world: World, caller: Caller) -> None:
    session = incoming(world, caller, uri=uri)
    assert (session.requested_user, session.requested_number) == (user, number)


ADMISSION = [
    ("uri", {"uri": "tel:+1555"}, 416, None),
    ("require", {"extra": [("Require", "replaces")]}, 420, ("Unsupported", "replaces")),
    ("type", {"extra": [("Content-Type", "text/plain")]}, 415, ("Accept", "application/sdp")),
    ("coding", {"extra": [("Content-Encoding", "gzip")]}, 415, ("Accept-Encoding", "identity")),
    ("accept", {"extra": [("Accept", "text/plain")]}, 406, None),
]


@pytest.mark.parametrize(
    ("changes", "status", "header"), [r[1:] for r in ADMISSION], ids=[r[0] for r in ADMISSION]
)
def test_admission(
    changes: dict[str, object],
    status: int,
    header: tuple[str, str] | None,
    world: World,
    caller: Caller,
) -> None:
    *_, refusal = world.receive(caller.invite(**changes))  # type: ignore[arg-type]
    assert statuses([refusal]) == [status]
    refused = world.event(Refused)
    assert (refused.status, refused.method, refused.call_id) == (status, "INVITE", caller.call_id)
    if header:
        assert refusal.headers.get(header[0]) == header[1]
    assert refusal.to.tag != ""
    assert world.receive(caller.ack_refusal()) == []


@pytest.mark.parametrize(
    "extra",
    [
        [("Accept", "application/sdp, text/plain")],
        [("Accept", "application/*;q=0.5")],
        [("Accept", "*/*")],
        [("Content-Encoding", "identity")],
        [("Content-Type", "image/png"), ("Content-Disposition", "icon;handling=optional")],
        [("Proxy-Require", "foo")],
    ],
)
def test_admitted(extra: list[tuple[str, str]], world: World, caller: Caller) -> None:
    assert statuses(world.receive(caller.invite(extra=extra))) == [100]


@pytest.mark.parametrize("contact", ["", "*", "<tel:+1555>", "Bell, Bob <sip:a@b>", "<sip:a@b>;;"])
def test_an_invite_needs_a_contact(contact: str, world: World, caller: Caller) -> None:
    caller.contact = contact
    assert statuses(world.receive(caller.invite())) == [100, 400]


def test_an_old_peer_that_takes_up_an_unknown_dialog_needs_a_contact_too(
    world: World, caller: Caller
) -> None:
    caller.to_tag = "left-over"
    text = caller.invite(branch="1")
    assert statuses(world.receive(text.replace("Contact", "X-Contact"))) == [100, 400]
    assert statuses(world.receive(caller.invite(branch="2"))) == [100]
    session = world.event(IncomingCall).session
    session.ring(world.now)
    assert world.sent()[0].to.tag == "left-over"


def test_a_multipart_offer(world: World, caller: Caller) -> None:
    body = f"--b1\nContent-Type: application/sdp\n\n{OFFER}\n--b1--\n"
    session = incoming(
        world, caller, body=body, extra=[("Content-Type", "multipart/mixed;boundary=b1")]
    )
    session.prepare(MEDIA, world.now)
    assert session.media is not None


@pytest.mark.parametrize("bad", ["From", "To", "Call-ID", "CSeq", "Via"])
def test_malformed_requests_are_answered_once_and_acks_never(
    bad: str, world: World, caller: Caller
) -> None:
    for text, answer in ((caller.invite(), [400]), (caller.ack(), [])):
        broken = text.replace(f"\r\n{bad}: ", f"\r\n{bad}: ;;,", 1)
        if bad == "Call-ID":
            broken = text.replace(f"Call-ID: {caller.call_id}", "Call-ID:")
        assert world.receive_bad(broken.encode()) == answer
        assert isinstance(world.events()[0], Malformed)
    assert world.stack.next_deadline() is None


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", []),
        (b"\r\n\r\n", []),
        (b"\0\0\0\0", []),
        (b"hello", []),
        (b"\x80\x60" + bytes(200), []),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", []),
        (b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", []),
        (b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\r\n", [400]),
        (b"INVITE sip:a@b SIP/9.9\r\nVia: nonsense\r\n\r\n", [505]),
    ],
)
def test_noise(data: bytes, answer: list[int], world: World) -> None:
    assert world.receive_bad(data) == answer
    assert world.stack.next_deadline() is None


def test_a_bad_request_cannot_plant_header_lines(world: World) -> None:
    data = (
        b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n"
        b"From: <sip:a@b>\x0bX-Evil: 1\nX-Evil: 2\x85X-Evil: 3\r\nTo: x\rX-Evil: 4\r\n\r\n"
    )
    world.stack.receive(data, FLOW, world.now)
    (datagram,) = world.stack.to_send()
    assert not any(line.startswith(b"X-Evil") for line in datagram.data.splitlines())


def test_an_unknown_profile_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="twilio, full"):
        StackSettings(profile="skype")


def test_bytes_that_are_no_utf8_do_not_reach_people(world: World, caller: Caller) -> None:
    text = caller.invite(extra=[("X-Odd", "a\udcffb")]).replace(
        "From: <", 'From: "\udcfe caller" <'
    )
    world.receive(text)
    session = world.event(IncomingCall).session
    assert session.remote_party.display_name == "\ufffd caller"
    assert session.x_headers[-1] == ("X-Odd", "a\ufffdb")
    assert session.request.headers.get("X-Odd") == "a\udcffb"


def test_settings_may_change_under_a_call(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    world.stack.settings = StackSettings(server="other/1")
    session.hang_up(world.now)
    assert world.sent()[0].headers.get("User-Agent") == "other/1"


def test_a_process_that_leaves_does_not_wait_for_an_ack(world: World, caller: Caller) -> None:
    """Without this the peer would keep a call to nowhere (against section 15, which has 64*T1)."""
    session = reach("answered", world, caller)
    session.hang_up(world.now)
    world.sent()
    assert world.stack.busy
    world.stack.finish(world.now)
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    assert bye.method == "BYE"
    world.receive(answer_ours(bye))
    assert not world.stack.busy


@pytest.mark.parametrize("state", ["incoming", "ringing"])
def test_a_refusal_is_busy_until_its_ack(state: str, world: World, caller: Caller) -> None:
    session = reach(state, world, caller)
    session.reject(480, world.now)
    caller.hear(world.sent())
    assert world.stack.busy
    assert statuses(m for _, m in world.run(1)) == [480]  # lost the first time: said again
    world.receive(caller.ack_refusal())
    assert not world.stack.busy


@pytest.mark.parametrize("state", ["incoming", "ringing", "answered", "confirmed"])
def test_finish_leaves_calls_alone_that_nobody_hung_up(
    state: str, world: World, caller: Caller
) -> None:
    session = reach(state, world, caller)
    world.stack.finish(world.now)
    assert world.sent() == []
    assert session.state == state
