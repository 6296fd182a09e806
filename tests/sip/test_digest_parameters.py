"""Parameter lists and challenges, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip import Headers, RemoteProtocolError, Response
from gateway.sip.challenge import read_challenges
from gateway.sip.digest import find_algorithm, parse_challenges, parse_params
from gateway.sip.grammar import quote


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            'Digest realm="a", nonce="b", Digest realm="c", nonce="d"',
            [("digest", {"realm": "a", "nonce": "b"}), ("digest", {"realm": "c", "nonce": "d"})],
        ),
        (
            'Basic realm="a", Digest realm="c",nonce="d"',
            [("basic", {"realm": "a"}), ("digest", {"realm": "c", "nonce": "d"})],
        ),
        ('Negotiate, Digest realm="a"', [("negotiate", {}), ("digest", {"realm": "a"})]),
        ("Digest", [("digest", {})]),
        ('DIGEST\t Realm = "a" ,NONCE= b', [("digest", {"realm": "a", "nonce": "b"})]),
        ('Digest realm="a, Digest realm=\\"x\\""', [("digest", {"realm": 'a, Digest realm="x"'})]),
        ('Digest realm="a", realm="b"', [("digest", {"realm": "a"})]),
        ('Digest ,, realm="a",,', [("digest", {"realm": "a"})]),
        ("Basic YWxpY2U6eA==", [("basic", {"ywxpy2u6ea": "="})]),
        ('Digest realm="a", {}, nonce=b', [("digest", {"realm": "a", "nonce": "b"})]),
        ('Digest realm="open', [("digest", {})]),
        ('realm="a"', []),
        ("", []),
        (" , ,", []),
    ],
)
def test_challenges(line: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(line) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            'nextnonce="a", qop=auth,nc=00000001',
            {"nextnonce": "a", "qop": "auth", "nc": "00000001"},
        ),
        ('cnonce="a\\\\b"', {"cnonce": "a\\b"}),
        ("nonsense", {}),
    ],
)
def test_parameters(text: str, found: dict[str, str]) -> None:
    assert parse_params(text) == found


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("MD5", True),
        ("md5-SESS", True),
        ("SHA-256-sess", True),
        ("SHA256", False),
        ("AKAv1-MD5", False),
        ("SHA-1", False),
        ("-sess", False),
        ("", False),
    ],
)
def test_algorithm_names(name: str, known: bool) -> None:
    assert (find_algorithm(name) is not None) == known


NAMES = st.sampled_from(["realm", "nonce", "opaque", "algorithm", "qop", "stale", "x-more"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
PARTS = st.dictionaries(NAMES, TEXTS, min_size=1)


@given(st.lists(st.tuples(st.sampled_from(["Digest", "Basic", "X-y"]), PARTS), max_size=5))
def test_what_is_written_is_read_again(challenges: list[tuple[str, dict[str, str]]]) -> None:
    line = " ,".join(
        f"{scheme} {','.join(f'{name}={quote(value)}' for name, value in parts.items())}"
        for scheme, parts in challenges
    )
    assert parse_challenges(line) == [(scheme.lower(), parts) for scheme, parts in challenges]


PIECES = st.sampled_from([
    "Digest ", "Basic ", 'realm="a"', 'nonce="b"', "algorithm=MD5", 'qop="auth,auth-int"', ",", " ",
    "=", '"', "\\", "stale=true", "<", ">", "username*=UTF-8''%", "\x7f", "\udcff", "é", "%zz",
])  # fmt: skip


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=4))
def test_any_challenge_is_answered_or_refused_in_words(lines: list[str]) -> None:
    response = Response(401, "", Headers([("WWW-Authenticate", line) for line in lines]))
    try:
        assert all(challenge.nonce for challenge in read_challenges(response))
    except RemoteProtocolError as error:
        words = str(error)
        assert words


def test_reading_takes_linear_time() -> None:
    for hostile in ("Digest " * 9000, 'a="' * 20000, "a=b," * 15000, "\\" * 60000, " " * 60000):
        assert len(parse_challenges(hostile)) <= 1
