"""Who may call: digest as server, by the checklist's item 17."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.sip import AuthFailed, InboundAuth, IncomingCall

from .digest_caller import PASSWORD, REALM, URI, Changes, DigestCaller
from .harness import Caller, World, connected, statuses


@pytest.fixture
def client() -> DigestCaller:
    client = DigestCaller()
    assert client.place() == 401
    return client


def test_twilio_17_challenge() -> None:
    client = DigestCaller()
    assert client.place() == 401
    assert re.fullmatch(
        r'Digest realm="tipring", nonce="[0-9a-f.]+", algorithm=MD5, qop="auth"', client.challenge
    )
    assert not any(isinstance(event, IncomingCall) for event in client.world.events())
    assert client.world.stack.counters["dialogs"] == 0


def test_twilio_17_right_answer_rings(client: DigestCaller) -> None:
    assert client.answer() == 100
    assert client.world.event(IncomingCall).session.call_id == client.caller.call_id


def test_twilio_17_proxy_challenge() -> None:
    client = DigestCaller(proxy=True)
    assert client.place() == 407
    assert client.answer() == 100
    assert client.place(Authorization=client.credentials()) == 407


@pytest.mark.parametrize(
    "changes",
    [
        {"nc": "00000017"},
        {"algorithm": None},
        {"algorithm": "md5"},
        {"uri": URI + ";transport=tls"},
        {"uri": URI + ":5060;transport=udp"},
        {"uri": URI.replace("+", "%2B")},
        {"qop": None, "nc": None, "cnonce": None},
        {"opaque": "left over", "x-more": "1"},
    ],
)
def test_twilio_17_accepted(changes: Changes, client: DigestCaller) -> None:
    assert client.answer(changes) == 100


def test_twilio_17_any_order_and_no_spaces(client: DigestCaller) -> None:
    given = client.credentials().removeprefix("Digest ").split(", ")
    assert client.place(Authorization="digest  " + ",".join(reversed(given))) == 100


@pytest.mark.parametrize(
    ("password", "changes", "why"),
    [
        ("wrong", {}, "wrong-password"),
        (PASSWORD, {"response": "0" * 32}, "wrong-password"),
        (PASSWORD, {"response": "\u00e9"}, "wrong-password"),
        (PASSWORD, {"response": ""}, "wrong-password"),
        (PASSWORD, {"username": "mallory"}, "unknown-user"),
        (PASSWORD, {"username": ""}, "unknown-user"),
        (PASSWORD, {"uri": "sip:bob@203.0.113.5"}, "other-target"),
        (PASSWORD, {"uri": "sip:+11234567890@example.com"}, "other-target"),
        (PASSWORD, {"uri": "nonsense"}, "other-target"),
        (PASSWORD, {"qop": "auth-int"}, "unsupported-qop"),
        (PASSWORD, {"algorithm": "SHA-256"}, "unsupported-algorithm"),
    ],
)
def test_twilio_17_wrong_credentials_get_one_more_chance_then_403(
    password: str, changes: Changes, why: str, client: DigestCaller
) -> None:
    first = client.nonce
    assert client.answer(changes, password) == 401
    assert client.nonce != first
    assert "stale" not in client.challenge
    assert client.answer(changes, password) == 403
    failed = [event for event in client.world.events() if isinstance(event, AuthFailed)]
    assert [event.why for event in failed] == [why, why]
    assert client.world.stack.counters["auth_failed"] == 2
    assert client.world.stack.counters["dialogs"] == 0


def test_twilio_17_right_after_one_mistake(client: DigestCaller) -> None:
    assert client.answer(password="wrong") == 401
    assert client.answer() == 100


@pytest.mark.parametrize("nonce", ["", "x", "1.2.3", "zz.00.11", "ff" * 40, "\u00e9.\u00e9"])
def test_twilio_17_a_nonce_that_is_not_ours_is_stale(nonce: str, client: DigestCaller) -> None:
    assert client.answer({"nonce": nonce}) == 401
    assert "stale=true" in client.challenge
    assert client.answer() == 100


def test_twilio_17_an_old_nonce_is_stale(client: DigestCaller) -> None:
    client.world.run(301)
    assert client.answer() == 401
    assert "stale=true" in client.challenge
    assert not any(isinstance(event, AuthFailed) for event in client.world.events())
    assert client.answer() == 100


@pytest.mark.parametrize("nc", ["00000005", "00000004", "0", "x", "", "000000001"])
def test_twilio_17_a_nonce_count_that_does_not_grow_is_refused(
    nc: str, client: DigestCaller
) -> None:
    assert client.answer({"nc": "00000005"}) == 100
    assert client.answer({"nc": nc}) == 401
    assert "stale=true" in client.challenge
    assert client.world.stack.counters["dialogs"] == 1
    assert client.world.stack.counters["auth_replayed"] == 1
    assert "auth_failed" not in client.world.stack.counters


def test_a_nonce_without_count_works_once(client: DigestCaller) -> None:
    old: Changes = {"qop": None, "nc": None, "cnonce": None}
    nonce = client.nonce
    assert client.answer(old) == 100
    assert client.answer({**old, "nonce": nonce}) == 401


@pytest.mark.parametrize(
    "header",
    [
        "NoOneKnowsThisScheme opaque-data=here",
        "Basic YWxpY2U6eA==",
        "Digest",
        "Digest ,,,=",
        'Digest realm="x',
    ],
)
def test_other_schemes_are_no_credentials(header: str, client: DigestCaller) -> None:
    assert client.place(Authorization=header) == 401
    assert not any(isinstance(event, AuthFailed) for event in client.world.events())


def test_credentials_for_another_realm_are_left_alone(client: DigestCaller) -> None:
    other = client.credentials({"realm": "elsewhere"})
    assert client.place(Authorization=other) == 401
    assert (
        client.place_with([("Authorization", other), ("Authorization", client.credentials())])
        == 100
    )


def test_requests_inside_a_call_are_not_challenged() -> None:
    client = DigestCaller()
    client.place()
    assert client.answer() == 100
    world, caller = client.world, client.caller
    session = world.event(IncomingCall).session
    session.ring(world.now)
    caller.hear(world.sent())
    assert statuses(world.receive(caller.bye())) == [200, 487]


def test_strangers_are_asked_before_their_headers_are_looked_at() -> None:
    client = DigestCaller()
    assert client.place(Require="foo") == 401
    assert client.place(Require="foo", Authorization=client.credentials()) == 420


def test_a_changed_configuration_holds_at_once(client: DigestCaller) -> None:
    stack = client.world.stack
    stack.settings = replace(stack.settings, auth=InboundAuth(REALM, {"alice": "new"}))
    assert client.answer() == 401
    assert client.answer(password="new") == 100
    stack.settings = replace(stack.settings, auth=None)
    assert client.place() == 100


def test_a_changed_configuration_forgets_no_nonce_count(client: DigestCaller) -> None:
    nonce = client.nonce
    assert client.answer({"nc": "00000001"}) == 100
    stack = client.world.stack
    stack.settings = replace(stack.settings, auth=InboundAuth(REALM, {"alice": PASSWORD}, qops=()))
    stack.settings = replace(stack.settings, auth=InboundAuth(REALM, {"alice": PASSWORD}))
    assert client.answer({"nonce": nonce, "nc": "00000001"}) == 401
    assert client.answer({"nonce": nonce, "nc": "00000002"}) == 100


def test_a_caller_may_answer_with_the_same_cseq(client: DigestCaller) -> None:
    client.caller.cseq -= 1
    assert client.answer() == 100


def test_several_algorithms_are_several_header_lines() -> None:
    auth = InboundAuth(REALM, {"alice": PASSWORD}, algorithms=("MD5", "SHA-256"))
    world, caller = World(), Caller()
    world.stack.settings = replace(world.stack.settings, auth=auth)
    lines = world.receive(caller.invite())[-1].headers.get_all("WWW-Authenticate")
    assert [re.findall(r"algorithm=([\w-]+)", line) for line in lines] == [["SHA-256"], ["MD5"]]


def test_no_secret_is_shown() -> None:
    client = DigestCaller()
    client.place()
    client.answer(password="guessed-secret")
    texts = [repr(event) for event in client.world.events()]
    texts += [repr(client.world.stack.settings), repr(client.world.stack.counters)]
    for text in texts:
        assert PASSWORD not in text
        assert "response" not in text
        assert "guessed-secret" not in text


def test_no_auth_means_no_challenge() -> None:
    world = World()
    connected(world, Caller())
    assert "challenged" not in world.stack.counters
