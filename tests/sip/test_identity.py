"""Whom the network vouches for, and how we present ourselves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip import Request, parse
from gateway.sip.headers import parse_address
from gateway.sip.identity import asserted_identity, number_of
from gateway.sip.presentation import clean, from_header, identity_headers, name_addr
from gateway.sip.uri import parse_uri

from .harness import Caller

OURS = parse_uri("sip:+15551234567@example.pstn.twilio.com")


def invite(*extra: tuple[str, str]) -> Request:
    message = parse(Caller().invite(extra=extra).encode())
    assert isinstance(message, Request)
    return message


PAI = "P-Asserted-Identity"
RPID = "Remote-Party-ID"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        ([(PAI, "<sip:+10987654321@184.150.215.12:5060>")], ("", "+10987654321")),
        ([(PAI, '"J\u00fcrgen" <tel:+1-555-123-4567;ext=2>')], ("J\u00fcrgen", "+15551234567")),
        ([(PAI, '"Bob" <sip:bob@example.com>, <tel:+1555>')], ("", "+1555")),
        ([(PAI, '"Bob" <sip:bob@example.com>'), (PAI, "<tel:+1555>")], ("", "+1555")),
        ([(PAI, '"Bob" <sip:b%6Fb@example.com;user=ip>')], ("Bob", "bob@example.com")),
        ([(PAI, "<sip:gateway.example.com>")], ("", "gateway.example.com")),
        ([(PAI, "<sip:%2B1555@x>")], ("", "+1555")),
        ([(PAI, "<sip:+1555@x>"), ("Privacy", "id")], None),
        ([(PAI, "<sip:+1555@x>"), ("Privacy", "header;user")], None),
        ([(PAI, "<sip:+1555@x>"), ("Privacy", "none")], ("", "+1555")),
        ([(PAI, "<<>>")], None),
        ([(PAI, "")], None),
        ([(RPID, '"B" <sip:+1555@x>;party=calling;screen=yes;privacy=off')], ("B", "+1555")),
        ([(RPID, "<sip:+1555@x>")], ("", "+1555")),
        ([(RPID, "<sip:+1555@x>;party=called")], None),
        ([(RPID, "<sip:+1555@x>;screen=no")], None),
        ([(RPID, "<sip:+1555@x>;Privacy=Full")], None),
        ([(RPID, "<sip:+1555@x>"), (PAI, "<sip:+1666@x>")], ("", "+1666")),
        ([("P-Preferred-Identity", "<sip:+1555@x>")], None),
        ([("Diversion", "<sip:+1555@twilio.com>;reason=unconditional")], None),
    ],
)
def test_twilio_31_asserted_identity(
    headers: list[tuple[str, str]], found: tuple[str, str] | None
) -> None:
    assert asserted_identity(invite(*headers)) == found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("sip:+15551234567@x", "+15551234567"),
        ("sip:600@x", "600"),
        ("sip:*98@x", "*98"),
        ("sip:bob@x", ""),
        ("sip:x", ""),
        ("tel:+1(555)123.4567", "+15551234567"),
        ("tel:911;phone-context=+1", "911"),
        ("urn:service:sos", ""),
    ],
)
def test_numbers(text: str, number: str) -> None:
    assert number_of(parse_uri(text)) == number


@pytest.mark.parametrize(
    ("display", "header"),
    [
        ("", f"<{OURS}>;tag=t"),
        ("Bob", f'"Bob" <{OURS}>;tag=t'),
        ('J "Bob" \\ S', f'"J \\"Bob\\" \\\\ S" <{OURS}>;tag=t'),
        ("J\u00fcrgen \u6f22\u5b57", f'"J\u00fcrgen \u6f22\u5b57" <{OURS}>;tag=t'),
        ("a\r\nX-Evil: b\0\x7f\u2028c\u202e", f'"a X-Evil: b c" <{OURS}>;tag=t'),
        (" \t ", f"<{OURS}>;tag=t"),
        ("x" * 100, f'"{"x" * 64}" <{OURS}>;tag=t'),
    ],
)
def test_our_from(display: str, header: str) -> None:
    assert from_header(display, OURS, "t") == header


def test_our_from_when_private() -> None:
    """RFC 3323: nothing of us in From; RFC 3325: the trunk knows, and is told to keep it."""
    hidden = from_header("Bob", OURS, "t", private=True)
    assert hidden == '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=t'
    assert identity_headers("Bob", OURS, private=True) == [
        ("P-Asserted-Identity", f'"Bob" <{OURS}>'),
        ("Privacy", "id"),
    ]
    assert identity_headers("", OURS) == [("P-Asserted-Identity", f"<{OURS}>")]


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_name_is_written_so_that_it_reads_back(display: str) -> None:
    header = name_addr(display, OURS)
    assert header.isprintable()
    again = parse_address(header, "From")
    assert again.uri == OURS
    assert again.display_name == clean(display)
