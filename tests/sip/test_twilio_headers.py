"""Headers, parsing, robustness: items 29-39 of what Twilio sees on the wire, by their numbers."""

from __future__ import annotations

import re

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    IncomingCall,
    LocalMedia,
    Request,
    SessionEnded,
    SessionOver,
)

from .harness import (
    LOCAL,
    MEDIA,
    RECORD_ROUTES,
    Caller,
    World,
    answer_ours,
    answered,
    connected,
    incoming,
    statuses,
)

GOOD_CALL = "CA" + "0123456789abcdef" * 2
OTHER_CALL = "CA" + "f" * 32


@pytest.mark.parametrize(
    ("headers", "call_sid", "problems"),
    [
        ([("X-Twilio-CallSid", GOOD_CALL)], GOOD_CALL, 0),
        ([("x-twilio-CALLSID", GOOD_CALL)], GOOD_CALL, 0),
        ([], "", 0),
        ([("X-Twilio-CallSid", "")], "", 1),
        ([("X-Twilio-CallSid", GOOD_CALL[:-1])], "", 1),
        ([("X-Twilio-CallSid", "AC" + GOOD_CALL[2:])], "", 1),
        ([("X-Twilio-CallSid", GOOD_CALL), ("X-Twilio-CallSid", OTHER_CALL)], GOOD_CALL, 1),
        ([("X-Twilio-CallSid", "x"), ("X-Twilio-CallSid", OTHER_CALL)], OTHER_CALL, 2),
    ],
)
def test_twilio_30_identifiers(
    headers: list[tuple[str, str]], call_sid: str, problems: int, world: World, caller: Caller
) -> None:
    caller.x_headers = tuple(headers)
    session = incoming(world, caller)
    assert session.twilio.call_sid == call_sid
    assert len(session.twilio.problems) == problems
    assert session.x_headers == headers


def test_twilio_30_call_sid_from_ack_and_bye(world: World, caller: Caller) -> None:
    caller.x_headers = ()
    answered(world, caller)
    ack = caller.ack().replace("\r\nContent-Length", f"\r\nX-Twilio-CallSid: {GOOD_CALL}\r\nl", 1)
    world.receive(ack)
    session = world.event(Answered).session
    assert session.twilio.call_sid == GOOD_CALL
    account = "AC" + "1" * 32
    world.receive(caller.bye([("X-Twilio-AccountSid", account)]))
    assert session.twilio.account_sid == account


def test_twilio_31_custom_headers_are_exposed_raw(world: World, caller: Caller) -> None:
    custom = [("X-foo_bar", "a%2Cb%3Bc%3Dd"), ("x-FOO", "\u00e9"), ("X-Empty", "")]
    extra = [*custom, ("User-to-User", "56a390f3;encoding=hex"), ("P-Weird", ";;,,")]
    session = incoming(world, caller, extra=extra)
    assert session.x_headers == [*caller.x_headers, *custom]
    assert session.identity_headers == [("User-to-User", "56a390f3;encoding=hex")]


@pytest.mark.parametrize(
    ("from_", "display", "user"),
    [
        ('"Bob" <sip:bob@sip.twilio.com>;tag=x', "Bob", "bob"),
        ("<sip:+15551234567@sip.twilio.com>;tag=x", "", "+15551234567"),
        ('"" <sip:anonymous@anonymous.invalid>;tag=x', "", "anonymous"),
        ("<sip:Restricted@sip.twilio.com>;tag=x", "", "Restricted"),
        ("<sip:bob@>;tag=x", "", "bob"),
        ("<sip:sip.twilio.com>;tag=x", "", None),
        ('"J\u00fcrgen \u6f22\u5b57" <sip:j@x>;tag=x', "J\u00fcrgen \u6f22\u5b57", "j"),
        (f"<sip:{'a' * 254}@x>;tag=x", "", "a" * 254),
        ("<sip:*98@x>;tag=x", "", "*98"),
    ],
)
def test_twilio_32_callers(
    from_: str, display: str, user: str | None, world: World, caller: Caller
) -> None:
    text = re.sub(r"(?m)^From: .*\r$", lambda _: f"From: {from_}\r", caller.invite())
    world.receive(text)
    session = world.event(IncomingCall).session
    assert session.remote_party.display_name == display
    assert session.remote_party.uri.user == user


@pytest.mark.parametrize(
    ("from_", "privacy", "expected"),
    [
        ('"Bob" <sip:+15551234567@x>', "", ("Bob", "+15551234567", False)),
        ('"+15551234567" <sip:+15551234567@x>', "", ("", "+15551234567", False)),
        ("<sip:+1-555-123@x>", "none", ("", "+1-555-123", False)),
        ("<sip:%2B1555;phone-context=x@x>", "", ("", "+1555", False)),
        ("<sip:bob@>", "", ("bob", "", False)),
        ('"J\u00fcrgen\t\u6f22" <sip:j@x>', "", ("J\u00fcrgen \u6f22", "", False)),
        ('"" <sip:anonymous@anonymous.invalid>', "", ("", "", True)),
        ("<sip:Restricted@x>", "", ("", "", True)),
        ("<sip:x.twilio.com>", "", ("", "", True)),
        ('"Bob" <sip:+1555@x>', "user;id", ("", "", True)),
        (f"<sip:{'a' * 254}@x>", "", ("a" * 64, "", False)),
        # RFC 3966: gateways to the telephone network write numbers so.
        ("<tel:+15551234567>", "", ("", "+15551234567", False)),
        ('"Bob" <tel:%2A98;phone-context=x>', "", ("Bob", "*98", False)),
        ("<tel:+15551234567>", "id", ("", "", True)),
        ('"Unknown" <sip:unknown@x>', "", ("", "", False)),
    ],
)
def test_twilio_32_caller_id(
    from_: str, privacy: str, expected: tuple[str, str, bool], world: World, caller: Caller
) -> None:
    extra = [("Privacy", privacy)] if privacy else []
    extra += [
        ("P-Asserted-Identity", "<sip:+19998887777@184.150.215.12:5060>"),
        ("Diversion", "<sip:+16665554444@twilio.com>;reason=unconditional"),
    ]
    text = re.sub(
        r"(?m)^From: .*\r$", lambda _: f"From: {from_};tag=x\r", caller.invite(extra=extra)
    )
    world.receive(text)
    assert world.event(IncomingCall).session.caller == expected


def test_twilio_33_requests_up_to_a_whole_datagram(world: World, caller: Caller) -> None:
    text = caller.invite(extra=[("X-Pad", "x" * 60000)])
    assert len(text) > 60000
    assert statuses(world.receive(text)) == [100]
    assert len(world.event(IncomingCall).session.x_headers) == 4


@pytest.mark.parametrize("hops", ["0", "0068", "300", "many"])
def test_twilio_33_max_forwards_is_for_proxies(hops: str, world: World, caller: Caller) -> None:
    text = caller.invite().replace("Max-Forwards: 60", f"Max-Forwards: {hops}")
    assert statuses(world.receive(text)) == [100]


def test_twilio_34_options_outside_a_dialog(world: World) -> None:
    (ok,) = world.receive(Caller().request("OPTIONS"))
    assert statuses([ok]) == [200]
    assert ok.headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    assert ok.headers.get("Accept") == "application/sdp"
    assert len(ok.to.tag) >= 8


def test_twilio_34_options_while_ringing_and_inside_the_call(world: World, caller: Caller) -> None:
    incoming(world, caller).ring(world.now)
    assert statuses(world.receive(Caller("other").request("OPTIONS"))) == [180, 200]
    second = Caller("0002second")
    connected(world, second)
    second.cseq += 1
    (ok,) = world.receive(second.request("OPTIONS"))
    assert statuses([ok]) == [200]
    assert ok.to.tag == second.to_tag
    second.to_tag = "unknown"
    assert statuses(world.receive(second.request("OPTIONS"))) == [481]


@pytest.mark.parametrize(
    "method",
    [
        "INFO",
        "UPDATE",
        "MESSAGE",
        "PRACK",
        "SUBSCRIBE",
        "NOTIFY",
        "REFER",
        "REGISTER",
        "PUBLISH",
        "FOO!",
    ],
)
def test_twilio_34_unsupported_methods(method: str, world: World, caller: Caller) -> None:
    (refusal,) = world.receive(Caller("lone").request(method))
    assert statuses([refusal]) == [405]
    assert refusal.headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    connected(world, caller)
    caller.cseq += 1
    assert statuses(world.receive(caller.request(method))) == [405]


def test_twilio_35_route_set_is_fixed_and_target_is_not(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    caller.record_routes = ("<sip:54.172.60.0;lr;twnat=sip:207.6.10.148:19446>",)
    caller.contact = "<sip:+10987654321@172.25.99.99:5062>"
    world.receive(caller.reinvite())
    world.receive(caller.ack())
    session.hang_up(world.now)
    (bye,) = world.sent()
    assert bye.start_line == "BYE sip:+10987654321@172.25.99.99:5062 SIP/2.0"
    assert tuple(bye.headers.get_all("Route")) == RECORD_ROUTES


def test_twilio_35_tags_are_new_for_each_dialog(world: World) -> None:
    tags = set()
    for number in range(20):
        caller = Caller(f"{number:04}")
        incoming(world, caller).reject(486, world.now)
        caller.hear(world.sent())
        assert re.fullmatch(r"[0-9a-f]{16}", caller.to_tag)
        tags.add(caller.to_tag)
    assert len(tags) == 20


def test_twilio_36_header_hygiene(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    messages = world.sent()
    for message in messages:
        assert message.headers.get("Server") == "tipring/0.1.0"
        assert "User-Agent" not in message.headers
        assert "Supported" not in message.headers
        assert message.headers.get("Content-Length") == str(len(message.body))
    assert messages[-1].headers.get("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS"
    for _, _, data in world.log:
        head = data.partition(b"\r\n\r\n")[0]
        assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r")


def test_twilio_39_reason_header_on_our_bye(world: World, caller: Caller) -> None:
    connected(world, caller).hang_up(world.now, reason="rtp-timeout")
    (bye,) = world.sent()
    assert bye.headers.get("Reason") == 'Q.850;cause=102;text="rtp-timeout"'


def test_our_side_hears_the_end_of_its_bye(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    session.hang_up(world.now)
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    world.receive(answer_ours(bye, 481, "Gone"))
    assert world.event(SessionOver) == SessionOver(session, 481)
    assert world.stack.counters["dialogs"] == 0


def test_media_may_move_between_calls(world: World) -> None:
    for port in (10000, 10002):
        caller = Caller(f"{port}")
        session = incoming(world, caller)
        session.prepare(LocalMedia(LOCAL[0], port, session_id=port), world.now)
        session.answer(world.now)
        assert f"m=audio {port} ".encode() in world.sent()[0].body
