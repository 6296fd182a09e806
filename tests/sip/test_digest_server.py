"""The digest server by itself: algorithms, qop, names, nonces."""

from __future__ import annotations

import hashlib
import re

import pytest

from gateway.errors import ConfigError
from gateway.sip import Headers, InboundAuth, Request
from gateway.sip.digest_server import Digest
from gateway.sip.verdict import Verdict

from .digest_caller import Changes, digest_line, hashed
from .harness import CountingTokens

REALM = "phones"
PASSWORD = "correct horse"
URI = "sip:600@example.com"
SOURCE = "192.0.2.1"
BODY = b"v=0\r\n"
NAMES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Asked:
    """A server, the nonce that it gave, and a client by arithmetic of its own."""

    def __init__(self, auth: InboundAuth) -> None:
        self.digest = Digest(auth, "secret", CountingTokens())
        self.now = 1000.0
        self.proxy = auth.proxy
        self.lines = [line for _, line in self.check([]).challenges]
        self.nonce = self.nonce_of(self.lines[0])

    @staticmethod
    def nonce_of(line: str) -> str:
        found = re.search(r'nonce="([^"]*)"', line)
        assert found
        return found[1]

    def check(self, lines: list[str], *, body: bytes = BODY) -> Verdict:
        return self.digest.check(self.request(lines, body), SOURCE, self.now)

    def request(self, lines: list[str], body: bytes = BODY) -> Request:
        name = "Proxy-Authorization" if self.proxy else "Authorization"
        headers = [("Call-ID", "a@b"), *((name, line) for line in lines)]
        return Request("INVITE", URI, Headers(headers), body)

    def line(self, changes: Changes | None = None, *, session: str = "", name: str = "") -> str:
        """Right credentials but for the changes; `session`: the cnonce that A1 is made with."""
        given: Changes = {
            "username": "alice",
            "realm": REALM,
            "nonce": self.nonce,
            "uri": URI,
            "algorithm": "MD5",
            "qop": "auth",
            "nc": "00000001",
            "cnonce": "c1",
            **(changes or {}),
        }
        algorithm = given["algorithm"] or "MD5"
        hash_name = NAMES[algorithm.upper().removesuffix("-SESS")]
        key = hashed(f"{name or given['username']}:{REALM}:{PASSWORD}", hash_name)
        if algorithm.lower().endswith("-sess"):
            key = hashed(f"{key}:{given['nonce']}:{session or given['cnonce']}", hash_name)
        what = f"INVITE:{given['uri']}"
        if (given["qop"] or "").lower() == "auth-int":
            what += f":{hashed(BODY, hash_name)}"
        middle = f":{given['nc']}:{given['cnonce']}:{given['qop']}" if given["qop"] else ""
        answer = hashed(f"{key}:{given['nonce']}{middle}:{hashed(what, hash_name)}", hash_name)
        return digest_line({**given, "response": answer})


def auth(*algorithms: str, qops: tuple[str, ...] = ("auth",), **changes: bool) -> InboundAuth:
    users = {"alice": PASSWORD, "zoë": PASSWORD}
    return InboundAuth(REALM, users, algorithms=algorithms or ("MD5",), qops=qops, **changes)


@pytest.mark.parametrize("algorithm", InboundAuth.ALGORITHMS)
@pytest.mark.parametrize("qop", ["auth", "auth-int", "AUTH", None])
def test_every_algorithm_and_qop(algorithm: str, qop: str | None) -> None:
    asked = Asked(auth(algorithm, qops=("auth", "auth-int")))
    assert f'algorithm={algorithm}, qop="auth,auth-int"' in asked.lines[0]
    changes: Changes = {"algorithm": algorithm, "qop": qop, "nc": "00000001" if qop else None}
    assert asked.check([asked.line(changes)]) == Verdict(True, "alice")


def test_the_strongest_is_offered_first() -> None:
    asked = Asked(auth("MD5", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-256"))
    offered = [re.findall(r"algorithm=([^,]+)", line)[0] for line in asked.lines]
    assert offered == ["SHA-512-256", "SHA-256-sess", "SHA-256", "MD5", "MD5-sess"]


def test_what_openssl_lacks_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    real = hashlib.new

    def new(name: str, *data: bytes, usedforsecurity: bool = True) -> hashlib._Hash:
        if name == "sha512_256":
            raise ValueError(f"unsupported hash type {name}")
        return real(name, *data, usedforsecurity=usedforsecurity)

    monkeypatch.setattr(hashlib, "new", new)
    asked = Asked(auth("SHA-512-256", "MD5"))
    assert [re.findall(r"algorithm=([^,]+)", line) for line in asked.lines] == [["MD5"]]
    assert asked.check([asked.line()]).accepted
    alone = Digest(auth("SHA-512-256-sess"), "secret", CountingTokens())
    assert alone.check(asked.request([]), SOURCE, asked.now) == Verdict(False)


@pytest.mark.parametrize(
    ("qops", "qop", "why"),
    [
        (("auth",), "auth-int", "unsupported-qop"),
        (("auth-int",), "auth", "unsupported-qop"),
        (("auth-int",), None, "unsupported-qop"),
        (("auth",), "", "unsupported-qop"),
        ((), "auth", "unsupported-qop"),
        ((), None, ""),
    ],
)
def test_only_what_is_offered_is_accepted(qops: tuple[str, ...], qop: str | None, why: str) -> None:
    asked = Asked(auth(qops=qops))
    assert ("qop" in asked.lines[0]) == bool(qops)
    assert asked.check([asked.line({"qop": qop})]).why == why


def test_a_weaker_algorithm_than_offered_is_refused() -> None:
    asked = Asked(auth("SHA-256"))
    for algorithm in ("MD5", "SHA-256-sess", None):
        assert asked.check([asked.line({"algorithm": algorithm})]).why == "unsupported-algorithm"
    assert asked.check([asked.line({"algorithm": "sha-256"})]).accepted


def test_auth_int_vouches_for_the_body() -> None:
    asked = Asked(auth("SHA-256", qops=("auth-int",)))
    line = asked.line({"algorithm": "SHA-256", "qop": "auth-int"})
    assert asked.check([line], body=b"v=0\r\ns=other").why == "wrong-password"
    assert asked.check([line]).accepted


@pytest.mark.parametrize(
    ("changes", "name", "accepted"),
    [
        ({"username": "zoë"}, "", True),
        ({"username": None, "username*": "UTF-8''zo%C3%AB"}, "zoë", True),
        ({"username": None, "username*": "utf-8'en'zo%c3%ab"}, "zoë", True),
        ({"username": None, "username*": "ISO-8859-1''zo%EB"}, "zoë", False),
        ({"username": "zoë", "username*": "UTF-8''zo%C3%AB"}, "", False),
        ({"username": None, "username*": "zoë"}, "zoë", False),
        ({"username": None}, "alice", False),
    ],
)
def test_user_names(changes: Changes, name: str, accepted: bool) -> None:
    asked = Asked(auth())
    assert ", charset=UTF-8" in asked.lines[0]
    verdict = asked.check([asked.line(changes, name=name)])
    assert verdict.accepted == accepted
    assert verdict.why == ("" if accepted else "unknown-user")


def test_several_lines_are_looked_through_for_our_realm() -> None:
    asked = Asked(auth())
    other = asked.line().replace(REALM, "elsewhere")
    assert asked.check(["Basic YTpi", other, asked.line()]) == Verdict(True, "alice")


@pytest.mark.parametrize("session", ["c1", "c2"])
def test_a_session_begins_once_or_with_every_cnonce(session: str) -> None:
    asked = Asked(auth("SHA-256-sess"))
    changes: Changes = {"algorithm": "SHA-256-sess"}
    assert asked.check([asked.line(changes)]).accepted
    again: Changes = {**changes, "nc": "00000002", "cnonce": "c2"}
    assert asked.check([asked.line(again, session=session)]).accepted
    third: Changes = {**changes, "nc": "00000003", "cnonce": "c3"}
    assert asked.check([asked.line(third, session="c1")]).accepted
    other: Changes = {**changes, "nc": "00000004", "cnonce": "c3"}
    assert asked.check([asked.line(other, session="c4")]).why == "wrong-password"


def test_the_next_nonce_works_and_is_named_only_when_wanted() -> None:
    asked = Asked(auth(next_nonce=True))
    line = asked.line()
    assert asked.check([line]).accepted
    asked.now += 250
    ((name, value),) = asked.digest.next_nonce(asked.request([line]), asked.now)
    assert name == "Authentication-Info"
    found = re.fullmatch(r'nextnonce="([0-9a-f.]+)"', value)
    assert found
    asked.now += 250
    asked.nonce = found[1]
    assert asked.check([asked.line()]).accepted
    assert asked.digest.next_nonce(asked.request([]), asked.now) == []
    silent = Asked(auth())
    assert silent.digest.next_nonce(silent.request([silent.line()]), silent.now) == []


def test_the_next_nonce_of_a_proxy_and_of_a_session() -> None:
    asked = Asked(auth("MD5", "MD5-sess", next_nonce=True, proxy=True))
    ((name, _),) = asked.digest.next_nonce(asked.request([asked.line()]), asked.now)
    assert name == "Proxy-Authentication-Info"
    session = asked.request([asked.line({"algorithm": "MD5-sess"})])
    assert asked.digest.next_nonce(session, asked.now) == []


def test_a_used_nonce_that_was_forgotten_is_stale_and_never_fresh() -> None:
    asked = Asked(auth())
    first = asked.line()
    assert asked.check([first]).accepted
    for _ in range(1100):
        asked.now += 0.01
        asked.nonce = asked.nonce_of(asked.check([]).challenges[0][1])
        assert asked.check([asked.line()]).accepted
    assert asked.check([first]).why == "stale-nonce"
    assert asked.check([asked.line({"nc": "00000002"})]).accepted


def test_nonces_of_another_server_and_realm_are_stale() -> None:
    asked = Asked(auth())
    other = Digest(auth(), "another secret", CountingTokens())
    asked.nonce = asked.nonce_of(other.check(asked.request([]), SOURCE, 1000.0).challenges[0][1])
    assert asked.check([asked.line()]).why == "stale-nonce"


def test_a_nonce_shows_nothing_of_its_source() -> None:
    asked = Asked(auth())
    assert SOURCE not in asked.nonce
    assert "c0000201" not in asked.nonce


@pytest.mark.parametrize(
    ("algorithms", "qops", "text"),
    [
        (("SHA256",), ("auth",), "no digest algorithm 'SHA256'; there are SHA-512-256, "),
        ((), ("auth",), "no digest algorithm; there are SHA-512-256, "),
        (("MD5",), ("conf",), "no digest qop 'conf'; there are auth, auth-int"),
    ],
)
def test_names_that_do_not_exist(
    algorithms: tuple[str, ...], qops: tuple[str, ...], text: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        InboundAuth(REALM, {}, algorithms=algorithms, qops=qops)
