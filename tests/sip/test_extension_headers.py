"""Headers of the extensions: what is read, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.sip.extension_headers import (
    EventPackage,
    RAck,
    Reason,
    Replaces,
    SessionExpires,
    parse_event,
    parse_identities,
    parse_min_se,
    parse_number,
    parse_rack,
    parse_reasons,
    parse_refer_to,
    parse_referred_by,
    parse_replaces,
    parse_retry_after,
    parse_session_expires,
    parse_subscription_state,
    privacy,
    replaces_in,
    token_set,
)
from gateway.sip.message_summary import parse_message_summary
from gateway.sip.sipfrag import parse_sipfrag, sipfrag
from gateway.sip.uri import USER_SAFE, escape, parse_uri, unescape


def parse_rseq(value: str) -> int:
    return parse_number(value, "RSeq")


ONE_VALUE: list[Callable[[str], object]] = [
    parse_rack, parse_rseq, parse_session_expires, parse_min_se, parse_replaces, parse_event,
    parse_subscription_state, parse_retry_after,
]  # fmt: skip


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (parse_rack, "776656 1 INVITE", RAck(776656, 1, "INVITE")),
        (parse_rack, "1\t 4294967295  INVITE", RAck(1, 4294967295, "INVITE")),
        (parse_rseq, "988789", 988789),
        (parse_rseq, "00", 0),
        (parse_session_expires, "1800", SessionExpires(1800, None)),
        (parse_session_expires, "1800;refresher=uac", SessionExpires(1800, "uac")),
        (parse_session_expires, "90 ; Refresher = UAS;x=y", SessionExpires(90, "uas")),
        (parse_session_expires, "90;refresher=proxy", SessionExpires(90, None)),
        (parse_min_se, "90", 90),
        (parse_min_se, "3600;lr;why=because", 3600),
        (parse_retry_after, "18000;duration=3600", 18000),
        (parse_retry_after, "120 (I'm in a meeting)", 120),
        (parse_retry_after, "5", 5),
        (
            parse_replaces,
            "425928@bobster.example.org;to-tag=7743;from-tag=6472",
            Replaces("425928@bobster.example.org", "7743", "6472"),
        ),
        (parse_replaces, "a;FROM-TAG=1;To-Tag=2;early-only", Replaces("a", "2", "1", True)),
        (parse_replaces, "a ; from-tag = 1 ; to-tag = 2;x=y", Replaces("a", "2", "1")),
        (parse_event, "refer;id=93809824", EventPackage("refer", "93809824")),
        (parse_event, "message-summary", EventPackage("message-summary")),
        (parse_event, "presence.winfo;x", EventPackage("presence.winfo")),
    ],
)
def test_read(read: Callable[[str], object], value: str, found: object) -> None:
    assert read(value) == found


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (parse_rack, "1 INVITE"),
        (parse_rack, "1 2"),
        (parse_rack, "-1 2 INVITE"),
        (parse_rack, "4294967296 2 INVITE"),
        (parse_rack, "1 4294967296 INVITE"),
        (parse_rack, "1 2 INV ITE"),
        (parse_rseq, ""),
        (parse_rseq, "1a"),
        (parse_rseq, "4294967296"),
        (parse_rseq, "9" * 5000),
        (parse_rseq, "\u0661"),
        (parse_session_expires, "soon"),
        (parse_session_expires, "90,91"),
        (parse_session_expires, "90;refresher="),
        (parse_min_se, "-90"),
        (parse_retry_after, "(a while)"),
        (parse_retry_after, "5 (unclosed"),
        (parse_replaces, "a;to-tag=1"),
        (parse_replaces, "a;from-tag=1"),
        (parse_replaces, "a;to-tag=1;from-tag=2;to-tag=3"),
        (parse_replaces, "a;to-tag=1;from-tag=2;TO-TAG=1"),
        (parse_replaces, "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2"),
        (parse_replaces, ";to-tag=1;from-tag=2"),
        (parse_replaces, "\u00e9;to-tag=1;from-tag=2"),
        (parse_event, ""),
        (parse_event, "refer, presence"),
        (parse_event, "<refer>"),
        (parse_subscription_state, "active;"),
        (parse_subscription_state, "active, pending"),
    ],
)
def test_refused(read: Callable[[str], object], value: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read(value)
    assert caught.value.status_hint == 400


def test_subscription_state() -> None:
    state = parse_subscription_state("Terminated;Reason=NoResource;retry-after=30;x")
    assert (state.state, state.reason, state.expires, state.retry_after) == (
        "terminated",
        "noresource",
        None,
        30,
    )
    assert parse_subscription_state("active ; expires = 600").expires == 600
    with pytest.raises(RemoteProtocolError):
        _ = parse_subscription_state("active;expires=never").expires


def test_replaces_as_it_stands_in_refer_to() -> None:
    """RFC 3891 section 3 and RFC 3515: written escaped, read back the same."""
    wanted = Replaces("98732@sip.example.com", "12345=", "5FFE-3994", True)
    text = f"sip:carol@cleveland.example.org?Replaces={escape(str(wanted))}&Subject=a%20b"
    target = parse_refer_to([f'"Carol" <{text}>;x=y'])
    assert replaces_in(target.uri) == wanted
    assert target.uri.header_list() == [("Replaces", str(wanted)), ("Subject", "a b")]
    assert str(target.uri.without_headers()) == "sip:carol@cleveland.example.org"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("sip:a@b;method=INVITE;transport=tcp?x=y", "sip:a@b;transport=tcp"),
        ("sips:a:pw@b:5061?x=y", "sips:a:pw@b:5061"),
        ("tel:+1555;ext=2", "tel:+1555;ext=2"),
    ],
)
def test_a_uri_to_call(text: str, plain: str) -> None:
    assert str(parse_uri(text).without_headers()) == plain


def test_no_replaces() -> None:
    assert replaces_in(parse_uri("sip:a@b?Subject=replaces")) is None


@pytest.mark.parametrize("header", ["Replaces=a", "replaces=&x", "Replaces=a%3Bto-tag%3D1"])
def test_bad_replaces_in_refer_to(header: str) -> None:
    with pytest.raises(RemoteProtocolError):
        replaces_in(parse_uri(f"sip:a@b?{header}"))


def test_two_replaces_in_refer_to() -> None:
    one = "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2"
    with pytest.raises(RemoteProtocolError):
        replaces_in(parse_uri(f"sip:a@b?{one}&{one}"))


@pytest.mark.parametrize("read", [parse_refer_to, parse_referred_by])
@pytest.mark.parametrize(
    "values", [[], ["<sip:a@b>", "<sip:c@d>"], ["<sip:a@b>, <sip:c@d>"], ["x y"]]
)
def test_one_address_and_no_more(read: Callable[[list[str]], object], values: list[str]) -> None:
    with pytest.raises(RemoteProtocolError):
        read(values)


def test_referred_by() -> None:
    found = parse_referred_by(["<sip:referrer@example>;cid=2UWQFN309shb3@referrer.example"])
    assert str(found.uri) == "sip:referrer@example"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], []),
        (['Q.850 ;cause=16;text="Terminated"'], [Reason("Q.850", 16, "Terminated")]),
        (
            ['SIP ;cause=200 ;text="Call completed, elsewhere", q.850;cause=26', "x"],
            [
                Reason("SIP", 200, "Call completed, elsewhere"),
                Reason("Q.850", 26, ""),
                Reason("X", None, ""),
            ],
        ),
    ],
)
def test_reasons(values: list[str], found: list[Reason]) -> None:
    assert parse_reasons(values) == found


@pytest.mark.parametrize("value", ["Q.850;cause=sixteen", "Q.850;cause=-1", ";cause=16", "a b"])
def test_bad_reasons(value: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_reasons([value])


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], set()),
        (["id"], {"id"}),
        (["Header;USER ; critical", "id,session"], {"header", "user", "critical", "id", "session"}),
        ([" ; "], set()),
    ],
)
def test_privacy(values: list[str], found: set[str]) -> None:
    assert privacy(values) == found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], set()),
        (["", "timer, 100rel ,,replaces", "norefersub"],
         {"timer", "100rel", "replaces", "norefersub"}),
        (["INVITE,ACK"], {"INVITE", "ACK"}),
    ],
)  # fmt: skip
def test_token_sets(values: list[str], found: set[str]) -> None:
    assert token_set(values) == found


@pytest.mark.parametrize("value", ["a b", "a;b", '"a"', "<a>"])
def test_what_is_no_token(value: str) -> None:
    with pytest.raises(RemoteProtocolError):
        token_set([value])


def test_identities() -> None:
    found = parse_identities(['"Cullen, J" <sip:fluffy@cisco.com>, tel:+14085264000'])
    assert [(one.display_name, str(one.uri)) for one in found] == [
        ("Cullen, J", "sip:fluffy@cisco.com"),
        ("", "tel:+14085264000"),
    ]


@pytest.mark.parametrize(
    ("text", "safe", "escaped"),
    [
        ("a@b;to-tag=1", "", "a%40b%3Bto-tag%3D1"),
        ("100%", "", "100%25"),
        ("+1555;ext=2", USER_SAFE, "+1555;ext=2"),
        ("\u00e9 #", USER_SAFE, "%C3%A9%20%23"),
        ("a\r\nb", "", "a%0D%0Ab"),
    ],
)
def test_escaping(text: str, safe: str, escaped: str) -> None:
    assert escape(text, safe) == escaped
    assert unescape(escaped) == text


@settings(deadline=None)
@given(st.text(max_size=40))
def test_what_is_escaped_stands_in_a_uri_and_comes_back(text: str) -> None:
    uri = parse_uri(f"sip:{escape(text, USER_SAFE)}@h?Subject={escape(text)}")
    assert uri.plain_user == text
    assert uri.header_list() == [("Subject", text)]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"SIP/2.0 100 Trying\r\n", 100, "Trying"),
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"\r\nSIP/2.0 486 Busy Here\r\nContact: <sip:a@b>\r\n\r\n", 486, "Busy Here"),
        (b"sip/2.0 603\n", 603, ""),
        (b"SIP/2.0 180 \xff\r\n", 180, "\ufffd"),
    ],
)
def test_sipfrag(body: bytes, status: int, reason: str) -> None:
    assert parse_sipfrag(body) == (status, reason)


@pytest.mark.parametrize(
    "body", [b"", b"INVITE sip:a@b SIP/2.0", b"SIP/2.0 700 x", b"SIP/2.0 99", b"SIP/2.0 2000 x"]
)
def test_no_sipfrag(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_sipfrag(body)


@pytest.mark.parametrize(
    ("status", "reason", "body"),
    [
        (100, "", b"SIP/2.0 100 Trying\r\n"),
        (486, "Besetzt", b"SIP/2.0 486 Besetzt\r\n"),
        (603, "a\r\nX: y", b"SIP/2.0 603 aX: y\r\n"),
    ],
)
def test_our_sipfrag(status: int, reason: str, body: bytes) -> None:
    assert sipfrag(status, reason) == body


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            b"Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8 (0/2)\r\n",
            (True, 2, 8),
        ),
        (b"messages-waiting:NO\n", (False, 0, 0)),
        (b"Messages-Waiting: no\r\nvoice-message : 0 / 3\r\n\r\nTo: x", (False, 0, 3)),
        (b"Messages-Waiting: yes\r\nFax-Message: 1/2\r\nVoice-Message: many", (True, 0, 0)),
    ],
)
def test_message_summary(body: bytes, found: tuple[bool, int, int]) -> None:
    assert parse_message_summary(body) == found


@pytest.mark.parametrize("body", [b"", b"Voice-Message: 1/0", b"Messages-Waiting: maybe", b"\xff"])
def test_no_message_summary(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_message_summary(body)


@settings(deadline=None)
@given(st.sampled_from(ONE_VALUE), st.text(alphabet='a1;= ,\t"<>()\\é', max_size=30))
def test_any_text_is_read_or_refused(read: Callable[[str], object], value: str) -> None:
    try:
        read(value)
    except RemoteProtocolError as error:
        hint = error.status_hint
        assert hint == 400
