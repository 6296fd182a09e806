"""Where others reach us: learned behind a NAT, fixed by the owner, and changed on the way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from gateway.sip import Flow, InviteSession, MediaChanged, Request, Response, StackSettings
from gateway.sip.public_address import PublicAddress

from .harness import EDGE, MEDIA, Caller, World, answer_ours, incoming
from .registrar import INSIDE, OUTSIDE, PATH, REGISTRAR, SECOND, Office, Registrar

NAT_PATH = Flow("udp", INSIDE, REGISTRAR)
LAN_PEER = ("192.168.1.77", 5060)
OTHER = "203.0.113.99"
NEW_INSIDE = ("10.9.8.7", 5060)


def behind_nat(**changes: Any) -> Office:
    """An office whose packets come out of a NAT."""
    return Office(**{"path": NAT_PATH, "nat": OUTSIDE, **changes})


def contacts(office: Office) -> list[str]:
    """The Contact headers of all REGISTERs, without the parts that do not matter here."""
    texts = [request.headers.get("contact") or "" for request in office.registrar.requests()]
    return [re.sub("sip:alice@|;transport=udp", "", text) for text in texts]


def changes(world: World) -> int:
    return world.stack.counters.get("address_changes", 0)


def connect(world: World, caller: Caller, flow: Flow) -> InviteSession:
    """A call from `flow` that is up, with media as the service would announce them."""
    world.flow = flow
    session = incoming(world, caller)
    host = world.stack.host_for(flow.local[0], flow.remote[0])
    session.prepare(replace(MEDIA, host=host), world.now)
    session.answer(world.now)
    caller.hear(world.sent())
    world.receive(caller.ack())
    world.events()
    return session


def reinvites(office: Office) -> list[Request]:
    return office.wire.requests("INVITE")


def media_line(request: Request | Response) -> str:
    return next(line for line in request.body.decode().splitlines() if line.startswith("c="))


# --- learning ------------------------------------------------------------------------------------


def test_twilio_20_learned_from_a_challenge() -> None:
    """The retry that carries the password has the true Contact; nothing is to be removed."""
    office = behind_nat()
    assert contacts(office) == ["<192.168.1.5:5060>;expires=600", f"<{OUTSIDE}:5060>;expires=600"]
    assert office.bound == [f"sip:alice@{OUTSIDE}:5060;transport=udp"]
    assert office.status.contact == office.bound[0]


def test_twilio_20_learned_from_the_grant() -> None:
    """Registered again at once, and what nobody can reach is taken away."""
    office = behind_nat(registrar=Registrar(challenge=0))
    assert contacts(office) == [
        "<192.168.1.5:5060>;expires=600",
        f"<{OUTSIDE}:5060>;expires=600, <192.168.1.5:5060>;expires=0",
    ]
    assert office.bound == [f"sip:alice@{OUTSIDE}:5060;transport=udp"]
    assert office.status.state == "registered"


@pytest.mark.parametrize("stun", [False, True])
def test_twilio_04_whose_the_mapped_port_is(stun: bool) -> None:
    """The registrar's that saw it. Others are told the port that received their INVITE, as a
    router forwards it; STUN means that nobody forwards anything."""
    office = behind_nat(start=False)
    office.wire.port = 40123
    world = office.world
    world.stack.start(world.now)
    office.run(1)
    assert contacts(office)[-1] == f"<{OUTSIDE}:40123>;expires=600"
    if stun:
        server = Flow("udp", INSIDE, ("192.0.2.33", 3478))
        world.stack.learned(server, OUTSIDE, 40123, world.now)
    flows = (
        (Flow("udp", INSIDE, REGISTRAR), 40123),
        (Flow("udp", INSIDE, EDGE), 40123 if stun else 5060),
        (Flow("udp", (INSIDE[0], 5070), EDGE), 5070),
        (Flow("tcp", INSIDE, EDGE), 5060),
    )
    for number, (flow, port) in enumerate(flows):
        session = connect(world, Caller(f"{number}@x"), flow)
        assert f"@{OUTSIDE}:{port};" in session.contact
        session.hang_up(world.now)


def test_over_tcp_the_port_of_the_connection_is_not_ours() -> None:
    """received says the address, rport the port that our connection happens to have."""
    office = behind_nat(path=Flow("tcp", INSIDE, REGISTRAR), start=False)
    office.wire.port = 55555
    office.world.stack.start(office.world.now)
    office.run(1)
    assert office.status.contact == f"sip:alice@{OUTSIDE}:5060;transport=tcp"


@pytest.mark.parametrize("port", ["9" * 5000, "0", "65536", "x", "-1"])
def test_a_port_that_is_none(port: str) -> None:
    """Nothing raises, and our own port is told."""
    office = behind_nat(start=False)
    office.wire.port = port
    office.world.stack.start(office.world.now)
    office.run(1)
    assert office.status.contact == f"sip:alice@{OUTSIDE}:5060;transport=udp"


def test_kept_through_refreshes() -> None:
    office = behind_nat()
    office.run(3600)
    assert set(contacts(office)[1:]) == {f"<{OUTSIDE}:5060>;expires=600"}
    assert changes(office.world) == 1


@pytest.mark.parametrize(
    ("nat", "port"),
    [
        (OUTSIDE, 1024),
        ("192.168.1.5", 5060),
        ("10.0.0.1", 5060),
        ("127.0.0.1", 5060),
        ("100.64.1.1", 5060),
        ("169.254.1.1", 5060),
        ("2001:db8::9", 5060),
        ("nonsense", 5060),
        ("gateway.example.org", 5060),
        ("203.0.113.300", 5060),
    ],
)
def test_what_is_no_news(nat: str, port: int) -> None:
    """A mere port, an inner address, or nonsense: no other Contact, no further REGISTER."""
    office = behind_nat()
    before = office.status.contact
    for turn in range(6):
        office.wire.nat, office.wire.port = (nat, port) if turn % 2 == 0 else (OUTSIDE, 5060)
        office.run(600)
    assert office.status.contact == before
    assert set(contacts(office)[1:]) == {f"<{OUTSIDE}:5060>;expires=600"}
    assert len(office.registrar.requests()) == 2 + 12
    assert changes(office.world) == 1


def test_a_registrar_that_does_not_say() -> None:
    office = behind_nat(registrar=Registrar(says_where=False))
    assert office.status.contact == "sip:alice@192.168.1.5:5060;transport=udp"
    assert office.status.state == "registered"


def test_without_a_nat_nothing_is_learned() -> None:
    office = Office()
    office.run(1000)
    assert changes(office.world) == 0
    assert office.status.contact == "sip:alice@203.0.113.5:5060;transport=udp"


@pytest.mark.parametrize(
    ("public", "told"), [("198.18.0.1", "198.18.0.1"), ("pbx.example.org", "pbx.example.org")]
)
def test_what_the_owner_says_stays(public: str, told: str) -> None:
    office = behind_nat(settings=StackSettings(public_host=public))
    for nat in (OUTSIDE, OTHER, "198.18.0.2"):
        office.wire.nat = nat
        office.run(600)
    assert set(contacts(office)) == {f"<{told}:5060>;expires=600"}
    assert changes(office.world) == 0


def test_ipv6_needs_no_nat() -> None:
    local, remote = ("2001:db8::5", 5060), ("2001:db8::1", 5060)
    office = Office(path=Flow("udp", local, remote), start=False)
    office.wire.peers[remote[0]] = office.registrar
    office.wire.nat = "2001:db8::99"
    office.world.stack.start(office.world.now)
    office.run(1)
    assert office.status.contact == "sip:alice@[2001:db8::5]:5060;transport=udp"


def test_stun() -> None:
    """What a STUN server saw is told to registrars that have not seen us themselves."""
    office = behind_nat(registrar=Registrar(says_where=False))
    server = Flow("udp", INSIDE, ("192.0.2.33", 3478))
    office.world.stack.learned(server, OUTSIDE, 40123, office.world.now)
    office.run(2)
    assert office.bound == [f"sip:alice@{OUTSIDE}:40123;transport=udp"]
    office.world.stack.learned(server, OUTSIDE, 40999, office.world.now)
    office.world.stack.learned(server, "192.168.7.7", 5060, office.world.now)
    office.run(2)
    assert len(office.registrar.requests()) == 3
    office.world.stack.learned(server, OTHER, 40123, office.world.now)
    office.run(2)
    assert office.bound == [f"sip:alice@{OTHER}:40123;transport=udp"]


def test_stun_notices_a_change_for_registrars_too() -> None:
    """A registrar's own view is as old as its last REGISTER."""
    office = behind_nat()
    server = Flow("udp", INSIDE, ("192.0.2.33", 3478))
    office.world.stack.learned(server, OUTSIDE, 5060, office.world.now)
    assert changes(office.world) == 1
    office.wire.nat = OTHER
    office.world.stack.learned(server, OTHER, 5060, office.world.now)
    office.run(2)
    assert office.bound == [f"sip:alice@{OTHER}:5060;transport=udp"]


# --- who is told what ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        (EDGE[0], OUTSIDE),
        (LAN_PEER[0], INSIDE[0]),
        ("127.0.0.1", INSIDE[0]),
        ("fe80::1", INSIDE[0]),
        ("", OUTSIDE),
    ],
)
def test_peers_on_our_side_are_told_the_inner_address(remote: str, told: str) -> None:
    office = behind_nat()
    assert office.world.stack.host_for(INSIDE[0], remote) == told
    assert office.world.stack.host_for("127.0.0.1", "127.0.0.1") == "127.0.0.1"
    assert office.world.stack.host_for("2001:db8::5", remote) == "2001:db8::5"


@pytest.mark.parametrize(
    ("local", "peer"),
    [("127.0.3.1", "127.0.3.100"), ("10.8.0.2", "10.8.0.1"), (INSIDE[0], LAN_PEER[0])],
)
def test_twilio_20_who_saw_us_outside_is_told_so_whatever_its_own_address(
    local: str, peer: str
) -> None:
    """A registrar behind a VPN: its `received` is the best that is known of the way to us."""
    settings, public = StackSettings(), PublicAddress()
    flow = Flow("udp", (local, 5060), (peer, 5060))
    assert public.learn(settings, flow, OUTSIDE, 61000)
    assert (public.host(settings, local, peer), public.port(settings, flow)) == (OUTSIDE, 61000)
    # Its neighbours saw nothing of the kind.
    assert public.host(settings, local, "10.8.0.99") == local
    # And no flapping: another port, or a private address, changes nothing.
    assert not public.learn(settings, flow, OUTSIDE, 61001)
    assert not public.learn(settings, flow, "10.8.0.77", 5060)
    assert (public.host(settings, local, peer), public.port(settings, flow)) == (OUTSIDE, 61000)


@pytest.mark.parametrize(("remote", "told"), [(EDGE, OUTSIDE), (LAN_PEER, INSIDE[0])])
def test_calls_tell_each_peer_what_it_can_reach(remote: tuple[str, int], told: str) -> None:
    office = behind_nat()
    caller = Caller()
    caller.record_routes, caller.contact = (), f"<sip:peer@{remote[0]}>"
    session = connect(office.world, caller, Flow("udp", INSIDE, remote))
    assert session.contact == f"<sip:+11234567890@{told}:5060;transport=udp>"
    session.hold(office.world.now)
    (request,) = office.world.sent()
    assert media_line(request) == f"c=IN IP4 {told}"
    assert told in (request.headers.get("via") or "")


# --- change --------------------------------------------------------------------------------------


def test_a_new_public_address_is_followed() -> None:
    """At the refresh that shows it: the new Contact, the old one away, calls moved."""
    office = behind_nat()
    caller = Caller()
    connect(office.world, caller, Flow("udp", INSIDE, EDGE))
    office.wire.nat = OTHER
    office.run(301)
    assert contacts(office)[-1] == f"<{OTHER}:5060>;expires=600, <{OUTSIDE}:5060>;expires=0"
    assert office.bound == [f"sip:alice@{OTHER}:5060;transport=udp"]
    request = reinvites(office)[0]
    assert request.headers.get("contact") == f"<sip:+11234567890@{OTHER}:5060;transport=udp>"
    assert media_line(request) == f"c=IN IP4 {OTHER}"
    assert request.call_id == caller.call_id
    office.world.receive(answer_ours(request, body=ANSWER))
    assert not any(isinstance(event, MediaChanged) for event in office.world.events())


ANSWER = """v=0
o=root 1311022221 1311022222 IN IP4 172.18.165.214
s=Twilio Media Gateway
c=IN IP4 168.86.138.121
t=0 0
m=audio 12692 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
"""


def test_calls_of_the_lan_hear_nothing_of_it() -> None:
    office = behind_nat()
    connect(office.world, Caller(), Flow("udp", INSIDE, LAN_PEER))
    office.wire.nat = OTHER
    office.run(301)
    assert office.bound == [f"sip:alice@{OTHER}:5060;transport=udp"]
    assert reinvites(office) == []


def test_two_changes_before_the_registrar_hears_of_one() -> None:
    """Both old Contacts are taken away in the end."""
    office = behind_nat(registrar=Registrar(challenge=0))
    first = office.bound[0]
    stack, now = office.world.stack, office.world.now
    office.registrar.drops = frozenset({"REGISTER"})
    server = Flow("udp", INSIDE, ("192.0.2.33", 3478))
    stack.learned(server, OUTSIDE, 5060, now)
    stack.learned(server, OTHER, 5060, now)
    office.run(60)
    office.wire.nat = "203.0.113.111"
    stack.learned(server, office.wire.nat, 5060, office.world.now)
    office.registrar.drops = frozenset()
    office.run(120)
    assert office.bound == ["sip:alice@203.0.113.111:5060;transport=udp"]
    removed = contacts(office)[-1]
    assert f"<{OTHER}:5060>;expires=0" in removed or first not in office.bound


class TwoAccounts(Office):
    """A second account whose registrar may see us elsewhere."""

    def __init__(self) -> None:
        super().__init__(path=NAT_PATH, nat=OUTSIDE, start=False)
        second = replace(
            self.account, name="second", domain="two.example", registrars=("sip:two.example",)
        )
        self.world = World(StackSettings(accounts=(self.account, second)))
        self.world.dns["example.com"] = [NAT_PATH]
        self.world.dns["two.example"] = [NAT_PATH._replace(remote=SECOND)]
        self.two = Registrar()
        self.wire.world = self.world
        self.wire.peers[SECOND[0]] = self.two
        self.wire.nat_for[SECOND[0]] = OTHER
        self.world.stack.start(self.world.now)
        self.run(1)


def test_a_nat_with_two_addresses_does_not_flap() -> None:
    """Each registrar is told what it saw itself, and no call is moved to and fro."""
    office = TwoAccounts()
    connect(office.world, Caller(), Flow("udp", INSIDE, EDGE))
    before = changes(office.world)
    office.run(3600)
    assert office.bound == [f"sip:alice@{OUTSIDE}:5060;transport=udp"]
    assert office.two.bound(office.world.now) == [f"sip:alice@{OTHER}:5060;transport=udp"]
    assert changes(office.world) == before
    assert len(office.registrar.requests()) == len(office.two.requests()) == 2 + 12
    assert reinvites(office) == []


def test_one_registrar_that_sees_a_change_tells_all() -> None:
    office = TwoAccounts()
    office.run(100)
    # The second one asks more often, so it notices first.
    office.wire.nat, office.wire.nat_for[SECOND[0]] = "198.18.7.7", "198.18.7.7"
    office.two.script = []
    office.world.stack.connection_lost(NAT_PATH._replace(remote=SECOND), office.world.now)
    office.run(5)
    assert office.bound == ["sip:alice@198.18.7.7:5060;transport=udp"]
    assert office.two.bound(office.world.now) == ["sip:alice@198.18.7.7:5060;transport=udp"]


def test_a_nat_that_shows_another_address_each_time_is_no_flood() -> None:
    office = behind_nat(registrar=Registrar(challenge=0))
    turn = iter(range(10_000))
    office.wire.nat_now = lambda: f"203.0.113.{next(turn) % 200}"
    office.run(1800)
    assert len(office.registrar.requests()) < 60
    assert office.status.state == "registered"


# --- our own addresses ---------------------------------------------------------------------------


def move_to(office: Office, local: tuple[str, int], nat: str | None = None) -> None:
    """Our interface has another address from now on."""
    for host, flows in list(office.world.dns.items()):
        office.world.dns[host] = [flow._replace(local=local) for flow in flows]
    office.world.dns[EDGE[0]] = [Flow("udp", local, EDGE)]
    office.wire.nat = nat
    office.world.stack.addresses_changed(office.world.now)


def test_another_interface_address_is_registered_and_the_old_one_removed() -> None:
    office = Office()
    move_to(office, NEW_INSIDE)
    office.run(2)
    assert contacts(office)[-1] == "<10.9.8.7:5060>;expires=600, <203.0.113.5:5060>;expires=0"
    assert office.bound == ["sip:alice@10.9.8.7:5060;transport=udp"]
    assert office.world.stack.keepalive_flows() == [PATH._replace(local=NEW_INSIDE)]


def test_from_one_nat_to_another() -> None:
    """Nothing that was learned for the old address is told of the new one."""
    office = behind_nat()
    move_to(office, NEW_INSIDE, OTHER)
    office.run(2)
    assert office.bound == [f"sip:alice@{OTHER}:5060;transport=udp"]
    assert any(f"<{OUTSIDE}:5060>;expires=0" in each for each in contacts(office))


def test_calls_move_with_our_address() -> None:
    """The call's own path is found anew, and the peer hears of the new Contact and c=."""
    office = Office()
    session = connect(office.world, Caller(), Flow("udp", PATH.local, EDGE))
    move_to(office, NEW_INSIDE)
    office.run(2)
    request = reinvites(office)[0]
    assert request.headers.get("contact") == "<sip:+11234567890@10.9.8.7:5060;transport=udp>"
    assert media_line(request) == "c=IN IP4 10.9.8.7"
    assert session.flow.local == NEW_INSIDE


def test_addresses_that_change_in_the_midst_of_a_refresh() -> None:
    """The answer to the old REGISTER may never come: the new one does not wait for it."""
    office = Office()
    office.run(299)
    office.registrar.silent_until = office.world.now + 2
    office.run(0.6)
    move_to(office, NEW_INSIDE)
    office.run(5)
    assert office.bound == ["sip:alice@10.9.8.7:5060;transport=udp"]
    assert office.status.state == "registered"


@pytest.mark.parametrize("times", [1, 20])
def test_addresses_that_change_often_are_no_flood(times: int) -> None:
    office = Office(registrar=Registrar(challenge=0))
    office.run(10)
    before = len(office.registrar.requests())
    for _ in range(times):
        office.world.stack.addresses_changed(office.world.now)
        office.run(0.1)
    office.run(2)
    assert 1 <= len(office.registrar.requests()) - before <= 1 + times / 10 + 1
