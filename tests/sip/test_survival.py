"""A registration over hours of a bad network: what is lost, what restarts, what moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.sip import IncomingCall

from .harness import MEDIA, Caller, statuses
from .registrar import NEVER, PATH, Answer, Office, Registrar

TCP_PATH = PATH._replace(transport="tcp")
HOUR = 3600


def ring_back(office: Office) -> None:
    """The registrar brings a call to our Contact, from outside the allow-list."""
    caller = Caller(f"call{office.world.now}@x")
    uri = office.status.contact
    answers = office.world.receive(caller.invite(uri=uri), PATH, known=False)
    assert statuses(answers) == [100]
    office.world.event(IncomingCall).session.reject(486, office.world.now)


# --- loss ----------------------------------------------------------------------------------------


def an_hour_of_loss(seed: int) -> Office:
    office = Office(registrar=Registrar(nonce_uses=3), loss=0.2, seed=seed, start=False)
    office.world.stack.start(office.world.now)
    office.run(60, lambda: office.status.state == "registered")
    office.run(HOUR)
    return office


@pytest.mark.parametrize("seed", range(10))
def test_an_hour_of_loss_costs_no_binding(seed: int) -> None:
    """20 % of the datagrams, each way: the binding never lapses, and the owner sees no error."""
    office = an_hour_of_loss(seed)
    assert office.registrar.lapses == []
    assert office.bound == [office.status.contact]
    assert (office.status.state, office.status.error) == ("registered", "")
    ring_back(office)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_hour_of_loss_costs_no_binding(seed: int) -> None:
    office = an_hour_of_loss(seed)
    assert office.registrar.lapses == []
    assert office.bound == [office.status.contact]
    assert office.status.state == "registered"


def test_a_night_of_loss_leaves_nothing_behind() -> None:
    """Neither transactions nor timers pile up."""
    office = an_hour_of_loss(1)
    office.run(10 * HOUR)
    assert office.world.stack.counters["transactions"] <= 3
    office.wire.loss = 0.0
    office.world.stack.unregister(office.world.now)
    office.run(60)
    assert office.bound == []
    assert office.world.stack.next_deadline() is None
    assert not office.world.stack.admits(PATH.remote[0])


def test_an_hour_without_a_network() -> None:
    office = Office()
    office.wire.loss = 1.0
    office.run(HOUR)
    assert office.status.state in {"waiting", "trying"}
    office.wire.loss = 0.0
    office.run(335)
    assert office.status.state == "registered"


# --- restarts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keepalive", "silent", "within"),
    [
        # Nothing tells a UDP client of the restart before its next refresh.
        ("crlf", 0, 300),
        ("crlf", 60, 300),
        ("options", 60, 70),
    ],
)
def test_a_registrar_that_restarts(keepalive: str, silent: float, within: float) -> None:
    """It forgets nonces and bindings, and says nothing for a while."""
    office = Office(keepalive=keepalive)
    office.run(100)
    office.registrar.restart(office.world.now, silent)
    assert office.bound == []
    office.run(within + 5, lambda: office.bound != [])
    assert office.bound == [office.status.contact]
    office.run(1)
    assert (office.status.state, office.status.error) == ("registered", "")
    ring_back(office)


def test_a_registrar_that_restarts_behind_tcp() -> None:
    """The lost connection tells at once; while nobody listens the tries become rarer."""
    office = Office(path=TCP_PATH)
    office.run(100)
    office.registrar.restart(office.world.now)
    office.world.unreachable = {PATH.remote[0]}
    office.world.stack.connection_lost(TCP_PATH, office.world.now)
    office.run(60)
    assert "connection refused" in office.status.error
    office.world.unreachable = set()
    office.run(65, lambda: office.bound != [])
    assert office.bound == [office.status.contact]


# --- connections ---------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("after", [0.6, 10, 100, 299.9])
def test_twilio_21_a_lost_connection_is_replaced_within_a_second(
    transport: str, after: float
) -> None:
    path = PATH._replace(transport=transport)
    office = Office(path=path)
    office.run(after)
    before = office.registrar.times()[-1]
    office.world.stack.connection_lost(path, office.world.now)
    lost = office.world.now
    office.run(1.1)
    assert office.registrar.times()[-1] > before
    assert office.registrar.times()[-1] - lost <= 1.0
    assert office.status.state == "registered"
    assert office.world.stack.uses(path)


def test_another_connection_that_is_lost_concerns_nobody() -> None:
    office = Office(path=TCP_PATH)
    before = len(office.registrar.requests())
    office.world.stack.connection_lost(TCP_PATH._replace(local=("203.0.113.5", 9)), 1001.0)
    office.run(5)
    assert len(office.registrar.requests()) == before


def test_a_connection_that_is_closed_after_each_grant() -> None:
    """Come back, but slower each time: never more than a REGISTER a second."""
    office = Office(path=TCP_PATH, registrar=Registrar(challenge=0))
    for _ in range(HOUR):
        if office.status.next_try and office.world.stack.keepalive_flows():
            office.world.stack.connection_lost(TCP_PATH, office.world.now)
        office.run(1)
    times = office.registrar.times()
    assert min(b - a for a, b in pairwise(times)) >= 1.0
    assert len(times) < 40


def test_a_connection_that_is_lost_in_the_midst_of_a_refresh() -> None:
    office = Office(path=TCP_PATH)
    office.registrar.silent_until = office.world.now + 300
    office.run(299.6)
    office.world.stack.connection_lost(TCP_PATH, office.world.now)
    office.run(1)
    assert (office.status.state, office.status.error) == ("registered", "")


# --- pings ---------------------------------------------------------------------------------------


def test_twilio_21_options_keep_the_binding_open() -> None:
    """Every 15 to 30 s, never more often; each with a Call-ID of its own."""
    office = Office(keepalive="options")
    office.run(600)
    times = office.registrar.times("OPTIONS")
    gaps = [b - a for a, b in pairwise(times)]
    assert min(gaps) >= 15
    assert max(gaps) <= 30
    assert len({each.call_id for each in office.registrar.requests("OPTIONS")}) == len(times)


@pytest.mark.parametrize("status", [200, 404, 405, 501])
def test_any_answer_to_a_ping_is_a_sign_of_life(status: int) -> None:
    office = Office(keepalive="options")
    office.registrar.script = [(status, ())] * 9
    office.run(200)
    assert len(office.registrar.requests()) == 2
    assert office.status.error == ""


def test_a_dead_peer_is_noticed_by_the_ping() -> None:
    """The way is looked for anew: another address, where DNS has one by now."""
    office = Office(keepalive="options")
    office.run(10)
    other = PATH._replace(remote=("198.51.100.9", 5060))
    office.wire.peers = {other.remote[0]: Registrar()}
    office.world.dns["example.com"] = [other]
    office.run(65)
    assert office.world.stack.keepalive_flows() == []
    assert office.status.state == "registered"
    assert office.world.stack.uses(other)


def test_a_registrar_that_drops_pings_is_not_flooded() -> None:
    office = Office(keepalive="options", registrar=Registrar(drops=frozenset({"OPTIONS"})))
    office.run(HOUR)
    assert office.status.state == "registered"
    assert len(office.registrar.requests()) < 70
    assert office.registrar.lapses == []


def test_pings_end_with_the_registration() -> None:
    office = Office(keepalive="options")
    office.run(24.4)
    office.world.stack.unregister(office.world.now)
    office.run(120)
    assert office.registrar.requests("OPTIONS") == []
    assert office.world.stack.next_deadline() is None


# --- while a refresh fails ---------------------------------------------------------------------


def test_calls_go_on_while_a_refresh_fails() -> None:
    """The registrar still has our binding: what it brings rings, and our calls leave."""
    office = Office()
    office.registrar.script = [(500, ())] * 99
    office.run(320)
    assert office.status.error
    ring_back(office)
    office.registrar.script = []
    world = office.world
    world.stack.place_call("600", "trunk", MEDIA, world.now)
    office.run(0.5)
    assert [str(each.uri) for each in office.wire.requests("INVITE")] == ["sip:600@example.com"]
    assert office.world.stack.local_address("trunk") == PATH.local[0]


def test_a_machine_that_slept() -> None:
    """Refresh and lapse are both overdue: one REGISTER, and no word of being registered."""
    office = Office()
    office.world.now += 5000
    office.world.stack.handle_deadline(office.world.now)
    assert office.status.state == "trying"
    before = len(office.wire.requests("REGISTER"))
    office.run(1)
    assert office.status.state == "registered"
    assert len(office.wire.requests("REGISTER")) == before + 1


# --- anything may happen -------------------------------------------------------------------------

REPLIES: list[Answer] = [
    (200, ()),
    (200, ("Expires: 0",)),
    (200, ("Expires: 20",)),
    (401, ()),
    (423, ("Min-Expires: 700",)),
    (403, ()),
    (503, ("Retry-After: 20",)),
    (100, ()),
]


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order, the registration raises nothing and never gets stuck."""

    @initialize(several=st.booleans(), ping=st.booleans(), tcp=st.booleans())
    def begin(self, several: bool, ping: bool, tcp: bool) -> None:
        registrars = ("sip:example.com", "sip:two.example.com")[: 2 if several else 1]
        self.path = TCP_PATH if tcp else PATH
        self.office = Office(
            registrars=registrars,
            keepalive="options" if ping else "crlf",
            message_waiting=True,
            path=self.path,
            start=False,
        )
        self.office.world.dns["two.example.com"] = [self.path]
        self.started = False

    @rule()
    def start(self) -> None:
        stack = self.office.world.stack
        if not stack.busy:
            self.started = True
        stack.start(self.office.world.now)

    @rule()
    def unregister(self) -> None:
        self.started = False
        self.office.world.stack.unregister(self.office.world.now)

    @rule()
    def change_addresses(self) -> None:
        self.office.world.stack.addresses_changed(self.office.world.now)

    @rule()
    def lose_the_connection(self) -> None:
        self.office.world.stack.connection_lost(self.path, self.office.world.now)

    @rule(host=st.sampled_from(["203.0.113.8", "203.0.113.9", "10.0.0.1"]))
    def learn(self, host: str) -> None:
        stack, now = self.office.world.stack, self.office.world.now
        stack.learned(self.path._replace(transport="udp"), host, 5060, now)

    @rule(reply=st.sampled_from(REPLIES), times=st.integers(1, 5))
    def say(self, reply: Answer, times: int) -> None:
        self.office.registrar.script += [reply] * times

    @rule(seconds=st.sampled_from([0.0, NEVER, 40.0]))
    def fall_silent(self, seconds: float) -> None:
        self.office.registrar.silent_until = self.office.world.now + seconds

    @rule()
    def restart(self) -> None:
        self.office.registrar.restart(self.office.world.now)

    @rule(unknown=st.booleans(), refused=st.booleans())
    def spoil_the_network(self, unknown: bool, refused: bool) -> None:
        world = self.office.world
        world.dns["example.com"] = [] if unknown else [self.path]
        world.unreachable = {PATH.remote[0]} if refused else set()

    @rule(seconds=st.sampled_from([0.1, 1.0, 33.0, 310.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.office.run(seconds)

    @invariant()
    def status_is_true(self) -> None:
        self.office.run(0)
        status = self.office.status
        assert status.state in {"off", "trying", "registered", "waiting", "ended"}
        if status.state != "ended":
            assert (status.state == "registered") == (status.expires is not None)
        if status.state in {"registered", "trying", "waiting"}:
            assert self.office.world.stack.next_deadline() is not None
        if status.state == "waiting":
            assert status.next_try is not None
            assert status.error or status.next_try <= self.office.world.now + 1

    def teardown(self) -> None:
        if not hasattr(self, "office"):
            return
        office = self.office
        office.world.unreachable, office.world.dns["example.com"] = set(), [self.path]
        office.registrar.script, office.registrar.silent_until = [], 0.0
        office.run(3700)
        if self.started:
            assert office.status.state == "registered"
            assert office.bound
        office.world.stack.unregister(office.world.now)
        office.run(200)
        assert office.status.state == "ended"
        assert office.bound == []
        assert not office.world.stack.busy
        assert office.world.stack.next_deadline() is None
        assert not office.world.stack.admits(PATH.remote[0])


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
