"""Answering challenges: which one, how often, and when to give up."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from gateway.errors import ConfigError
from gateway.sip import Headers, Response
from gateway.sip.digest_client import Credentials

from .harness import CountingTokens

PASSWORD = "correct horse"
URI = "sip:example.com"
WWW, PROXY = "WWW-Authenticate", "Proxy-Authenticate"
AUTHORIZATION, PROXY_AUTHORIZATION = "Authorization", "Proxy-Authorization"


def response(
    *lines: tuple[str, str], status: int = 401, call_id: str = "a", method: str = "REGISTER"
) -> Response:
    headers = [("Call-ID", call_id), ("CSeq", f"1 {method}"), *lines]
    return Response(status, "", Headers(headers))


def digest(nonce: str, *, realm: str = "r", more: str = ', qop="auth"') -> tuple[str, str]:
    return (WWW, f'Digest realm="{realm}", nonce="{nonce}"{more}')


def ok(*lines: tuple[str, str], call_id: str = "a", method: str = "REGISTER") -> Response:
    return response(*lines, status=200, call_id=call_id, method=method)


def values(lines: Iterable[tuple[str, str]], name: str) -> list[str]:
    """One parameter of every line, "" where it is missing."""
    found = [re.search(rf'[ ,]{name}="?([^",]*)"?', line) for _, line in lines]
    return [match[1] if match else "" for match in found]


class Peer:
    """One user, and the requests that it sends."""

    def __init__(self) -> None:
        self.credentials = Credentials("alice", PASSWORD, CountingTokens())
        self.now = 0.0

    def send(self, method: str = "REGISTER") -> list[tuple[str, str]]:
        return self.credentials.authorize(method, URI, b"")

    def hear(self, *lines: tuple[str, str], call_id: str = "a", method: str = "REGISTER") -> str:
        challenge = response(*lines, call_id=call_id, method=method)
        return self.credentials.challenged(challenge, self.now)


@pytest.fixture(name="peer")
def _peer() -> Peer:
    return Peer()


def test_nothing_is_sent_before_a_challenge(peer: Peer) -> None:
    assert peer.send() == []


@pytest.mark.parametrize(
    ("algorithms", "chosen"),
    [
        (["MD5"], "MD5"),
        (["SHA-256", "MD5"], "SHA-256"),
        (["MD5", "SHA-256"], "MD5"),
        (["SHA-512-256", "SHA-256", "MD5"], "SHA-512-256"),
        (["AKAv1-MD5", "SHA-1024", "sha-256-SESS", "MD5"], "sha-256-SESS"),
        (["x", "MD5-sess"], "MD5-sess"),
    ],
)
def test_the_topmost_challenge_that_is_known_is_answered(
    peer: Peer, algorithms: list[str], chosen: str
) -> None:
    lines = [digest(name, more=f", algorithm={name}") for name in algorithms]
    assert peer.hear(*lines) == ""
    sent = peer.send()
    assert values(sent, "algorithm") == values(sent, "nonce") == [chosen]


def test_several_challenges_in_one_line(peer: Peer) -> None:
    line = 'Basic realm="r", Digest realm="r", nonce="1", algorithm=x, Digest realm="r", nonce="2"'
    assert peer.hear((WWW, line + ', Digest realm="s", nonce="3"')) == ""
    assert values(peer.send(), "nonce") == ["2", "3"]


@pytest.mark.parametrize(
    ("qop", "chosen", "nc"),
    [
        (', qop="auth"', "auth", "00000001"),
        (', qop="auth-int,auth"', "auth", "00000001"),
        (", qop=auth", "auth", "00000001"),
        (', qop="x, AUTH-INT"', "auth-int", "00000001"),
        (', qop=""', "", ""),
        ("", "", ""),
    ],
)
def test_qop(peer: Peer, qop: str, chosen: str, nc: str) -> None:
    assert peer.hear(digest("1", more=qop)) == ""
    sent = peer.send()
    assert (values(sent, "qop"), values(sent, "nc")) == ([chosen], [nc])
    assert bool(values(sent, "cnonce")[0]) == bool(chosen)


def test_a_session_sends_its_cnonce_even_without_qop(peer: Peer) -> None:
    assert peer.hear(digest("1", more=", algorithm=MD5-sess")) == ""
    assert values(peer.send(), "cnonce") != [""]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no challenge came with it"),
        ([(WWW, "")], "no challenge came with it"),
        (
            [(WWW, 'Basic realm="x"')],
            "the peer asks by a scheme that is not answered: basic",
        ),
        ([(WWW, 'Digest nonce="x"')], "a challenge without a realm"),
        ([(WWW, 'Digest realm="x"')], "a challenge without a nonce"),
        ([(WWW, 'Digest realm="x", nonce=""')], "a challenge without a nonce"),
        (
            [digest("n" * 1025)],
            "a challenge whose nonce has 1025 characters; 1024 are allowed",
        ),
        (
            [digest("n", realm="r" * 2000)],
            "a challenge whose realm has 2000 characters; 1024 are allowed",
        ),
        (
            [digest("n", more=f', opaque="{"o" * 9999}"')],
            "a challenge whose opaque has 9999 characters; 1024 are allowed",
        ),
        ([digest("n\0")], "a challenge with control characters in its nonce"),
        (
            [digest("n", more=", algorithm=AKAv1-MD5")],
            "no algorithm in common: the peer wants 'AKAv1-MD5'",
        ),
        ([digest("n", more=', qop="conf"')], "no qop in common: the peer wants 'conf'"),
    ],
)
def test_why_not_in_words(peer: Peer, lines: list[tuple[str, str]], words: str) -> None:
    assert peer.hear(*lines) == words
    assert peer.send() == []


def test_a_bad_challenge_does_not_spoil_a_good_one(peer: Peer) -> None:
    assert peer.hear((WWW, 'Digest realm="x"'), digest("1")) == ""
    assert values(peer.send(), "nonce") == ["1"]


def test_401_and_407_and_several_realms_at_once(peer: Peer) -> None:
    proxy = (PROXY, 'Digest realm="r", nonce="3"')
    assert peer.hear(digest("1"), digest("2", realm="s"), proxy) == ""
    sent = peer.send()
    assert [name for name, _ in sent] == [AUTHORIZATION, AUTHORIZATION, PROXY_AUTHORIZATION]
    assert values(sent, "realm") == ["r", "s", "r"]
    assert values(sent, "nonce") == ["1", "2", "3"]


def test_realms_that_ask_one_after_another_are_answered_together(peer: Peer) -> None:
    peer.send()
    assert peer.hear((PROXY, 'Digest realm="p", nonce="1", qop="auth"')) == ""
    peer.send()
    assert peer.hear(digest("2")) == ""
    sent = peer.send()
    assert values(sent, "nonce") == ["1", "2"]
    assert values(sent, "nc") == ["00000002", "00000001"]


def test_a_nonce_is_used_beforehand_and_counted(peer: Peer) -> None:
    peer.send()
    peer.hear(digest("1"))
    counts = []
    for _ in range(11):
        counts += values(peer.send(), "nc")
        peer.credentials.answered(ok())
    assert counts == [f"{number:08x}" for number in range(1, 12)]
    assert peer.hear(digest("2")) == ""
    assert values(peer.send(), "nc") == ["00000001"]


@pytest.mark.parametrize("stale", ["", ", stale=true", ", stale=FALSE"])
def test_a_nonce_that_changes_is_no_refusal_but_tries_are_capped(peer: Peer, stale: str) -> None:
    for nonce in ("1", "2", "3"):
        peer.send()
        assert peer.hear(digest(nonce, more=stale)) == ""
    peer.send()
    words = peer.hear(digest("4", more=stale))
    assert words == "too many tries: realm 'r' refuses each answer; is the password right?"
    assert peer.send() == []


def test_a_rotation_with_every_refresh_never_ends_it(peer: Peer) -> None:
    for number in range(50):
        peer.send()
        assert peer.hear(digest(f"{number}")) == ""
        peer.send()
        peer.credentials.answered(ok())
        peer.now += 5


def test_the_same_nonce_again_is_a_refusal_at_once(peer: Peer) -> None:
    peer.send()
    assert peer.hear(digest("1")) == ""
    peer.send()
    assert peer.hear(digest("1")) == "the password for realm 'r' was refused"
    assert peer.send() == []
    assert peer.hear(digest("1")) == ""


def test_credentials_sent_beforehand_are_refused_at_once_too(peer: Peer) -> None:
    peer.send()
    peer.hear(digest("1"))
    peer.send()
    peer.credentials.answered(ok())
    peer.now += 100
    peer.send()
    assert peer.hear(digest("1")) == "the password for realm 'r' was refused"


def test_the_same_nonce_with_stale_is_tried_again_and_capped(peer: Peer) -> None:
    stale = digest("1", more=', qop="auth", stale=TRUE')
    counts = []
    for _ in range(3):
        peer.send()
        assert peer.hear(stale) == ""
        counts += values(peer.send(), "nc")
    assert counts == ["00000001", "00000003", "00000005"]
    assert peer.hear(stale).startswith("too many tries")


def test_requests_on_their_way_before_the_nonce_was_known_are_not_refused(peer: Peer) -> None:
    for method in ("REGISTER", "INVITE"):
        assert peer.send(method) == []
    assert peer.hear(digest("1")) == ""
    assert values(peer.send(), "nc") == ["00000001"]
    assert peer.hear(digest("1"), call_id="b", method="INVITE") == ""
    assert values(peer.send("INVITE"), "nc") == ["00000002"]
    assert "was refused" in peer.hear(digest("1"), call_id="b", method="INVITE")


def test_as_many_requests_as_were_on_their_way_and_no_more(peer: Peer) -> None:
    for _ in range(3):
        peer.send()
    told = [peer.hear(digest("1"), call_id=f"{number}") for number in range(3)]
    peer.send()
    assert told == [""] * 3
    assert "was refused" in peer.hear(digest("1"), call_id="4")


def test_one_realm_that_refuses_does_not_stop_another(peer: Peer) -> None:
    peer.send()
    peer.hear(digest("1"))
    peer.send()
    assert peer.hear(digest("1"), digest("2", realm="s")) == ""
    assert values(peer.send(), "realm") == ["s"]


def test_a_peer_that_invents_realms_is_given_up(peer: Peer) -> None:
    told = []
    for number in range(12):
        peer.send()
        told.append(peer.hear(digest("1", realm=f"{number}")))
    assert told[:8] == [""] * 8
    assert told[8] == "too many tries: realm '8' refuses each answer; is the password right?"
    assert len(peer.send()) <= 8


@pytest.mark.parametrize(("pause", "again"), [(30.0, False), (33.0, True)])
def test_tries_count_for_one_request(peer: Peer, pause: float, again: bool) -> None:
    for number in range(3):
        peer.send()
        assert peer.hear(digest(f"{number}")) == ""
    peer.now += pause
    assert (peer.hear(digest("3")) == "") == again


def test_other_requests_have_tries_of_their_own(peer: Peer) -> None:
    for number in range(3):
        assert peer.hear(digest(f"{number}")) == ""
        assert peer.hear(digest(f"b{number}"), call_id="b") == ""
        assert peer.hear(digest(f"i{number}"), method="INVITE") == ""
    assert peer.hear(digest("3")) != ""


INFO = "Authentication-Info"


@pytest.mark.parametrize(
    ("name", "value", "nonce"),
    [
        (INFO, 'nextnonce="2"', "2"),
        (INFO, 'qop=auth, nextnonce=2, rspauth="x"', "2"),
        (INFO, 'nextnonce="2", cnonce="another"', "1"),
        (INFO, 'nextnonce=""', "1"),
        (INFO, f'nextnonce="{"n" * 1025}"', "1"),
        (INFO, "rspauth=x", "1"),
        ("Proxy-Authentication-Info", 'nextnonce="2"', "1"),
    ],
)
def test_the_next_nonce(peer: Peer, name: str, value: str, nonce: str) -> None:
    peer.send()
    peer.hear(digest("1"))
    peer.send()
    peer.credentials.answered(ok((name, value)))
    sent = peer.send()
    assert values(sent, "nonce") == [nonce]
    assert values(sent, "nc") == ["00000001" if nonce == "2" else "00000002"]


def test_the_next_nonce_goes_to_the_realm_with_our_cnonce(peer: Peer) -> None:
    peer.hear(digest("1"), digest("2", realm="s"))
    cnonces = values(peer.send(), "cnonce")
    peer.credentials.answered(ok((INFO, f'nextnonce="3", cnonce="{cnonces[1]}"')))
    assert values(peer.send(), "nonce") == ["1", "3"]
    peer.credentials.answered(ok((INFO, 'nextnonce="4"')))
    assert values(peer.send(), "nonce") == ["1", "3"]


def test_cnonces_change_with_the_nonce_except_in_a_session(peer: Peer) -> None:
    for algorithm, changes in (("MD5", True), ("MD5-sess", False)):
        peer = Peer()
        peer.hear(digest("1", more=f', qop="auth", algorithm={algorithm}'))
        first, again = values(peer.send(), "cnonce"), values(peer.send(), "cnonce")
        peer.credentials.answered(ok((INFO, 'nextnonce="2"')))
        later = values(peer.send(), "cnonce")
        assert first == again
        assert (later != first) == changes


def test_what_is_given_back_is_quoted_as_it_came(peer: Peer) -> None:
    line = r'Digest realm="a \"b\\", nonce="n,\"", opaque="", domain="sip:x", algorithm="MD5"'
    assert peer.hear((WWW, line)) == ""
    ((_, sent),) = peer.send()
    for part in (r'realm="a \"b\\"', r'nonce="n,\""', 'opaque=""', "algorithm=MD5"):
        assert f"{part}," in sent + ","
    assert "domain" not in sent


@pytest.mark.parametrize(
    ("name", "charset", "written"),
    [
        ("alice", "", 'username="alice"'),
        ('a"b\\', "", r'username="a\"b\\"'),
        ("zoë", "", 'username="zoë"'),
        ("zoë@x y", ", charset=UTF-8", "username*=UTF-8''zo%C3%AB%40x%20y"),
        ("alice", ", charset=UTF-8", 'username="alice"'),
    ],
)
def test_user_names(name: str, charset: str, written: str) -> None:
    credentials = Credentials(name, PASSWORD, CountingTokens())
    assert credentials.challenged(response(digest("1", more=charset)), 0.0) == ""
    ((_, line),) = credentials.authorize("REGISTER", URI, b"")
    assert line.startswith(f"Digest {written}, ")


def test_a_user_name_that_would_break_a_header() -> None:
    with pytest.raises(ConfigError, match="control characters"):
        Credentials("a\r\nX: y", PASSWORD, CountingTokens())


def test_no_secret_is_shown(peer: Peer) -> None:
    texts = [peer.hear(digest("1")), *(line for _, line in peer.send()), peer.hear(digest("1"))]
    texts += [repr(peer.credentials), str(peer.credentials)]
    assert not any(PASSWORD in text for text in texts)
    assert repr(peer.credentials) == "<Credentials of 'alice'>"
