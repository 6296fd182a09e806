"""URIs: parts, what is refused, and that writing gives back what was read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.sip.uri import parse_uri, unescape


@pytest.mark.parametrize(
    ("text", "user", "host", "port", "params"),
    [
        ("sip:alice@example.com", "alice", "example.com", None, {}),
        (
            "sips:+15551234567@10.0.0.1:5061;transport=tls",
            "+15551234567",
            "10.0.0.1",
            5061,
            {"transport": "tls"},
        ),
        ("sip:example.com;lr", None, "example.com", None, {"lr": None}),
        (
            "sip:54.172.60.0;r2=on;lr;ftag=a_b",
            None,
            "54.172.60.0",
            None,
            {"r2": "on", "lr": None, "ftag": "a_b"},
        ),
        ("sip:a@b;twnat=sip:203.0.113.9:5060", "a", "b", None, {"twnat": "sip:203.0.113.9:5060"}),
        (
            "sip:user;par=u%40example.net@example.com",
            "user;par=u%40example.net",
            "example.com",
            None,
            {},
        ),
        ("sip:alice:secret@[2001:db8::1]:5060", "alice", "[2001:db8::1]", 5060, {}),
        ("sip:*98@host", "*98", "host", None, {}),
        ("sip:%23+1@host", "%23+1", "host", None, {}),
        ("sip:a@b:05060", "a", "b", 5060, {}),
        ("SIP:a@B;Transport=UDP;LR", "a", "B", None, {"transport": "UDP", "lr": None}),
        ("sip:a@b?subject=x%20y", "a", "b", None, {}),
        ("sip:a@b;%6C%72;n%61me=v%2541", "a", "b", None, {"lr": None, "name": "v%41"}),
    ],
)
def test_parts(
    text: str, user: str | None, host: str, port: int | None, params: dict[str, str]
) -> None:
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port, uri.params) == (user, host, port, params)
    assert uri.is_sip
    assert str(uri) == text


@pytest.mark.parametrize("text", ["tel:+1555", "soap.beep://192.0.2.103:3002", "name:John_Smith"])
def test_other_schemes_are_kept(text: str) -> None:
    uri = parse_uri(text)
    assert not uri.is_sip
    assert str(uri) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@",
        "sip:bob@",
        "sip:a@b c",
        "sip:a@b@c",
        "sip:a@b:x",
        "sip:a@b:65536",
        "sip:a%4@b",
        "sip:[::1",
        "alice",
        ":x",
        "sip:a@b;c d",
        "<sip:a@b>",
        'sip:"a"@b',
        "1a:b",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_uri(text)


@pytest.mark.parametrize("text", ["sip:bob@", "sip:@example.com", "sip:"])
def test_labels_may_lack_a_host(text: str) -> None:
    """Seen in From headers: no reason to refuse the call."""
    assert str(parse_uri(text, lenient=True)) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("alice", "alice"),
        ("%2B1555", "+1555"),
        ("a%2541", "a%41"),
        ("null%00null", "null\0null"),
        ("%c3%a9", "\u00e9"),
        ("%ff", "\ufffd"),
        ("100%", "100%"),
    ],
)
def test_escapes_are_resolved_once(text: str, plain: str) -> None:
    assert unescape(text) == plain


@settings(deadline=None)
@given(st.text(max_size=60))
def test_anything_parses_or_raises(text: str) -> None:
    try:
        uri = parse_uri("sip:" + text)
    except RemoteProtocolError:
        return
    assert str(uri) == "sip:" + text
