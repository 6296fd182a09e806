"""Who may call: digest as server, by the checklist's item 17."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from gateway.sip import AuthFailed, InboundAuth, IncomingCall, StackSettings

from .harness import Caller, World, connected, statuses

REALM = "tipring"
PASSWORD = "correct horse"
URI = "sip:+11234567890@203.0.113.5"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


Changes = dict[str, str | None]


class Client:
    """A peer that answers challenges. Changes replace parameters; None leaves one out."""

    def __init__(self, *, proxy: bool = False, lifetime: float = 300.0) -> None:
        auth = InboundAuth(REALM, {"alice": PASSWORD}, proxy, lifetime)
        self.world = World(StackSettings(auth=auth))
        self.caller = Caller()
        self.proxy = proxy
        self.nonce = ""
        self.challenge = ""
        self.count = 0

    def place(self, **headers: str) -> int:
        """Send an INVITE; returns the last status and learns the challenge."""
        return self.place_with([(name.replace("_", "-"), text) for name, text in headers.items()])

    def place_with(self, extra: list[tuple[str, str]]) -> int:
        """The same with any headers."""
        self.caller.cseq += 1
        self.caller.to_tag = ""
        answer = self.world.receive(self.caller.invite(extra=extra))[-1]
        name = "Proxy-Authenticate" if self.proxy else "WWW-Authenticate"
        self.challenge = answer.headers.get(name) or ""
        found = re.search(r'nonce="([^"]*)"', self.challenge)
        self.nonce = found[1] if found else self.nonce
        status = statuses([answer])[0]
        if status >= 300:
            self.caller.hear([answer])
            assert self.world.receive(self.caller.ack_refusal()) == []
        return status

    def answer(self, changes: Changes | None = None, password: str = PASSWORD) -> int:
        """Answer the last challenge."""
        name = "Proxy_Authorization" if self.proxy else "Authorization"
        return self.place(**{name: self.credentials(changes, password)})

    def credentials(self, changes: Changes | None = None, password: str = PASSWORD) -> str:
        self.count += 1
        given: Changes = {
            "username": "alice",
            "realm": REALM,
            "nonce": self.nonce,
            "uri": URI,
            "qop": "auth",
            "nc": f"{self.count:08x}",
            "cnonce": "0a4f113b",
            "algorithm": "MD5",
            **(changes or {}),
        }
        secret = md5(f"{given['username']}:{REALM}:{password}")
        what = md5(f"INVITE:{given['uri']}")
        middle = f":{given['nc']}:{given['cnonce']}:{given['qop']}" if given["qop"] else ""
        given.setdefault("response", md5(f"{secret}:{given['nonce']}{middle}:{what}"))
        bare = {"qop", "nc", "algorithm"}
        return "Digest " + ", ".join(
            f"{key}={value}" if key in bare else f'{key}="{value}"'
            for key, value in given.items()
            if value is not None
        )


@pytest.fixture
def client() -> Client:
    client = Client()
    assert client.place() == 401
    return client


def test_twilio_17_challenge() -> None:
    client = Client()
    assert client.place() == 401
    assert re.fullmatch(
        r'Digest realm="tipring", nonce="[0-9a-f.]+", algorithm=MD5, qop="auth"', client.challenge
    )
    assert not any(isinstance(event, IncomingCall) for event in client.world.events())
    assert client.world.stack.counters["dialogs"] == 0


def test_twilio_17_right_answer_rings(client: Client) -> None:
    assert client.answer() == 100
    assert client.world.event(IncomingCall).session.call_id == client.caller.call_id


def test_twilio_17_proxy_challenge() -> None:
    client = Client(proxy=True)
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
def test_twilio_17_accepted(changes: Changes, client: Client) -> None:
    assert client.answer(changes) == 100


def test_twilio_17_any_order_and_no_spaces(client: Client) -> None:
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
    password: str, changes: Changes, why: str, client: Client
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


def test_twilio_17_right_after_one_mistake(client: Client) -> None:
    assert client.answer(password="wrong") == 401
    assert client.answer() == 100


@pytest.mark.parametrize("nonce", ["", "x", "1.2.3", "zz.00.11", "ff" * 40, "\u00e9.\u00e9"])
def test_twilio_17_a_nonce_that_is_not_ours_is_stale(nonce: str, client: Client) -> None:
    assert client.answer({"nonce": nonce}) == 401
    assert "stale=true" in client.challenge
    assert client.answer() == 100


def test_twilio_17_an_old_nonce_is_stale(client: Client) -> None:
    client.world.run(301)
    assert client.answer() == 401
    assert "stale=true" in client.challenge
    assert client.answer() == 100


@pytest.mark.parametrize("nc", ["00000005", "00000004", "0", "x", "", "000000001"])
def test_twilio_17_a_nonce_count_that_does_not_grow_is_refused(nc: str, client: Client) -> None:
    assert client.answer({"nc": "00000005"}) == 100
    assert client.answer({"nc": nc}) == 401
    assert client.world.stack.counters["dialogs"] == 1


def test_a_nonce_without_count_works_once(client: Client) -> None:
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
def test_other_schemes_are_no_credentials(header: str, client: Client) -> None:
    assert client.place(Authorization=header) == 401
    assert not any(isinstance(event, AuthFailed) for event in client.world.events())


def test_credentials_for_another_realm_are_left_alone(client: Client) -> None:
    other = client.credentials({"realm": "elsewhere"})
    assert client.place(Authorization=other) == 401
    assert (
        client.place_with([("Authorization", other), ("Authorization", client.credentials())])
        == 100
    )


def test_requests_inside_a_call_are_not_challenged() -> None:
    client = Client()
    client.place()
    assert client.answer() == 100
    world, caller = client.world, client.caller
    session = world.event(IncomingCall).session
    session.ring(world.now)
    caller.hear(world.sent())
    assert statuses(world.receive(caller.bye())) == [200, 487]


def test_strangers_are_asked_before_their_headers_are_looked_at() -> None:
    client = Client()
    assert client.place(Require="foo") == 401
    assert client.place(Require="foo", Authorization=client.credentials()) == 420


def test_a_changed_configuration_holds_at_once(client: Client) -> None:
    stack = client.world.stack
    stack.settings = replace(stack.settings, auth=InboundAuth(REALM, {"alice": "new"}))
    assert client.answer() == 401
    assert client.answer(password="new") == 100
    stack.settings = replace(stack.settings, auth=None)
    assert client.place() == 100


def test_no_secret_is_shown() -> None:
    client = Client()
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
