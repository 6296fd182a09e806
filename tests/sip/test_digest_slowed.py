"""Too many failed logins from one source: it is slowed, and nobody else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.sip import AuthFailed, Limits, Refused, StackSettings, parse
from gateway.sip.login_failures import FORGOTTEN_PER_S, LoginFailures, network_of

from .digest_caller import DigestCaller
from .harness import connected, line_header, reason_header

LIMIT = 4
SETTINGS = StackSettings(limits=Limits(failed_logins=LIMIT))
OTHER = "198.51.100.7"


def fail(
    client: DigestCaller, times: int, *, username: str = "alice", apart: float = 0
) -> list[int]:
    """Wrong passwords, each in a call of its own, `apart` seconds after the last."""
    answers = []
    for _ in range(times):
        client.world.run(apart)
        client.new_call()
        assert client.place() == 401
        answers.append(client.answer({"username": username}, password="wrong"))
    return answers


def slowed(*, apart: float = 0) -> DigestCaller:
    client = DigestCaller(settings=SETTINGS)
    assert fail(client, LIMIT, apart=apart) == [401] * LIMIT
    return client


def other(client: DigestCaller, source: str) -> DigestCaller:
    """Another peer of the same world."""
    found = DigestCaller(world=client.world, source=source)
    found.new_call()
    return found


@pytest.mark.parametrize("username", ["alice", "mallory"])
def test_credentials_beyond_the_first_few_are_refused_unread(username: str) -> None:
    client = DigestCaller(settings=SETTINGS)
    fail(client, LIMIT - 1, username=username)
    assert client.answer() == 100
    fail(client, 1, username=username)
    client.new_call()
    assert client.place() == 401  # whoever has not tried yet is asked as ever
    assert client.answer() == 403
    client.new_call()
    client.place()
    assert client.answer(password="wrong") == 403


@pytest.mark.parametrize("apart", [0, 0.001, 0.02])
def test_being_slowed_is_one_event_and_one_count(apart: float) -> None:
    client = slowed(apart=apart)
    for _ in range(20):
        client.new_call()
        client.place()
        assert client.answer() == 403
    events = client.world.events()
    whys = [event.why for event in events if isinstance(event, AuthFailed)]
    assert whys == ["wrong-password"] * LIMIT + ["too-many-failures"]
    assert not any(isinstance(event, Refused) for event in events)
    counters = client.world.stack.counters
    assert (counters["auth_failed"], counters["auth_slowed"]) == (LIMIT, 1)
    assert counters["refused"] == 20
    client.world.run(LIMIT / FORGOTTEN_PER_S + 0.1)
    fail(client, LIMIT)
    assert client.world.stack.counters["auth_slowed"] == 2


@pytest.mark.parametrize(("pause", "status"), [(0.1, 403), (0.3, 100)])
def test_an_honest_caller_of_that_address_gets_in_a_moment_later(pause: float, status: int) -> None:
    client = slowed()
    client.world.run(pause)
    honest = other(client, client.flow.remote[0])
    assert honest.place() == 401
    assert honest.answer() == status


def test_a_guesser_gets_so_many_looks_a_second_and_no_more() -> None:
    client = slowed()
    for _ in range(200):
        client.world.run(0.01)
        client.new_call()
        client.place()
        client.answer(password="wrong")
    looked_at = client.world.stack.counters["auth_failed"] - LIMIT
    assert looked_at == pytest.approx(2 * FORGOTTEN_PER_S, abs=1)


def test_failures_with_pauses_slow_nobody() -> None:
    client = DigestCaller(settings=SETTINGS)
    for _ in range(10):
        fail(client, LIMIT - 1)
        client.world.run(1)
    assert client.place() == 401
    assert client.answer() == 100
    assert "auth_slowed" not in client.world.stack.counters


def test_no_limit() -> None:
    client = DigestCaller(settings=replace(SETTINGS, limits=Limits(failed_logins=0)))
    fail(client, 100)
    assert client.answer() == 100


@pytest.mark.parametrize(
    ("guilty", "asking", "status"),
    [
        ("54.172.60.0", OTHER, 100),
        ("54.172.60.0", "54.172.60.0", 403),
        ("54.172.60.0", "54.172.60.1", 100),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", 403),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", 100),
        ("::ffff:192.0.2.1", "192.0.2.1", 403),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", 100),
        ("fe80::1%eth0", "fe80::2%eth0", 403),
    ],
)
def test_only_the_source_that_failed_is_refused(guilty: str, asking: str, status: int) -> None:
    client = DigestCaller(settings=SETTINGS, source=guilty)
    fail(client, LIMIT)
    asker = other(client, asking)
    assert asker.place() == 401
    assert asker.answer() == status


def test_a_forged_source_slows_its_sender_and_not_the_victim() -> None:
    # The forger sees no nonce that is sent to the victim, so it has to use its own.
    forger = DigestCaller(settings=SETTINGS, source=OTHER)
    assert forger.place() == 401
    nonce = forger.nonce
    forged = other(forger, "54.172.60.0")
    for _ in range(LIMIT):
        forged.new_call()
        assert forged.answer({"nonce": nonce}, password="wrong") == 401
    victim = other(forger, "54.172.60.0")
    assert victim.place() == 401
    assert victim.answer() == 100
    forged.new_call()
    assert forged.answer({"nonce": nonce}) == 403
    forger.new_call()
    assert forger.place() == 401
    assert forger.answer() == 403


def test_a_forged_source_without_a_nonce_learns_and_slows_nothing() -> None:
    client = DigestCaller(settings=SETTINGS)
    for _ in range(3 * LIMIT):
        client.new_call()
        assert client.answer({"nonce": "made.up"}, password="wrong") == 401
        assert "stale=true" in client.challenge
    assert "auth_failed" not in client.world.stack.counters


def test_stale_and_replayed_nonces_are_no_failures() -> None:
    client = DigestCaller(settings=SETTINGS)
    client.place()
    first = client.nonce
    assert client.answer({"nc": "00000009"}) == 100
    for _ in range(3 * LIMIT):
        client.new_call()
        assert client.answer({"nonce": first, "nc": "00000009"}) == 401
    client.world.run(301)
    for _ in range(3 * LIMIT):
        client.new_call()
        assert client.answer({"nonce": first}) == 401
        assert "stale=true" in client.challenge
    counters = client.world.stack.counters
    assert (counters["auth_replayed"], counters["auth_stale"]) == (3 * LIMIT, 3 * LIMIT)
    assert "auth_failed" not in counters
    assert client.answer() == 100


def test_a_call_in_progress_is_left_alone() -> None:
    client = DigestCaller(settings=SETTINGS)
    world = client.world
    auth = world.stack.settings.auth
    world.stack.settings = replace(world.stack.settings, auth=None)
    call = DigestCaller(world=world).caller
    session = connected(world, call)
    world.stack.settings = replace(world.stack.settings, auth=auth)
    fail(client, LIMIT)
    client.new_call()
    client.place()
    assert client.answer() == 403
    answer = world.receive(call.reinvite())[-1]
    assert answer.start_line == "SIP/2.0 200 OK"
    assert session.media is not None
    assert session.media.remote == ("168.86.138.121", 12692)


def test_twilio_15_the_refusal_has_the_configured_headers_too() -> None:
    settings = replace(SETTINGS, final_headers=reason_header, ok_headers=line_header)
    client = DigestCaller(settings=settings)
    fail(client, LIMIT)
    client.new_call()
    client.place()
    assert client.answer() == 403
    answer = next(parse(data) for _, _, data in reversed(client.world.log) if b" 403 " in data)
    assert answer.headers.get("X-Gateway-Reason") == "too-many-failures"


def test_the_limit_may_change_while_it_runs() -> None:
    client = DigestCaller(settings=SETTINGS)
    stack = client.world.stack
    fail(client, LIMIT - 1)
    stack.settings = replace(stack.settings, limits=Limits(failed_logins=LIMIT + 5))
    fail(client, 3)
    client.new_call()
    client.place()
    assert client.answer() == 100
    stack.settings = replace(stack.settings, limits=Limits(failed_logins=1))
    fail(client, 1)
    client.new_call()
    client.place()
    assert client.answer() == 403


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("::1", "::/64"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_networks(host: str, network: str) -> None:
    assert network_of(host) == network


def test_the_table_is_bounded_and_forgets_the_oldest() -> None:
    failures = LoginFailures()
    assert failures.failed("first", 1, 0.0)
    assert failures.failed("second", 1, 0.0)
    assert not failures.failed("first", 1, 0.0)  # told already
    for number in range(1023):
        failures.failed(f"{number}", 1, 0.0)
    assert failures.refuses("first", 1, 0.0)
    assert not failures.refuses("second", 1, 0.0)
