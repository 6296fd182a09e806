"""Call, answer, cancel, hang up: items 1-18 of what Twilio sees on the wire, by their numbers."""

from __future__ import annotations

import re

import pytest

from gateway.sip import (
    Answered,
    EndCause,
    Flow,
    HeaderFacts,
    InboundAuth,
    IncomingCall,
    Refused,
    Request,
    Response,
    SessionEnded,
    StackSettings,
)

from .harness import (
    EDGE,
    FLOW,
    MEDIA,
    RECORD_ROUTES,
    WITH_HEADERS,
    Caller,
    World,
    answered,
    connected,
    incoming,
    reason_header,
    statuses,
)


def test_twilio_01_trying_goes_first(world: World, caller: Caller) -> None:
    (first,) = world.receive(caller.invite())
    assert isinstance(first, Response)
    assert (first.status, first.reason, first.to.tag) == (100, "Trying", "")


def test_twilio_02_every_via_in_order_and_text(world: World, caller: Caller) -> None:
    flow = FLOW._replace(remote=("54.172.60.0", 46905))
    text = caller.invite()
    world.stack.receive(text.encode(), flow, world.now)
    ((target, message),) = world.sent_to()
    sent = [line[5:] for line in text.split("\r\n") if line.startswith("Via: ")]
    got = message.headers.get_all("Via")
    assert got[1:] == sent[1:]
    assert got[0] == sent[0].replace(";rport", ";rport=46905") + ";received=54.172.60.0"
    assert target.remote == ("54.172.60.0", 46905)


@pytest.mark.parametrize(
    "routes",
    [
        RECORD_ROUTES,
        RECORD_ROUTES[:1],
        (", ".join(RECORD_ROUTES),),
        ("<sip:107.21.231.147:5060;lr;ftag=31945052_6772d868>", "<sip:a;lr>,<sip:b;r2=on;lr>"),
    ],
)
def test_twilio_03_record_route_is_copied_byte_by_byte(
    routes: tuple[str, ...], world: World, caller: Caller
) -> None:
    caller.record_routes = routes
    session = incoming(world, caller)
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    messages = world.sent()
    assert statuses(messages) == [180, 200]
    for message in messages:
        assert tuple(message.headers.get_all("Record-Route")) == routes


FLOW_V6 = Flow("udp", ("2001:db8::9", 5060), ("2001:db8::1", 5060))


@pytest.mark.parametrize(
    ("public", "flow", "contact"),
    [
        (None, FLOW, "<sip:+11234567890@203.0.113.5:5060;transport=udp>"),
        ("gw.example.net", FLOW, "<sip:+11234567890@gw.example.net:5060;transport=udp>"),
        ("2001:db8::5", FLOW_V6, "<sip:+11234567890@[2001:db8::5]:5060;transport=udp>"),
        # An address of the other family would lead nowhere.
        ("2001:db8::5", FLOW, "<sip:+11234567890@203.0.113.5:5060;transport=udp>"),
        ("198.51.100.7", FLOW_V6, "<sip:+11234567890@[2001:db8::9]:5060;transport=udp>"),
        ("gw.example.net", FLOW_V6, "<sip:+11234567890@gw.example.net:5060;transport=udp>"),
        (
            "gw.example.net",
            Flow("tls", ("10.0.0.2", 5061), EDGE),
            "<sip:+11234567890@gw.example.net:5061;transport=tls>",
        ),
    ],
)
def test_twilio_04_contact_is_the_listener(public: str | None, flow: Flow, contact: str) -> None:
    world = World(StackSettings(public_host=public))
    world.receive(Caller().invite(), flow)
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    assert [message.headers.get("Contact") for message in world.sent()] == [contact, contact]


TLS = Flow("tls", ("203.0.113.5", 5061), EDGE)
TO = "bob@203.0.113.5"


@pytest.mark.parametrize(
    ("uri", "route", "contact", "flow", "scheme"),
    [
        (f"sips:{TO}", None, "sip:alice@192.0.2.1", TLS, "sips"),
        (f"sip:{TO}", None, "sips:alice@192.0.2.1", TLS, "sips"),
        (f"sip:{TO}", "<sips:192.0.2.9;lr>", "sip:alice@192.0.2.1", TLS, "sips"),
        # The top Record-Route decides, and what is below it does not.
        (f"sip:{TO}", "<sip:192.0.2.9;lr>, <sips:x;lr>", "sips:alice@192.0.2.1", TLS, "sip"),
        (f"sip:{TO};transport=tls", None, "sip:alice@192.0.2.1;transport=tls", TLS, "sip"),
        (f"sips:{TO}", None, "sip:alice@192.0.2.1", FLOW, "sip"),
    ],
)
def test_a_sips_call_has_a_sips_contact(
    uri: str, route: str | None, contact: str, flow: Flow, scheme: str
) -> None:
    """RFC 3261 section 12.1.1; RFC 5630 section 3.1.4: no transport=tls beside sips."""
    world = World(StackSettings())
    caller = Caller()
    caller.contact = f"<{contact}>"
    caller.record_routes = (route,) if route else ()
    world.receive(caller.invite(uri=uri), flow)
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    transport = "" if scheme == "sips" else f";transport={flow.transport}"
    expected = f"<{scheme}:bob@203.0.113.5:{flow.local[1]}{transport}>"
    assert [message.headers.get("Contact") for message in world.sent()] == [expected] * 2


def test_twilio_05_answer(world: World, caller: Caller) -> None:
    body = answered(world, caller).body.decode().split("\r\n")
    assert body == [
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


def test_twilio_06_ack_is_matched_by_dialog_alone(world: World, caller: Caller) -> None:
    answered(world, caller)
    ack = caller.ack().replace("54.172.60.0:5060", "198.51.100.77:9999")
    ack = ack.replace("<sip:+10987654321@example.pstn.twilio.com:5060>", "<sip:x@y>")
    world.receive(ack, FLOW._replace(remote=("198.51.100.77", 1234)))
    assert isinstance(world.event(Answered), Answered)
    assert world.run(40) == []


def test_twilio_06_success_repeats_then_bye(world: World, caller: Caller) -> None:
    answered(world, caller)
    sent = world.run(32)
    assert [at for at, _ in sent] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5, 32.0]
    assert isinstance(sent[-1][1], Request)
    assert world.event(SessionEnded).cause is EndCause.ACK_TIMEOUT


@pytest.mark.parametrize("number", [-1, 1])
def test_twilio_06_an_ack_with_another_cseq_is_not_ours(
    number: int, world: World, caller: Caller
) -> None:
    answered(world, caller)
    world.receive(caller.ack(cseq=caller.cseq + number))
    assert world.events() == []


def test_twilio_07_bye_route_set(world: World, caller: Caller) -> None:
    connected(world, caller).hang_up(world.now)
    ((flow, bye),) = world.sent_to()
    assert bye.start_line == "BYE sip:+10987654321@172.25.75.240:5060;transport=udp SIP/2.0"
    assert tuple(bye.headers.get_all("Route")) == RECORD_ROUTES
    assert flow.remote == ("54.172.60.0", 5060)
    assert len(bye.vias) == 1
    assert bye.vias[0].host == "203.0.113.5"
    assert re.fullmatch(r"z9hG4bK[0-9a-f]{20}", bye.vias[0].branch)
    assert bye.from_.tag == caller.to_tag
    assert bye.from_.uri.user == "+11234567890"
    assert bye.to.tag == caller.from_tag
    assert bye.cseq == (1, "BYE")
    assert bye.headers.get("Max-Forwards") == "70"


@pytest.mark.parametrize(
    ("routes", "uri", "sent_routes", "hop"),
    [
        (
            ("<sip:edge.example;lr>, <sip:inner.example:5070;lr>",),
            "sip:+10987654321@172.25.75.240:5060;transport=udp",
            ["<sip:edge.example;lr>", "<sip:inner.example:5070;lr>"],
            ("edge.example", 5060),
        ),
        (
            ("<sip:strict.example:5062>", "<sip:inner.example;lr>"),
            "sip:strict.example:5062",
            [
                "<sip:inner.example;lr>",
                "<sip:+10987654321@172.25.75.240:5060;transport=udp>",
            ],
            ("strict.example", 5062),
        ),
        ((), "sip:+10987654321@172.25.75.240:5060;transport=udp", [], EDGE),
        (
            ("<nonsense>",),
            "sip:+10987654321@172.25.75.240:5060;transport=udp",
            ["<nonsense>"],
            EDGE,
        ),
    ],
)
def test_twilio_07_next_hop(
    routes: tuple[str, ...],
    uri: str,
    sent_routes: list[str],
    hop: tuple[str, int],
    world: World,
    caller: Caller,
) -> None:
    caller.record_routes = routes
    connected(world, caller).hang_up(world.now)
    ((flow, bye),) = world.sent_to()
    assert isinstance(bye, Request)
    assert (str(bye.uri), bye.headers.get_all("Route"), flow.remote) == (uri, sent_routes, hop)


def test_twilio_07_a_connection_is_its_own_way_back(caller: Caller) -> None:
    world = World()
    flow = Flow("tls", ("203.0.113.5", 5061), ("54.172.60.0", 58540))
    caller.hear(world.receive(caller.invite(), flow))
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack(), flow)
    session.hang_up(world.now)
    ((used, bye),) = world.sent_to()
    assert used == flow
    assert bye.vias[0].transport == "TLS"


def test_twilio_08_bye_from_the_peer(world: World, caller: Caller) -> None:
    session = connected(world, caller)
    bye = caller.bye()
    assert statuses(world.receive(bye)) == [200]
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.session) == (EndCause.REMOTE_BYE, session)
    assert ended.request is not None
    assert statuses(world.receive(bye)) == [200]
    first, second = [data for _, _, data in world.log][-2:]
    assert first == second
    assert world.events() == []
    assert statuses(world.receive(caller.bye())) == [481]


def test_twilio_08_bye_for_an_unknown_dialog(world: World, caller: Caller) -> None:
    caller.to_tag = "nobody"
    assert statuses(world.receive(caller.bye())) == [481]
    assert world.event(Refused).status == 481


def test_twilio_09_cancel(caller: Caller) -> None:
    world = World(WITH_HEADERS)
    session = incoming(world, caller)
    session.ring(world.now)
    caller.hear(world.sent())
    ok, terminated = world.receive(caller.cancel())
    assert statuses([ok, terminated]) == [200, 487]
    assert ok.cseq.method == "CANCEL"
    assert terminated.cseq.method == "INVITE"
    assert terminated.to.tag == ok.to.tag == caller.to_tag
    assert terminated.headers.get("X-Gateway-Reason") == "cancelled"
    assert len(terminated.vias) == 2
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status) == (EndCause.CANCELLED, 487)
    world.receive(caller.ack_refusal())
    assert world.run(40) == []


def test_twilio_09_cancel_after_the_answer_means_nothing(world: World, caller: Caller) -> None:
    answered(world, caller)
    assert statuses(world.receive(caller.cancel())) == [200]
    assert world.events() == []
    world.receive(caller.ack())
    assert isinstance(world.event(Answered), Answered)


def test_twilio_09_cancel_without_a_match(world: World, caller: Caller) -> None:
    caller.invite()
    assert statuses(world.receive(caller.cancel())) == [481]


def test_twilio_10_ringing_goes_on_for_ten_minutes(world: World, caller: Caller) -> None:
    session = incoming(world, caller)
    session.ring(world.now)
    world.sent()
    sent = world.run(605)
    assert [at for at, _ in sent] == [60.0 * minute for minute in range(1, 11)]
    assert set(statuses(message for _, message in sent)) == {180}
    assert session.state == "ringing"
    assert statuses(world.receive(caller.cancel())) == [200, 487]
    assert world.run(60) != []
    assert world.stack.next_deadline() is None


@pytest.mark.parametrize(
    ("expires", "after"),
    [
        ("0", 0),
        ("20", 20),
        ("180", 180),
        (None, 660),  # a caller that is gone cancels nothing
        ("4294967295", 660),
        ("4294967296", 660),
        ("soon", 660),
    ],
)
def test_ringing_ends_with_the_invitation(
    expires: str | None, after: float, world: World, caller: Caller
) -> None:
    """RFC 3261 section 13.3.1: when its Expires is over before the answer, 487."""
    session = incoming(world, caller, extra=[("Expires", expires)] if expires else [])
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    world.sent()
    start = world.now
    world.run(30)
    session.progress(world.now)  # early media win no time
    world.run(700)
    ended = world.event(SessionEnded)
    assert (ended.cause, ended.status, session.state) == (EndCause.EXPIRED, 487, "over")
    finals = [at - start for at, _, data in world.log if data.startswith(b"SIP/2.0 487")]
    assert finals[0] == pytest.approx(after, abs=0.001)


def test_an_answered_call_does_not_expire(world: World, caller: Caller) -> None:
    session = incoming(world, caller, extra=[("Expires", "20")])
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    world.run(700)
    assert session.state == "confirmed"


def test_twilio_13_the_same_invite_by_another_way_is_482(world: World, caller: Caller) -> None:
    world.receive(caller.invite())
    assert statuses(world.receive(caller.invite())) == [100, 482]
    assert len([event for event in world.events() if isinstance(event, IncomingCall)]) == 1


def test_twilio_13_repeats_get_the_last_response(world: World, caller: Caller) -> None:
    text = caller.invite()
    caller.hear(world.receive(text))
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    world.sent()
    assert statuses(world.receive(text)) == [180]
    session.answer(world.now)
    caller.hear(world.sent())
    assert statuses(world.receive(text)) == [200]
    world.receive(caller.ack())
    assert world.receive(text) == []


def test_twilio_14_configured_headers_on_the_200(caller: Caller) -> None:
    def headers(facts: HeaderFacts) -> list[tuple[str, str]]:
        return [
            ("X-Gateway-Line", facts.line),
            ("X-gateway-LINE", "twice"),
            ("X-Odd", "a\r\nX-Evil: b\x00\u00e9c"),
            ("X Bad", "no token"),
            ("X-Big", "x" * 2000),
            ("Contact", "<sip:evil@example.com>"),
            ("l", "0"),
            ("X-Call", f"{facts.call} {facts.codec} {facts.sid}"),
        ]

    world = World(StackSettings(ok_headers=headers))
    session = incoming(world, caller)
    session.describe(line="phone1", call="c42")
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (message,) = world.sent()
    custom = [(name, value) for name, value in message.headers if name.lower().startswith("x")]
    assert custom == [
        ("X-Gateway-Line", "phone1"),
        ("X-Odd", "aX-Evil: bc"),
        ("X-Call", "c42 PCMU CA" + "fedcba9876543210" * 2),
    ]
    assert sum(len(name) + len(value) + 4 for name, value in custom) < 1024


@pytest.mark.parametrize("status", [404, 480, 486, 488, 603])
def test_twilio_15_configured_headers_on_every_refusal(status: int, caller: Caller) -> None:
    world = World(WITH_HEADERS)
    incoming(world, caller).reject(status, world.now, reason="because")
    (message,) = world.sent()
    assert message.headers.get("X-Gateway-Reason") == "because"
    assert message.headers.get("X-Gateway-Status") == str(status)


def test_twilio_15_configured_headers_on_both_kinds_of_bye(caller: Caller) -> None:
    world = World(WITH_HEADERS)
    session = connected(world, caller)
    world.run(61.5)
    session.hang_up(world.now, reason="phone-hung-up")
    (bye,) = world.sent()
    assert bye.headers.get("X-Gateway-Reason") == "phone-hung-up"
    other = Caller("other-call")
    connected(world, other).describe(reason="far-end")
    (ok,) = world.receive(other.bye())
    assert ok.headers.get("X-Gateway-Reason") == "far-end"


@pytest.mark.parametrize("auth", [None, InboundAuth("tipring", {"alice": "s"})])
def test_twilio_15_configured_headers_on_the_stacks_own_refusals(auth: InboundAuth | None) -> None:
    """All but 401 and 407, which are no answer to the call yet."""
    world = World(StackSettings(auth=auth, final_headers=reason_header))
    answers = world.receive(Caller().invite(extra=[] if auth else [("Require", "100rel")]))
    assert statuses(answers) == [100, 401 if auth else 420]
    assert answers[-1].headers.get("X-Gateway-Reason") == (None if auth else "bad-extension")


def test_twilio_15_duration_and_codec_in_the_facts(caller: Caller) -> None:
    world = World(StackSettings(final_headers=lambda f: [("X-D", f"{f.duration}s {f.codec}")]))
    session = connected(world, caller)
    world.run(90.7)
    session.hang_up(world.now)
    assert world.sent()[0].headers.get("X-D") == "90s PCMU"


def test_twilio_18_no_challenge_without_configured_users(world: World, caller: Caller) -> None:
    assert statuses(world.receive(caller.invite())) == [100]
