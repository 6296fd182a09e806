"""Accounts: what the owner may write, and the way that their calls take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import ConfigError, LocalProtocolError
from gateway.sip import (
    Account,
    EndCause,
    Flow,
    IncomingCall,
    Request,
    SessionEnded,
    StackSettings,
)

from .callee import accept, respond
from .harness import LOCAL, MEDIA, WITH_HEADERS, Caller, World, connected, statuses
from .registrar import ACCOUNT, PATH, REGISTRAR, SECOND, Office, Registrar

# --- what may be written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"registrars": ("example.com",)}, "registrar: 'example.com'"),
        ({"registrars": ("sip:",)}, "registrar: 'sip:'"),
        ({"registrars": ("sip:a", "tel:+1555")}, "registrar: 'tel:+1555'"),
        ({"proxies": ("https://example.com",)}, "proxy: 'https://example.com'"),
        ({"domain": "exa mple.com"}, "domain: "),
        ({"domain": "2001:db8::1"}, "domain: "),
        ({"domain": ""}, "domain: "),
        ({"caller_id": "mailto:a@b"}, "caller_id: 'mailto:a@b'"),
        ({"caller_id": "sip:a b@c"}, "caller_id: "),
        ({"transport": "sctp"}, "no transport 'sctp'"),
        ({"keepalive": "stun"}, "no keepalive 'stun'"),
        ({"username": ""}, "no username"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(changes: dict[str, Any], words: str) -> None:
    """With the account's name, so that the owner finds it; never in the midst of a call."""
    with pytest.raises(ConfigError, match="account 'trunk': ") as error:
        replace(ACCOUNT, **changes)
    assert words in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"registrars": ("<sip:example.com>", " sips:[2001:db8::1]:5061;transport=tcp ")},
        {"domain": "[2001:db8::1]"},
        {"domain": "example.com:5070"},
        {"caller_id": "+1 555 123"},
        {"caller_id": "tel:+1555123"},
        {"username": "+15551234567"},
    ],
)
def test_what_can_be_used(changes: dict[str, Any]) -> None:
    World(StackSettings(accounts=(replace(ACCOUNT, **changes),))).stack.start(0.0)


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        ((ACCOUNT, replace(ACCOUNT, username="bob")), "two accounts 'trunk'"),
        ((replace(ACCOUNT, profile="best"),), "no SIP profile 'best'"),
    ],
)
def test_accounts_that_do_not_go_together(accounts: tuple[Account, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        StackSettings(accounts=accounts)


# --- what is dialled -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "user"),
    [
        ("+15551234567", "+15551234567"),
        ("+1 (555) 123-4567", "+15551234567"),
        ("+1.555.123.4567", "+15551234567"),
        ("tel:+1-555-123-4567", "+15551234567"),
        ("TEL:+15551234567;phone-context=x", "+15551234567"),
        ("*72#", "*72%23"),
        ("600", "600"),
        ("bob.b-ob", "bob.b-ob"),
        ("a:b", "a%3Ab"),
    ],
)
def test_numbers_are_dialled_as_an_exchange_takes_them(dialled: str, user: str) -> None:
    (invite,) = call(Office(), dialled)
    assert str(invite.uri) == f"sip:{user}@example.com"


@pytest.mark.parametrize("dialled", ["", " ", "()", "tel:", "tel:;x=y"])
def test_nothing_can_be_dialled_with_nothing(dialled: str) -> None:
    world = Office().world
    with pytest.raises(LocalProtocolError, match="not a "):
        world.stack.place_call(dialled, "trunk", MEDIA, world.now)


@pytest.mark.parametrize(
    ("changes", "good"),
    [({}, False), ({"transport": "tls"}, True), ({"registrars": ("sips:example.com",)}, True)],
)
def test_sips_goes_by_tls_or_not_at_all(changes: dict[str, Any], good: bool) -> None:
    """RFC 3261 section 26.2.2: whoever dials sips: relies on it."""
    path = PATH._replace(transport="tls", local=(LOCAL[0], 5061)) if good else PATH
    office = Office(path=path, **changes)
    if good:
        (invite,) = call(office, "sips:bob@example.com")
        assert str(invite.uri) == "sips:bob@example.com"
    else:
        with pytest.raises(LocalProtocolError, match="not TLS"):
            call(office, "sips:bob@example.com")


@pytest.mark.parametrize(
    ("proxy", "scheme"), [("sips:example.com", "sips"), ("sip:example.com;transport=tls", "sip")]
)
def test_a_sips_route_wants_a_sips_contact(proxy: str, scheme: str) -> None:
    """RFC 3261 section 8.1.1.8: the Request-URI or the first Route."""
    path = PATH._replace(transport="tls", local=(LOCAL[0], 5061))
    office = Office(path=path, proxies=(proxy,))
    (invite,) = call(office)
    assert invite.uri.scheme == "sip"
    assert invite.headers.get("route") == f"<{proxy};lr>"
    assert [contact.uri.scheme for contact in invite.contacts] == [scheme]


# --- the way -------------------------------------------------------------------------------------

EDGE = ("198.51.100.20", 5060)
HOME = "<sip:orig@198.51.100.1:5060;lr>"
OTHER = "<sip:orig@198.51.100.20;lr>"
NAMED = "<sip:edge.example.com;lr>"
INNER = "<sip:10.0.0.9;lr>"


def call(office: Office, to: str = "600") -> list[Request]:
    office.world.stack.place_call(to, "trunk", MEDIA, office.world.now)
    office.run(0.01)
    return office.wire.requests("INVITE")


@pytest.mark.parametrize(
    ("proxies", "service_route", "routes", "first"),
    [
        ((), (), [], REGISTRAR),
        # RFC 3608 section 5: the first route is the next hop.
        ((), (HOME,), [HOME], REGISTRAR),
        ((), (HOME, "<sip:b.example;lr>"), [HOME, "<sip:b.example;lr>"], REGISTRAR),
        ((), (OTHER,), [OTHER], EDGE),
        ((), (NAMED,), [NAMED], EDGE),
        # An edge that gives its inner address is reached by the way that is known.
        ((), (INNER,), [INNER], REGISTRAR),
        # The owner's proxies stay in front of it.
        (("sip:edge.example.com",), (), [NAMED], EDGE),
        (("sip:edge.example.com;lr",), (HOME,), [NAMED, HOME], EDGE),
    ],
)
def test_the_way_of_a_call(
    proxies: tuple[str, ...],
    service_route: tuple[str, ...],
    routes: list[str],
    first: tuple[str, int],
) -> None:
    lines = (f"Service-Route: {', '.join(service_route)}",) if service_route else ()
    office = Office(registrar=Registrar(ok_lines=lines), proxies=proxies, start=False)
    office.world.dns["edge.example.com"] = [PATH._replace(remote=EDGE)]
    office.wire.peers[EDGE[0]] = office.registrar
    office.world.stack.start(office.world.now)
    office.run(1)
    (invite,) = call(office)
    assert invite.headers.get_all("route") == routes
    assert str(invite.uri) == "sip:600@example.com"
    assert {f.remote for _, f, m in office.wire.sent if m is invite} == {first}


@pytest.mark.parametrize(
    ("contact", "extra"),
    [("", ()), ("<<sip:bob", ()), ("<sip:bob@192.0.2.9>", (("Record-Route", "<sip:a, b"),))],
    ids=["no Contact", "a broken Contact", "a broken Record-Route"],
)
def test_an_answer_that_says_no_way_is_acknowledged_by_the_way_of_the_call(
    contact: str, extra: tuple[tuple[str, str], ...]
) -> None:
    """The URI that was dialled may be nowhere that we can reach without the account's proxy."""
    office = Office(proxies=("sip:edge.example.com;lr",), start=False)
    office.world.dns["edge.example.com"] = [PATH._replace(remote=EDGE)]
    office.world.stack.start(office.world.now)
    office.run(1)
    (invite,) = call(office)
    office.world.stack.receive(
        accept(invite, contact=contact, extra=extra).encode(),
        PATH._replace(remote=EDGE),
        office.world.now,
    )
    ((flow, ack),) = office.world.sent_to()
    assert isinstance(ack, Request)
    assert (flow.remote, ack.method, str(ack.uri)) == (EDGE, "ACK", "sip:600@example.com")
    assert ack.headers.get_all("route") == [NAMED]


def test_service_route_ends_with_the_registration() -> None:
    office = Office(registrar=Registrar(ok_lines=(f"Service-Route: {OTHER}",)))
    office.registrar.script = [(503, ())] * 99
    office.run(700)
    assert office.status.state == "waiting"
    (invite,) = call(office)
    assert invite.headers.get_all("route") == []


@pytest.mark.parametrize("line", ["Service-Route: nonsense", "Service-Route: <sip:>, <sip:a;lr>"])
def test_a_service_route_that_cannot_be_read_is_none(line: str) -> None:
    office = Office(registrar=Registrar(ok_lines=(line,)))
    assert office.status.state == "registered"
    (invite,) = call(office)
    assert invite.headers.get_all("route") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"register": False},
        {"register": False, "registrars": ()},
        {"register": False, "registrars": (), "proxies": ("sip:example.com",)},
    ],
)
def test_calls_of_a_trunk_that_does_not_register(changes: dict[str, Any]) -> None:
    office = Office(**changes)
    assert office.status.state == "off"
    assert office.wire.requests("REGISTER") == []
    (invite,) = call(office, "+15551234567")
    assert {f for _, f, m in office.wire.sent if m is invite} == {PATH}


def test_the_transport_of_a_trunk_holds_for_its_calls() -> None:
    office = Office(register=False, registrars=(), transport="tcp", start=False)
    del office.world.dns["example.com"]
    call(office)
    assert office.wire.sent[0][1].transport == "tcp"


def test_a_call_before_the_registration_is_up() -> None:
    """It goes where the registrar is; whether it may is that one's to say."""
    office = Office(start=False)
    (invite,) = call(office)
    assert invite.headers.get_all("route") == []
    assert {f for _, f, m in office.wire.sent if m is invite} == {PATH}


def test_a_call_when_the_registered_path_has_died() -> None:
    """twilio.md 40: after `failover_s` of silence the name is looked up again."""
    office = Office()
    office.wire.peers = {SECOND[0]: office.registrar}
    office.world.dns["example.com"] = [PATH, PATH._replace(remote=SECOND)]
    call(office)
    office.run(6.5)
    last = [(at, f) for at, f, m in office.wire.sent if isinstance(m, Request)][-1]
    assert last[1].remote == SECOND
    assert last[0] - 1000.5 == pytest.approx(6, abs=0.1)


def test_calls_share_the_nonce_of_the_registration() -> None:
    """One account, one protection space (RFC 3261 section 22.3): no challenge of its own."""
    office = Office(registrar=Registrar(challenge=407))
    (invite,) = call(office)
    assert 'realm="example.com"' in (invite.headers.get("proxy-authorization") or "")


def test_one_contact_user_for_registration_and_calls() -> None:
    office = Office(username="al ice")
    (invite,) = call(office)
    assert invite.contacts[0].uri.user == "al%20ice"
    assert office.registrar.requests()[0].contacts[0].uri.user == "al%20ice"


def test_no_account_of_that_name() -> None:
    world = Office().world
    with pytest.raises(ConfigError, match="no account 'tronk'; the accounts are: trunk"):
        world.stack.place_call("600", "tronk", MEDIA, world.now)
    with pytest.raises(ConfigError, match="the accounts are: none"):
        World().stack.local_address("trunk")


# --- Twilio's list, where accounts and sources meet ----------------------------------------------


@pytest.mark.parametrize(
    "from_uri",
    [
        "sip:+10987654321@example.pstn.twilio.com:5060",
        "sip:alice@example.com",
        "sip:anonymous@anonymous.invalid",
        "sip:203.0.113.5",
        "tel:+15551234567",
    ],
)
def test_twilio_18_without_digest_nobody_is_asked_whoever_the_from_names(from_uri: str) -> None:
    """Not even when From names a user of ours: the source is what counts."""
    office = Office()
    text = Caller().invite(uri="sip:alice@203.0.113.5")
    text = text.replace("sip:+10987654321@example.pstn.twilio.com:5060", from_uri)
    assert statuses(office.world.receive(text)) == [100]
    assert office.world.event(IncomingCall).session.account is None


def test_twilio_39_rtp_timeout_ends_a_call_in_with_a_reason() -> None:
    """BYE with Reason (RFC 3326) and the owner's X- headers."""
    world, caller = World(WITH_HEADERS), Caller()
    session = connected(world, caller)
    session.hang_up(world.now, reason="rtp-timeout")
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    assert bye.method == "BYE"
    assert bye.headers.get("reason") == 'Q.850;cause=102;text="rtp-timeout"'
    assert bye.headers.get("x-gateway-reason") == "rtp-timeout"
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE


def test_twilio_39_rtp_timeout_ends_a_call_of_ours_with_a_reason() -> None:
    office = Office(settings=WITH_HEADERS)
    world = office.world
    session = world.stack.place_call("600", "trunk", MEDIA, world.now)
    office.run(0.01)
    (invite,) = office.wire.requests("INVITE")
    world.receive(accept(invite, contact="<sip:600@198.51.100.1>"), PATH, known=False)
    world.sent()
    session.hang_up(world.now, reason="rtp-timeout")
    (bye,) = world.sent()
    assert isinstance(bye, Request)
    assert bye.headers.get("reason") == 'Q.850;cause=102;text="rtp-timeout"'
    assert bye.headers.get("x-gateway-reason") == "rtp-timeout"
    world.receive(respond(bye, 200), Flow("udp", LOCAL, REGISTRAR), known=False)
    assert world.event(SessionEnded).cause is EndCause.LOCAL_BYE
