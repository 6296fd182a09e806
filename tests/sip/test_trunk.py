"""Who may reach us beside the allow-list: providers in use, and what belongs to a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.sip import (
    Account,
    Event,
    Flow,
    InboundAuth,
    IncomingCall,
    InviteSession,
    Request,
    StackSettings,
)

from .harness import EDGE, FLOW, LOCAL, MEDIA, Caller, World, answer_ours, statuses
from .registrar import ACCOUNT, INSIDE, OUTSIDE, PATH, REGISTRAR, SECOND, Office

TRUNK = replace(ACCOUNT, register=False)
AUTH = InboundAuth("tipring", {"alice": "wonderland"})
OURS = "sip:alice@203.0.113.5"
THEIRS = "sip:+15551234567@203.0.113.5"


def trunk(*flows: Flow, auth: InboundAuth | None = None, **changes: Any) -> World:
    """A world with a trunk that is in use and has the flows as addresses."""
    world = World(StackSettings(accounts=(replace(TRUNK, **changes),), auth=auth))
    world.dns["example.com"] = list(flows) or [PATH]
    world.stack.start(world.now)
    world.sent()
    return world


def to(remote: tuple[str, int]) -> Flow:
    return PATH._replace(remote=remote)


def invite(world: World, flow: Flow, uri: str = OURS, call_id: str = "a@x") -> list[int]:
    """The statuses that an INVITE from outside the allow-list gets at once."""
    return statuses(world.receive(Caller(call_id).invite(uri=uri), flow, known=False))


def calls(events: list[Event]) -> list[InviteSession]:
    return [event.session for event in events if isinstance(event, IncomingCall)]


# --- hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"registrars": (), "proxies": ("sip:example.com",)},
        {"registrars": (), "proxies": ()},
        {"registrars": ("sip:other.example",), "proxies": ("sip:example.com;transport=udp",)},
    ],
)
def test_hosts_of_an_account_are_vouched_for(changes: dict[str, Any]) -> None:
    """Registrars, proxies, and without either the domain; all of their addresses."""
    world = trunk(PATH, to(SECOND), **changes)
    for host in (REGISTRAR[0], SECOND[0]):
        assert world.stack.admits(host)
    assert not world.stack.admits("198.51.100.3")
    assert invite(world, to((SECOND[0], 33333))) == [100]
    assert world.stack.local_address("trunk") == LOCAL[0]


def test_before_the_start_nobody_is() -> None:
    world = World(StackSettings(accounts=(TRUNK,)))
    assert not world.stack.admits(REGISTRAR[0])
    assert world.stack.next_deadline() is None
    assert world.stack.local_address("trunk") is None


def test_other_answers_of_dns_are_taken_over() -> None:
    world = trunk(PATH)
    world.dns["example.com"] = [to(SECOND)]
    world.run(299)
    assert world.stack.admits(REGISTRAR[0])
    world.run(2)
    assert world.stack.admits(SECOND[0])
    assert not world.stack.admits(REGISTRAR[0])
    assert invite(world, PATH) == []


def test_a_failure_keeps_what_was_known_and_asks_again_soon() -> None:
    world = trunk(PATH)
    world.dns["example.com"] = []
    world.run(400)
    assert world.stack.admits(REGISTRAR[0])
    world.dns["example.com"] = [to(SECOND)]
    world.run(16)
    assert world.stack.admits(SECOND[0])


def test_a_first_failure_is_repeated_soon() -> None:
    world = trunk(PATH, registrars=("sip:late.example",), domain="late.example")
    world.dns["late.example"] = []
    world.run(301)
    assert not world.stack.admits(REGISTRAR[0])
    world.dns["late.example"] = [PATH]
    world.run(16)
    assert world.stack.admits(REGISTRAR[0])


def test_a_change_of_our_addresses_asks_anew() -> None:
    world = trunk(PATH)
    world.dns["example.com"] = [PATH._replace(local=INSIDE)]
    world.stack.addresses_changed(world.now)
    world.sent()
    assert world.stack.local_address("trunk") == INSIDE[0]


def test_at_stop_nobody_is_vouched_for_any_more() -> None:
    world = trunk(PATH, to(SECOND))
    world.stack.unregister(world.now)
    assert not world.stack.admits(REGISTRAR[0])
    assert not world.stack.busy
    assert world.stack.next_deadline() is None
    assert invite(world, PATH) == []


def test_accounts_at_one_host_do_not_take_it_from_each_other() -> None:
    world = World(StackSettings(accounts=(TRUNK, replace(TRUNK, name="second", username="bob"))))
    world.dns["example.com"] = [PATH]
    world.stack.start(world.now)
    world.run(1000)
    assert invite(world, PATH, "sip:bob@203.0.113.5", "1@x") == [100]
    assert invite(world, PATH, "sip:alice@203.0.113.5", "2@x") == [100]
    assert invite(world, PATH, "sip:carol@203.0.113.5", "3@x") == [100]
    sessions = calls(world.events())
    assert [session.account for session in sessions] == ["second", "trunk", "trunk"]


def test_the_host_of_a_binding_is_vouched_for_whatever_dns_says_by_now() -> None:
    """Calls come from where we are registered, not from where the name leads next."""
    office = Office()
    office.world.dns["example.com"] = [to(SECOND)]
    office.run(1000)
    assert office.world.stack.admits(REGISTRAR[0])
    assert invite(office.world, PATH) == [100]
    (session,) = calls(office.world.events())
    assert session.account == "trunk"


# --- what they may -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "auth", "answer"),
    [
        (OURS, None, 100),
        (OURS, AUTH, 100),
        ("sip:%61lice@203.0.113.5:5060;transport=udp", AUTH, 100),
        (THEIRS, None, 100),
        (THEIRS, AUTH, 401),
        ("sip:203.0.113.5", AUTH, 401),
        ("sip:ALICE@203.0.113.5", AUTH, 401),
    ],
)
def test_a_provider_rings_its_own_user_without_a_password(
    uri: str, auth: InboundAuth | None, answer: int
) -> None:
    """Other users it may ring as anybody in the allow-list may: with a password where one is
    asked for. Either way the call knows its account."""
    world = trunk(PATH, auth=auth)
    assert invite(world, PATH, uri) == ([100] if answer == 100 else [100, answer])
    sessions = calls(world.events())
    assert [session.account for session in sessions] == (["trunk"] if answer == 100 else [])


def test_who_else_is_let_in_is_challenged() -> None:
    """Our own user is no password."""
    world = trunk(PATH, auth=AUTH)
    assert statuses(world.receive(Caller().invite(uri=OURS))) == [100, 401]


@pytest.mark.parametrize("known", [True, False])
def test_a_profile_of_the_account_holds_for_its_calls(known: bool) -> None:
    world = trunk(PATH, profile="full")
    (answer,) = world.receive(Caller().request("OPTIONS"), PATH, known=known)
    assert "UPDATE" in (answer.headers.get("allow") or "")
    (answer,) = world.receive(Caller("b@x").request("OPTIONS"))
    assert "UPDATE" not in (answer.headers.get("allow") or "")


# --- strangers -----------------------------------------------------------------------------------

BAD = b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "ACK", "NOTIFY"])
def test_twilio_16_strangers_get_no_byte(transport: str, method: str) -> None:
    """Whatever they send, from whatever port: no answer and no event, only a count."""
    world = trunk(PATH)
    for port in (5060, 5061, 45409):
        flow = Flow(transport, LOCAL, ("192.0.2.66", port), accepted=transport != "udp")
        caller = Caller(f"{port}@x")
        text = caller.invite(uri=OURS) if method == "INVITE" else caller.request(method)
        assert world.receive(text, flow, known=False) == []
        assert world.receive(BAD, flow, known=False) == []
        assert world.receive(b"\r\n\r\n", flow, known=False) == []
    assert world.events() == []
    assert world.stack.counters["unwanted_requests"] == 3
    assert world.stack.counters["transactions"] == 0
    assert not world.stack.admits("192.0.2.66")


@pytest.mark.parametrize("port", [5060, 5061, 58540, 46905, 45409])
def test_twilio_16_any_source_port_of_the_list_is_answered(port: int) -> None:
    world = World()
    flow = FLOW._replace(remote=(EDGE[0], port))
    assert statuses(world.receive(Caller().invite(), flow)) == [100]


def take(world: World, caller: Caller, *, known: bool = True) -> InviteSession:
    caller.hear(world.receive(caller.invite(uri=OURS), known=known))
    (session,) = calls(world.events())
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    return session


def test_twilio_16_a_change_of_the_list_drops_no_call() -> None:
    """Who is not in the list any more ends its call as always, and starts no new one."""
    world, caller = World(), Caller()
    take(world, caller)
    world.receive(caller.ack(), known=False)
    assert world.stack.admits(EDGE[0])
    assert statuses(world.receive(caller.reinvite(), known=False)) == [100, 200]
    world.receive(caller.ack(), known=False)
    assert world.receive(Caller("new@x").invite(), known=False) == []
    assert world.receive(Caller("new@x").request("OPTIONS"), known=False) == []
    bye = caller.bye()
    assert statuses(world.receive(bye, known=False)) == [200]
    # Our 200 may be lost: it comes again (item 8).
    assert statuses(world.receive(bye, known=False)) == [200]
    world.run(40)
    assert not world.stack.admits(EDGE[0])


def test_twilio_16_a_call_that_rings_while_the_list_changes_can_be_cancelled() -> None:
    world, caller = World(), Caller()
    caller.hear(world.receive(caller.invite()))
    (session,) = calls(world.events())
    session.prepare(MEDIA, world.now)
    session.ring(world.now)
    caller.hear(world.sent())
    assert statuses(world.receive(caller.cancel(), known=False)) == [200, 487]
    world.receive(caller.ack_refusal(), known=False)
    world.run(40)
    assert world.stack.counters["transactions"] == 0


def test_a_provider_whose_address_changes_keeps_its_call() -> None:
    world = trunk(FLOW)
    caller = Caller()
    take(world, caller, known=False)
    world.receive(caller.ack(), known=False)
    world.dns["example.com"] = [to(SECOND)]
    world.run(301)
    assert invite(world, FLOW, OURS, "new@x") == []
    assert statuses(world.receive(caller.bye(), known=False)) == [200]


def test_whom_we_call_may_answer_and_end_it() -> None:
    """A host that no list names: its answers and its BYE count, a call of its own does not."""
    world = World()
    callee = Flow("udp", LOCAL, ("192.0.2.50", 5060))
    world.stack.place_call("sip:bob@192.0.2.50", None, MEDIA, world.now)
    (request,) = world.sent()
    assert isinstance(request, Request)
    assert world.stack.admits(callee.remote[0])
    ringing = answer_ours(request, 200, body=SDP).replace("To: <sip:bob@192.0.2.50>", TAGGED)
    assert len(world.receive(ringing, callee, known=False)) == 1  # the ACK
    assert invite(world, callee, OURS, "own@x") == []
    far = Caller(request.call_id)
    far.from_tag, far.to_tag = "far", request.from_.tag
    assert statuses(world.receive(far.bye(), callee, known=False)) == [200]
    world.run(40)
    assert not world.stack.admits(callee.remote[0])
    assert not world.stack.admits("172.25.75.240")


TAGGED = "To: <sip:bob@192.0.2.50>;tag=far"
SDP = """v=0
o=- 1 1 IN IP4 192.0.2.50
s=-
c=IN IP4 192.0.2.50
t=0 0
m=audio 4000 RTP/AVP 0
"""

# --- paths that stay open ------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("keepalive", ["crlf", "options", "off"])
def test_twilio_21_which_paths_of_registrations_are_kept_open(
    keepalive: str, transport: str
) -> None:
    """OPTIONS do it over UDP; a connection gets its CRLF then, too."""
    path = PATH._replace(transport=transport)
    office = Office(path=path, keepalive=keepalive)
    kept = keepalive == "crlf" or (keepalive == "options" and transport != "udp")
    assert office.world.stack.keepalive_flows() == ([path] if kept else [])
    assert office.world.stack.live_flows() == [path]
    assert office.world.stack.uses(path)


@pytest.mark.parametrize(
    ("flow", "kept"),
    [
        # Behind a NAT the peer's BYE must find its way an hour later; media go another way.
        (Flow("udp", INSIDE, EDGE), True),
        (Flow("udp", LOCAL, EDGE), False),
        (Flow("udp", INSIDE, ("192.168.1.9", 5060)), False),
        # Who opened a connection keeps it.
        (Flow("tcp", LOCAL, EDGE, accepted=True), False),
        (Flow("tls", LOCAL, EDGE, "edge.example"), True),
    ],
)
def test_twilio_21_which_paths_of_calls_are_kept_open(flow: Flow, kept: bool) -> None:
    world, caller = World(), Caller()
    world.flow = flow
    take(world, caller)
    world.receive(caller.ack())
    assert world.stack.keepalive_flows() == ([flow] if kept else [])
    assert world.stack.live_flows() == [flow]
    assert world.stack.uses(flow)
    world.receive(caller.bye())
    assert world.stack.keepalive_flows() == []
    assert not world.stack.uses(flow)


def test_an_owner_who_wants_no_keepalive_gets_none() -> None:
    office = Office(path=Flow("udp", INSIDE, REGISTRAR), nat=OUTSIDE, keepalive="off")
    world, caller = office.world, Caller()
    world.flow = Flow("udp", INSIDE, REGISTRAR)
    take(world, caller)
    assert world.stack.keepalive_flows() == []


def test_a_call_that_we_place_uses_its_path_from_the_first_byte() -> None:
    world = World()
    call = world.stack.place_call("sips:bob@192.0.2.50", None, MEDIA, world.now)
    assert world.stack.keepalive_flows() == world.stack.live_flows() == []
    world.sent()
    assert world.stack.uses(call.flow)
    assert call.flow.transport == "tls"


def test_an_account_without_a_password_is_no_error_before_it_is_asked_for_one() -> None:
    account = Account("plain", "alice", "example.com", register=False)
    assert account.login == "alice"
    assert replace(account, auth_user="a1").login == "a1"
