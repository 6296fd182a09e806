"""twilio.md 38 and 40: calls from the phone to Twilio, and transfers, message by message."""

from __future__ import annotations

import pytest

from gateway.sip import (
    Account,
    Answered,
    EndCause,
    Flow,
    InviteSession,
    OutgoingCall,
    Progress,
    Request,
    Response,
    SessionEnded,
    StackSettings,
    TransferProgress,
    TransferRequested,
)

from .callee import (
    ANSWER,
    OURS,
    accept,
    in_dialog,
    methods,
    nothing_left,
    only_request,
    requests,
    respond,
)
from .harness import LOCAL, Caller, World, answer_ours, connected, statuses

TRUNK = Flow("udp", LOCAL, ("54.172.60.0", 5060))
ACCOUNT = Account(
    "trunk",
    "+15550001111",
    "example.pstn.twilio.com",
    "secret",
    auth_user="alice",
    proxies=("sip:example.pstn.twilio.com",),
    register=False,
)
EDGE = "<sip:+15552223333@172.25.10.9:5060;transport=udp>"


def calling(to: str = "+15552223333") -> tuple[World, OutgoingCall, Request]:
    world = World(StackSettings(accounts=(ACCOUNT,)))
    world.dns["example.pstn.twilio.com"] = [TRUNK]
    call = world.stack.place_call(to, "trunk", OURS, world.now)
    return world, call, only_request(world)


# --- 40: a call out ------------------------------------------------------------------------------


@pytest.mark.parametrize("dialled", ["+15552223333", "+1 555 222 3333"])
def test_twilio_40_who_calls_whom(dialled: str) -> None:
    _, call, invite = calling(dialled)
    assert str(invite.uri) == "sip:+15552223333@example.pstn.twilio.com"
    assert str(invite.to.uri) == str(invite.uri)
    assert str(invite.from_.uri) == "sip:+15550001111@example.pstn.twilio.com"
    assert invite.contacts[0].uri.user == "+15550001111"
    assert (invite.contacts[0].uri.host, invite.contacts[0].uri.port) == LOCAL
    assert invite.headers.get("content-type") == "application/sdp"
    assert b"m=audio 10000 RTP/AVP 0 " in invite.body
    assert call.requested_user == "+15552223333"


def test_twilio_40_the_user_of_a_domain() -> None:
    _, _, invite = calling("sip:bob@example.sip.twilio.com")
    assert str(invite.uri) == "sip:bob@example.sip.twilio.com"


def test_twilio_40_progress_of_several_phones_and_the_answer_of_one() -> None:
    world, call, invite = calling()
    heard = [(100, ""), (180, "a"), (183, "b"), (180, "b"), (183, "a")]
    for status, tag in heard:
        body = ANSWER if (status, tag) == (183, "b") else ""
        contact = EDGE if tag else ""
        assert (
            world.receive(respond(invite, status, tag=tag, contact=contact, body=body), TRUNK) == []
        )
    progress = [event.status for event in world.events() if isinstance(event, Progress)]
    assert progress == [180, 183, 180, 183]
    assert call.media is not None
    (ack,) = requests(world.receive(accept(invite, tag="a", contact=EDGE), TRUNK))
    assert ack.to.tag == "a"
    assert world.event(Answered).session is call
    call.hang_up(world.now)
    assert only_request(world).to.tag == "a"


@pytest.mark.parametrize(
    "status", [301, 302, 400, 403, 404, 408, 480, 484, 486, 487, 488, 500, 502, 504, 600, 603, 606]
)
def test_twilio_40_every_refusal_ends_the_call_with_its_status(status: int) -> None:
    """The phone's tone is made of it: busy for 486 and 600, reorder for the rest."""
    world, call, invite = calling()
    assert methods(world.receive(respond(invite, status, tag="x"), TRUNK)) == ["ACK"]
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status) == (EndCause.REFUSED, status)
    assert call.state == "over"


def test_twilio_40_the_error_is_shown() -> None:
    world, call, invite = calling()
    error = ("X-Twilio-Error", "32205 https://www.twilio.com/docs/errors/32205")
    world.receive(respond(invite, 403, tag="x", extra=[error, ("Date", "now")]), TRUNK)
    assert call.x_headers == [error]
    assert call.identity_headers == [error]


def test_twilio_40_a_call_with_password_from_end_to_end() -> None:
    world, call, invite = calling()
    extra = [("Proxy-Authenticate", 'Digest realm="sip.twilio.com", nonce="n", qop="auth"')]
    _, again = requests(world.receive(respond(invite, 407, tag="z", extra=extra), TRUNK))
    assert again.headers.get("proxy-authorization")
    assert (again.cseq.number, again.to.tag) == (2, "")
    routes = [("Record-Route", "<sip:54.172.60.0;lr;r2=on>, <sip:172.25.10.9:5070;lr;r2=on>")]
    (ack,) = requests(world.receive(accept(again, contact=EDGE, extra=routes), TRUNK))
    assert ack.headers.get_all("route") == [
        "<sip:172.25.10.9:5070;lr;r2=on>",
        "<sip:54.172.60.0;lr;r2=on>",
    ]
    call.hang_up(world.now)
    bye = only_request(world)
    assert (str(bye.uri), bye.cseq.number) == (EDGE.strip("<>"), 3)
    world.receive(answer_ours(bye), TRUNK._replace(remote=("172.25.10.9", 5070)))
    assert call.state == "over"
    world.run(33)
    nothing_left(world)


# --- 38: transfers -------------------------------------------------------------------------------

FULL = StackSettings(profile="full")
REFER_TO = ("Refer-To", "<sip:carol@198.51.100.3>")


def test_twilio_38_without_the_profile_refer_is_refused_cleanly(
    world: World, caller: Caller
) -> None:
    session = connected(world, caller)
    (answer,) = world.receive(caller.request("REFER", cseq=caller.cseq + 1, extra=[REFER_TO]))
    assert statuses([answer]) == [405]
    assert "REFER" not in (answer.headers.get("allow") or "REFER")
    assert session.state == "confirmed"


def referred(caller: Caller) -> tuple[World, InviteSession, TransferRequested]:
    world = World(FULL)
    session = connected(world, caller)
    caller.cseq += 1
    assert world.receive(caller.request("REFER", extra=[REFER_TO])) == []
    return world, session, world.event(TransferRequested)


def test_twilio_38_a_transfer_that_the_owner_refuses_is_603(caller: Caller) -> None:
    world, session, asked = referred(caller)
    asked.transfer.reject(603, world.now)
    assert statuses(world.sent()) == [603]
    assert session.state == "confirmed"
    world.run(33)
    assert world.stack.counters["transactions"] == 0


def test_twilio_38_a_transfer_is_accepted_and_told_of_until_it_is_over(caller: Caller) -> None:
    world, session, asked = referred(caller)
    assert asked.transfer.target == "sip:carol@198.51.100.3"
    asked.transfer.accept(world.now)
    accepted, notify = world.sent()
    assert statuses([accepted]) == [202]
    assert sipfrag(world, notify) == ("active", b"SIP/2.0 100 ")
    asked.transfer.progress(180, "Ringing", world.now)
    (ringing,) = world.sent()
    assert sipfrag(world, ringing) == ("active", b"SIP/2.0 180 ")
    asked.transfer.progress(200, "OK", world.now)
    (done,) = world.sent()
    assert sipfrag(world, done) == ("terminated", b"SIP/2.0 200 ")
    asked.transfer.progress(200, "OK", world.now)
    assert world.sent() == []
    assert statuses(world.receive(caller.bye())) == [200]
    assert session.state == "over"
    world.run(33)
    nothing_left(world)


def sipfrag(world: World, message: Request | Response) -> tuple[str, bytes]:
    """State and start of the body of a NOTIFY, which is answered."""
    assert isinstance(message, Request)
    assert message.method == "NOTIFY"
    assert message.headers.get("event") == "refer"
    assert (message.headers.get("content-type") or "").startswith("message/sipfrag")
    world.receive(answer_ours(message))
    state = (message.headers.get("subscription-state") or "").partition(";")[0]
    return state, message.body[:12]


def up(world: World) -> OutgoingCall:
    call = world.stack.place_call("sip:bob@54.172.60.0", None, OURS, world.now)
    world.receive(accept(only_request(world), contact="<sip:bob@54.172.60.0>"), TRUNK)
    world.events()
    return call


@pytest.mark.parametrize("profile", ["twilio", "full"])
def test_twilio_38_our_own_transfer_ends_with_our_bye_within_a_second(profile: str) -> None:
    world = World(StackSettings(profile=profile))
    call = up(world)
    call.transfer("sip:carol@198.51.100.3", world.now)
    refer = only_request(world)
    assert refer.headers.get("refer-to") == "<sip:carol@198.51.100.3>"
    assert (refer.method, refer.to.tag) == ("REFER", "bob1")
    world.receive(respond(refer, 202), TRUNK)
    for cseq, status, state in ((1, 100, "active;expires=60"), (2, 200, "terminated")):
        assert statuses(world.receive(notify(call, cseq, status, state), TRUNK)) == [200]
    told = [event for event in world.events() if isinstance(event, TransferProgress)]
    assert [(event.status, event.done) for event in told] == [(100, False), (200, True)]
    ((at, bye),) = [pair for pair in world.run(1.0) if methods([pair[1]])][:1]
    assert at <= 1.0
    assert methods([bye]) == ["BYE"]
    assert world.event(SessionEnded).cause is EndCause.TRANSFERRED
    assert isinstance(bye, Request)
    world.receive(answer_ours(bye), TRUNK)
    world.run(33)
    nothing_left(world)


def notify(call: OutgoingCall, cseq: int, status: int, state: str) -> str:
    body = f"SIP/2.0 {status} Whatever\r\n"
    extra = [
        ("Event", "refer"),
        ("Subscription-State", state),
        ("Content-Type", "message/sipfrag;version=2.0"),
    ]
    text = in_dialog(call, "NOTIFY", cseq, extra=extra)
    return text.replace("Content-Length: 0", f"Content-Length: {len(body)}") + body


@pytest.mark.parametrize("status", [403, 481, 603])
def test_twilio_38_a_transfer_that_is_refused_leaves_the_call(status: int, world: World) -> None:
    call = up(world)
    call.transfer("sip:carol@198.51.100.3", world.now)
    world.receive(respond(only_request(world), status), TRUNK)
    told = world.event(TransferProgress)
    assert (told.status, told.done) == (status, True)
    assert call.state == "confirmed"


def test_twilio_38_a_transfer_nobody_tells_of_any_more_is_given_up(world: World) -> None:
    call = up(world)
    call.transfer("sip:carol@198.51.100.3", world.now)
    world.receive(respond(only_request(world), 202), TRUNK)
    world.run(200)
    assert world.event(TransferProgress).done
    assert call.state == "confirmed"
