"""REGISTER (RFC 3261 section 10): what it says, how long it holds, and what follows a failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from gateway.sip import (
    Headers,
    RegistrarLeft,
    RegistrationChanged,
    Request,
    Response,
    StackSettings,
)
from gateway.sip.bindings import granted_s
from gateway.sip.registration_table import REGISTRATION

from .harness import MEDIA, World
from .registrar import PATH, SECOND, Answer, Office, Registrar

CONTACT = "sip:alice@203.0.113.5:5060;transport=udp"


def contact_of(request: Request) -> str:
    return request.headers.get("contact") or ""


def expires_in(office: Office) -> float:
    """What is left of the grant, in seconds."""
    assert office.status.expires is not None
    return round(office.status.expires - office.world.now, 1)


def gaps(times: list[float]) -> list[float]:
    return [later - at for at, later in pairwise(times)]


# --- the request -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registrar", "uri"),
    [
        ("sip:example.com", "sip:example.com"),
        ("sip:alice@example.com", "sip:example.com"),
        ("sip:alice@example.com:5070;transport=udp", "sip:example.com:5070"),
        ("<sip:example.com>", "sip:example.com"),
        ("sip:[2001:db8::1]:5060", "sip:[2001:db8::1]:5060"),
    ],
)
def test_twilio_19_request_uri_has_no_user(registrar: str, uri: str) -> None:
    """Twilio refuses one that has."""
    office = Office(registrars=(registrar,))
    (request, *_) = office.wire.requests("REGISTER")
    assert str(request.uri) == uri


@pytest.mark.parametrize("registrars", [(), ("sip:example.com",)])
def test_without_a_registrar_the_domain_is_asked(registrars: tuple[str, ...]) -> None:
    office = Office(registrars=registrars)
    assert (office.status.state, office.status.registrar) == ("registered", "sip:example.com")


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "<sip:alice@example.com>"),
        ({"display_name": "Ålice"}, '"Ålice" <sip:alice@example.com>'),
        ({"username": "al ice#1"}, "<sip:al%20ice%231@example.com>"),
        ({"domain": "[2001:db8::7]"}, "<sip:alice@[2001:db8::7]>"),
    ],
)
def test_who_registers(changes: dict[str, Any], address: str) -> None:
    request = Office(**changes).wire.requests("REGISTER")[0]
    assert re.sub(";tag=.*", "", request.headers.get("from") or "") == address
    assert request.headers.get("to") == re.sub('^".*" ', "", address)


@pytest.mark.parametrize("expires", [600, 1800, 3600])
def test_twilio_19_expires(expires: int) -> None:
    office = Office(expires_s=expires)
    request = office.wire.requests("REGISTER")[0]
    assert contact_of(request) == f"<{CONTACT}>;expires={expires}"
    assert request.headers.get("expires") == str(expires)
    assert expires_in(office) == pytest.approx(expires, abs=2)


@pytest.mark.parametrize("challenge", [401, 407])
def test_twilio_19_a_challenge_is_answered_once(challenge: int) -> None:
    """By 401 or 407: the same Call-ID and tag, the next CSeq, a new branch."""
    office = Office(registrar=Registrar(challenge=challenge))
    first, second = office.wire.requests("REGISTER")
    header = "Authorization" if challenge == 401 else "Proxy-Authorization"
    assert first.headers.get(header) is None
    given = second.headers.get(header) or ""
    for part in ('realm="example.com"', "qop=auth", "nc=00000001", 'opaque="abc"', "cnonce="):
        assert part in given
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    assert second.vias[0].branch != first.vias[0].branch
    assert office.status.state == "registered"


def test_twilio_20_one_call_id_for_life() -> None:
    """Through refreshes, a registrar that forgets all, and a failure; the CSeq never repeats."""
    office = Office(registrar=Registrar(nonce_uses=1))
    office.run(1000)
    office.registrar.restart(office.world.now, silent_s=400)
    office.run(2600)
    requests = office.registrar.requests()
    assert len(requests) > 10
    assert len({(each.call_id, each.from_.tag) for each in requests}) == 1
    numbers = [each.cseq.number for each in requests]
    assert numbers == sorted(set(numbers))


def test_twilio_19_a_nonce_that_rotates_is_no_failure() -> None:
    office = Office(registrar=Registrar(nonce_uses=1))
    events = office.world.events()
    office.run(3600)
    events += office.world.events()
    statuses = [event.status for event in events if isinstance(event, RegistrationChanged)]
    assert {status.state for status in statuses} == {"registered"}
    assert not any(status.error for status in statuses)
    assert office.registrar.lapses == []


# --- how long it holds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "granted"),
    [
        ((f"Contact: <{CONTACT}>;expires=120",), 120),
        ((f"Contact: <{CONTACT}>;expires=120", "Expires: 300"), 120),
        ((f"Contact: <sip:bob@192.0.2.9>;expires=20, <{CONTACT}>;expires=180",), 180),
        ((f"Contact: <sip:alice@192.0.2.9>;expires=20, <{CONTACT}>;expires=180",), 180),
        (("Contact: <sip:alice@192.0.2.9>;expires=20", f"Contact: <{CONTACT}>;expires=180"), 180),
        (("Contact: <sip:alice@203.0.113.5;transport=UDP>;expires=150",), 150),
        (("Contact: <sip:alice@203.0.113.5:5060>;expires=150;q=0.5",), 150),
        ((f'm: "Al, ice" <{CONTACT}>;Expires=150',), 150),
        ((f"Contact: <{CONTACT}>", "Expires: 300"), 300),
        (("Expires: 300",), 300),
        ((), 600),
        # An edge that writes what it saw of our address: the freshest of our user is ours.
        (("Contact: <sip:alice@192.0.2.9:1024>;expires=90, <sip:alice@10.0.0.1>;expires=11",), 90),
        # More than we asked for is not believed.
        (("Expires: 7200",), 600),
        # What cannot be read says nothing.
        (("Expires: soon",), 600),
        ((f"Contact: <{CONTACT}>;expires=99999999999",), 600),
        (("Contact: *",), 600),
    ],
)
def test_twilio_20_granted(lines: tuple[str, ...], granted: int) -> None:
    """By our own Contact, else by Expires; the refresh is due at half of it."""
    office = Office(registrar=Registrar(script=[(200, lines)]))
    at = office.registrar.times()[0]
    assert office.status.expires == pytest.approx(at + granted, abs=0.1)
    office.run(granted)
    assert office.registrar.times()[1] == pytest.approx(at + granted / 2, abs=0.1)


def test_a_grant_of_a_second_is_no_flood() -> None:
    office = Office(registrar=Registrar(challenge=0, grant_s=1))
    office.run(30)
    assert min(gaps(office.registrar.times())) >= 1.0


def test_a_registrar_that_keeps_nothing() -> None:
    """200 with expires=0 is a refusal in other words, and the owner hears of it."""
    office = Office(registrar=Registrar(script=[(200, (f"Contact: <{CONTACT}>;expires=0",))]))
    assert office.status.state == "waiting"
    assert office.status.error == "the registrar answered 200 and kept nothing"


@pytest.mark.parametrize("least", [900, 3600])
def test_twilio_19_min_expires(least: int) -> None:
    """423: asked again at once with what the registrar wants, and so from then on."""
    office = Office(registrar=Registrar(challenge=0, min_s=least))
    first, second = office.registrar.requests()
    assert [each.headers.get("expires") for each in (first, second)] == ["600", str(least)]
    assert second.cseq.number == first.cseq.number + 1
    assert office.status.state == "registered"
    office.run(least)
    assert office.registrar.requests()[2].headers.get("expires") == str(least)


@pytest.mark.parametrize("line", ["Min-Expires: 60", "Min-Expires: x", "Min-Expires: 4294967295"])
def test_a_423_that_makes_no_sense(line: str) -> None:
    office = Office(registrar=Registrar(script=[(423, (line,))]))
    assert len(office.registrar.requests()) == 1
    assert office.status.state == "waiting"
    assert "423" in office.status.error


def test_a_423_that_asks_for_ever_more() -> None:
    script: list[Answer] = [(423, (f"Min-Expires: {601 + each}",)) for each in range(50)]
    office = Office(registrar=Registrar(script=script))
    office.run(0.4)
    assert len(office.registrar.requests()) == 2


# --- failures ------------------------------------------------------------------------------------

Fault = Callable[[Office], None]


def refuse_with(status: int, *lines: str) -> Fault:
    def fault(office: Office) -> None:
        office.registrar.script = [(status, lines)] * 10000

    return fault


def fall_silent(office: Office) -> None:
    office.registrar.silent_until = float("inf")


def lose_the_name(office: Office) -> None:
    office.world.dns["example.com"] = []


def mistype(office: Office) -> None:
    office.registrar.password = "another"


def repeat_one_nonce(office: Office) -> None:
    line = 'WWW-Authenticate: Digest realm="r", nonce="same", qop="auth", algorithm=MD5'
    refuse_with(401, line)(office)


FAULTS: list[tuple[Fault, str]] = [
    (refuse_with(403), "403 Words"),
    (refuse_with(404), "404 Words"),
    (refuse_with(408), "408 Words"),
    (refuse_with(480), "480 Words"),
    (refuse_with(500), "500 Words"),
    (refuse_with(503), "503 Words"),
    (refuse_with(302), "302 Words"),
    (refuse_with(604), "604 Words"),
    (refuse_with(401), "401 Words: "),
    (refuse_with(423, "Min-Expires: 4294967296"), "423 Words"),
    (refuse_with(200, f"Contact: <{CONTACT}>;expires=0"), "kept nothing"),
    (fall_silent, "no response"),
    (lose_the_name, "example.com is not known"),
    (mistype, "401 Words: too many tries"),
    (repeat_one_nonce, "401 Words: the password for realm 'r' was refused"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_failures_are_told_and_slow_down(fault: Fault, words: str) -> None:
    """What the registrar said, when the next try is; each pause is longer, none below 1 s."""
    office = Office(start=False)
    fault(office)
    office.world.stack.start(office.world.now)
    office.run(40)
    status = office.status
    assert status.state in {"waiting", "trying"}
    assert words in status.error
    assert (status.expires, office.world.stack.busy) == (None, status.state == "trying")
    office.run(3600)
    tries = [at for at, _, message in office.wire.sent if is_first_try(message, office)]
    if tries:
        assert min(gaps(tries)) >= 1.0
        assert 8 < len(tries) < 40
        assert 150 <= gaps(tries)[-1] <= 350


def is_first_try(message: object, office: Office) -> bool:
    """A REGISTER that answers no challenge, the first time that it is sent."""
    if not isinstance(message, Request) or message.method != "REGISTER":
        return False
    same = [m for _, _, m in office.wire.sent if isinstance(m, Request)]
    branch = message.vias[0].branch
    first = next(m for m in same if m.vias[0].branch == branch)
    return first is message and message.headers.get("authorization") is None


@pytest.mark.parametrize(("fault", "words"), [row for row in FAULTS if row[0] is not lose_the_name])
def test_a_failed_refresh_keeps_what_was_granted(fault: Fault, words: str) -> None:
    """The registrar keeps the binding until it lapses: registered, with the error beside it."""
    office = Office()
    fault(office)
    office.run(299)
    assert (office.status.state, office.status.error) == ("registered", "")
    office.run(60)
    assert office.status.state == "registered"
    assert words in office.status.error
    assert office.status.expires == pytest.approx(1600, abs=1)
    assert office.world.stack.keepalive_flows() == [PATH]
    assert office.world.stack.uses(PATH)
    office.run(242)
    assert office.status.state in {"waiting", "trying"}
    assert office.status.expires is None
    assert office.world.stack.keepalive_flows() == []


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_it_recovers_when_the_fault_is_gone(fault: Fault, words: str) -> None:
    office = Office(start=False)
    fault(office)
    office.world.stack.start(office.world.now)
    office.run(900)
    office.registrar.script, office.registrar.silent_until = [], 0.0
    office.registrar.password = "secret"
    office.world.dns["example.com"] = [PATH]
    office.run(335)
    assert (office.status.state, office.status.error) == ("registered", "")


def test_a_refresh_needs_no_name_server() -> None:
    office = Office()
    lose_the_name(office)
    office.run(3600)
    assert (office.status.state, office.status.error) == ("registered", "")
    assert office.registrar.lapses == []


def test_every_failure_is_an_event() -> None:
    office = Office(registrar=Registrar(script=[(503, ())]))
    (change,) = [e for e in office.world.events() if isinstance(e, RegistrationChanged)]
    assert (change.status.state, change.status.account) == ("waiting", "trunk")
    office.run(5)
    (change,) = [e for e in office.world.events() if isinstance(e, RegistrationChanged)]
    assert (change.status.state, change.status.error) == ("registered", "")


def test_the_password_is_nowhere() -> None:
    office = Office(registrar=Registrar(password="another"))
    office.run(60)
    assert "secret" not in repr((office.status, office.world.events(), office.account))


@pytest.mark.parametrize(
    ("status", "line", "least", "most"),
    [
        (503, "Retry-After: 120", 120, 120),
        (503, "Retry-After: 120 (maintenance);duration=60", 120, 120),
        (500, "Retry-After: 90", 90, 90),
        (404, "Retry-After: 600", 600, 600),
        (404, "Retry-After: 10", 60, 60),
        (503, "Retry-After: 0", 1, 2),
        (503, "Retry-After: tomorrow", 1, 2),
        (503, "Retry-After: 86400", 3600, 3600),
        (403, "X-Nothing: 0", 60, 60),
    ],
)
def test_retry_after(status: int, line: str, least: float, most: float) -> None:
    """A registrar that asks to be left in peace is, but never for longer than an hour."""
    office = Office(registrar=Registrar(script=[(status, (line,))]))
    asked = office.registrar.times()[0]
    assert office.status.next_try is not None
    assert least <= office.status.next_try - asked <= most + 0.1
    office.run(most + 1)
    assert office.status.state == "registered"


def test_a_registrar_that_cannot_be_sent_to() -> None:
    """The network refuses: told in its own words, and tried again."""
    office = Office(start=False)
    office.world.stack.start(office.world.now)
    office.world.resolve()
    (datagram,) = office.world.stack.to_send()
    office.world.stack.transport_failed(datagram.key, "Network is unreachable", office.world.now)
    assert office.status.error == "Network is unreachable"
    office.run(5)
    assert office.status.state == "registered"


# --- several registrars --------------------------------------------------------------------------


class Two(Office):
    """Two registrars; each is asked at its own address."""

    def __init__(self, *, start: bool = True, **changes: Any) -> None:
        registrars = ("sip:one.example.com", "sip:two.example.com")
        super().__init__(start=False, registrars=registrars, **changes)
        self.one, self.two = self.registrar, Registrar()
        self.world.dns["one.example.com"] = [PATH]
        self.world.dns["two.example.com"] = [PATH._replace(remote=SECOND)]
        self.wire.peers[SECOND[0]] = self.two
        if start:
            self.begin()

    def begin(self) -> None:
        self.world.stack.start(self.world.now)
        self.run(0.5)


@pytest.mark.parametrize("status", [403, 404, 500, 503, 603])
def test_the_next_registrar_is_asked_at_once(status: int) -> None:
    office = Two(registrar=Registrar(script=[(status, ())] * 99))
    assert office.two.times()[0] == pytest.approx(1000, abs=0.1)
    assert (office.status.state, office.status.registrar) == ("registered", "sip:two.example.com")
    (uri,) = {str(request.uri) for request in office.two.requests()}
    assert uri == "sip:two.example.com"
    (left,) = [e for e in office.world.events() if isinstance(e, RegistrarLeft)]
    assert left[:2] == ("trunk", "sip:one.example.com")
    assert (left.why[:3], left.following) == (str(status), "sip:two.example.com")


def test_the_next_registrar_after_silence() -> None:
    office = Two(registrar=Registrar(silent_until=float("inf")))
    office.run(33)
    assert (office.status.state, office.status.registrar) == ("registered", "sip:two.example.com")


def test_the_other_address_of_one_registrar() -> None:
    """RFC 3263 section 4.3: a host that says nothing for `failover_s` loses the REGISTER."""
    office = Office()
    other = Registrar()
    office.wire.peers[SECOND[0]] = other
    office.world.dns["example.com"] = [PATH, PATH._replace(remote=SECOND)]
    office.registrar.silent_until = float("inf")
    office.run(307)
    assert other.times()[0] == pytest.approx(1306, abs=0.1)
    assert (office.status.state, office.status.error) == ("registered", "")
    assert office.world.stack.keepalive_flows() == [PATH._replace(remote=SECOND)]


def test_back_to_the_preferred_one_later() -> None:
    """Each is asked at its own address: none by the path that led to the other."""
    office = Two(registrar=Registrar(script=[(503, ())]))
    office.run(299)
    assert len(office.one.times()) == 1
    office.run(310)
    assert office.status.registrar == "sip:one.example.com"
    assert office.world.stack.keepalive_flows() == [PATH]
    for registrar, name in ((office.one, "one"), (office.two, "two")):
        assert {str(r.uri) for r in registrar.requests()} == {f"sip:{name}.example.com"}


def test_a_preferred_one_that_stays_away_costs_no_binding() -> None:
    office = Two(registrar=Registrar(silent_until=float("inf")))
    office.run(7200)
    assert office.status.registrar == "sip:two.example.com"
    assert office.two.lapses == []


def test_calls_go_by_the_one_that_works_while_the_preferred_is_tried() -> None:
    office = Two(registrar=Registrar(silent_until=float("inf")))
    office.run(340)
    assert office.status.registrar == "sip:one.example.com"
    for wait in (0, 40):
        office.run(wait)
        office.world.stack.place_call("600", "trunk", MEDIA, office.world.now)
        office.run(0.01)
        sent = [f.remote for _, f, m in office.wire.sent if m.cseq.method == "INVITE"]
        assert sent[-1] == SECOND
    office.two.script = [(500, ())] * 99
    office.run(340)
    assert (office.status.state, office.status.error != "") == ("registered", True)
    office.world.stack.place_call("600", "trunk", MEDIA, office.world.now)
    office.run(0.01)
    assert [f.remote for _, f, m in office.wire.sent if m.cseq.method == "INVITE"][-1] == SECOND


def test_the_other_one_fails_and_the_preferred_is_asked_at_once() -> None:
    office = Two(registrar=Registrar(script=[(503, ())]), start=False)
    office.two.grant_s = 100
    office.begin()
    office.two.script = [(500, ())] * 99
    office.run(60)
    assert office.status.registrar == "sip:one.example.com"
    assert office.one.times()[-1] - office.two.times()[-1] < 0.2


def test_when_all_fail_there_is_a_pause() -> None:
    """No more REGISTERs a second than one, all of them together, on the long run."""
    office = Two(start=False)
    office.one.script, office.two.script = [(500, ())] * 999, [(500, ())] * 999
    office.begin()
    assert office.status.error == "sip:two.example.com: 500 Words"
    office.run(1800)
    times = sorted([*office.one.times(), *office.two.times()])
    assert times[1] - times[0] < 0.1
    for start in times:
        assert len([at for at in times if start <= at < start + 10]) <= 10
    assert min(gaps(times[::2])) >= 2.0


def test_the_one_that_has_the_binding_is_told_of_the_end() -> None:
    office = Two(registrar=Registrar(script=[(503, ())]))
    office.two.script = [(500, ())] * 99
    office.one.script = [(500, ())] * 99
    office.run(310)
    assert office.status.state == "registered"
    office.two.script = []
    office.world.stack.unregister(office.world.now)
    office.run(1)
    assert office.status.state == "ended"
    assert office.two.bound(office.world.now) == []


# --- the end -------------------------------------------------------------------------------------


def leave(office: Office) -> None:
    office.world.stack.unregister(office.world.now)


def test_twilio_20_unregister() -> None:
    office = Office()
    leave(office)
    assert office.world.stack.busy
    assert office.status.state == "ended"
    office.run(1)
    last = office.registrar.requests()[-1]
    assert contact_of(last) == f"<{CONTACT}>;expires=0"
    assert last.headers.get("expires") == "0"
    assert (office.bound, office.world.stack.busy) == ([], False)
    assert office.world.stack.keepalive_flows() == []
    office.run(60)
    assert office.world.stack.next_deadline() is None


def test_unregister_by_a_registrar_that_asks_for_the_password_again() -> None:
    office = Office(registrar=Registrar(nonce_uses=2))
    leave(office)
    office.run(1)
    assert (office.bound, office.world.stack.busy) == ([], False)


def test_unregister_while_the_first_try_is_under_way() -> None:
    """What is granted at that late hour is given back (section 10.2: one REGISTER at a time)."""
    office = Office(start=False)
    office.world.stack.start(office.world.now)
    office.run(0.03)
    leave(office)
    assert len(office.wire.requests("REGISTER")) == 1
    office.run(1)
    assert [contact_of(each)[-9:] for each in office.registrar.requests()][-1] == "expires=0"
    assert (office.bound, office.world.stack.busy) == ([], False)


@pytest.mark.parametrize(
    ("answer", "seconds"), [((200, ()), 1), ((500, ()), 1), ((403, ()), 1), (None, 33)]
)
def test_unregister_while_a_refresh_is_under_way(answer: Answer | None, seconds: float) -> None:
    """However the refresh ends, the old binding is taken back."""
    office = Office()
    if answer is None:
        office.registrar.silent_until = office.world.now + 330
    else:
        office.registrar.script = [answer]
    office.run(299.6)
    leave(office)
    assert office.world.stack.busy
    office.run(seconds)
    assert (office.bound, office.world.stack.busy) == ([], False)
    assert office.status.state == "ended"


def test_unregister_after_a_failed_refresh() -> None:
    office = Office()
    office.registrar.script = [(503, ("Retry-After: 100",))]
    office.run(310)
    assert office.status.error
    leave(office)
    office.run(1)
    assert (office.bound, office.world.stack.busy) == ([], False)


@pytest.mark.parametrize("prepare", [0.0, 40.0])
def test_unregister_where_nothing_was_ever_granted(prepare: float) -> None:
    """Bounded by the one REGISTER that is under way; at once where none is."""
    office = Office(registrar=Registrar(silent_until=float("inf")))
    office.run(prepare)
    leave(office)
    office.run(33)
    assert (office.status.state, office.world.stack.busy) == ("ended", False)
    assert office.status.error == ""
    assert all("expires=600" in contact_of(each) for each in office.wire.requests("REGISTER"))


def test_unregister_is_bounded() -> None:
    """A registrar that died in the midst of a refresh: two times 64*T1, no more."""
    office = Office()
    office.run(299)
    office.registrar.silent_until = float("inf")
    office.run(1)
    leave(office)
    office.run(64)
    assert (office.status.state, office.world.stack.busy) == ("ended", False)
    assert office.status.error == "no response"
    office.run(40)
    assert office.world.stack.next_deadline() is None


def test_start_again_after_the_end() -> None:
    office = Office()
    leave(office)
    office.run(1)
    office.world.stack.start(office.world.now)
    office.run(1)
    assert office.status.state == "registered"
    assert len({each.call_id for each in office.registrar.requests()}) == 1


# --- the way -------------------------------------------------------------------------------------


def test_path_is_supported_and_proxies_are_loose_routes() -> None:
    """RFC 3327; the first proxy is the next hop, and all of them are Routes."""
    proxies = ("sip:edge.example.com", "sip:inner.example.com;lr")
    office = Office(proxies=proxies, start=False)
    office.world.dns["edge.example.com"] = [PATH._replace(remote=SECOND)]
    office.wire.peers[SECOND[0]] = office.registrar
    office.world.stack.start(office.world.now)
    office.run(1)
    (request, *_) = office.registrar.requests()
    assert request.headers.get_all("route") == [
        "<sip:edge.example.com;lr>",
        "<sip:inner.example.com;lr>",
    ]
    assert str(request.uri) == "sip:example.com"
    assert request.headers.get("supported") == "path"
    assert office.world.stack.keepalive_flows()[0].remote == SECOND


@pytest.mark.parametrize(
    ("changes", "transport", "contact"),
    [
        ({"transport": "tcp"}, "tcp", "sip:alice@203.0.113.5:5060;transport=tcp"),
        ({"transport": "tls"}, "tls", "sip:alice@203.0.113.5:5061;transport=tls"),
        (
            {"registrars": ("sip:example.com;transport=tcp",)},
            "tcp",
            "sip:alice@203.0.113.5:5060;transport=tcp",
        ),
        # RFC 3261 section 8.1.1.8: sips all the way, the Contact too.
        ({"registrars": ("sips:example.com",)}, "tls", "sips:alice@203.0.113.5:5061"),
        ({"registrars": ("sips:example.com",), "transport": "tls"}, "tls", "sips:alice@203."),
        (
            {"registrars": ("sip:example.com;transport=udp",), "transport": "tcp"},
            "udp",
            "sip:alice@203.0.113.5:5060;transport=udp",
        ),
    ],
)
def test_transports(changes: dict[str, Any], transport: str, contact: str) -> None:
    office = Office(start=False, **changes)
    del office.world.dns["example.com"]
    office.wire.peers["example.com"] = office.registrar
    office.world.stack.start(office.world.now)
    office.run(1)
    flow = office.wire.sent[0][1]
    assert (flow.transport, flow.remote[0]) == (transport, "example.com")
    assert office.status.state == "registered"
    assert office.status.contact.startswith(contact)


@pytest.mark.parametrize("profile", ["twilio", "full"])
def test_allow_is_the_profile(profile: str) -> None:
    request = Office(profile=profile).registrar.requests()[0]
    options = World(StackSettings(profile=profile)).receive(OPTIONS)[0]
    assert request.headers.get("allow") == options.headers.get("allow")


OPTIONS = (
    "OPTIONS sip:203.0.113.5 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKo\r\n"
    "From: <sip:x@y>;tag=1\r\nTo: <sip:203.0.113.5>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


# --- the table -----------------------------------------------------------------------------------


def test_every_state_can_be_reached_and_left() -> None:
    reached, new = {"off"}, {"off"}
    while new:
        new = {n for state in new for _, n in REGISTRATION[state].values()} - reached
        reached |= new
    assert reached == set(REGISTRATION)
    assert all(REGISTRATION.values())
    assert all("stop" in REGISTRATION[s] for s in ("trying", "registered", "refreshing", "waiting"))


def test_granted_s_takes_any_response() -> None:
    bad = Response(200, "OK", Headers([("Contact", "<sip:a@b>;expires="), ("Expires", "1")]))
    assert granted_s(bad, CONTACT, 600) == 1
