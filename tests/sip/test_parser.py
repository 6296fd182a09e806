"""Bytes to messages: what is taken, what is refused, and with which hint."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.sip import Request, Response, parse

GOOD = {
    "Via": "SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc;rport",
    "From": '"Bob" <sip:bob@example.com>;tag=77',
    "To": "<sip:alice@example.com>",
    "Call-ID": "a:b@example.com",
    "CSeq": "5 OPTIONS",
}


def build(start: str = "OPTIONS sip:alice@example.com SIP/2.0", **changes: str | None) -> bytes:
    """A message from GOOD with headers changed, added or (None) left out; `_` stands for `-`."""
    headers = dict(GOOD) | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([start, *lines, "", ""]).encode("utf-8", "surrogateescape")


def build_with(header: str, value: str | None) -> bytes:
    """A message from GOOD with one header changed or left out."""
    changes: dict[str, str | None] = {header.replace("-", "_"): value}
    return build("OPTIONS sip:alice@example.com SIP/2.0", **changes)


def test_plain_request() -> None:
    message = parse(build(Content_Length="0"))
    assert isinstance(message, Request)
    assert (message.method, str(message.uri), message.body) == (
        "OPTIONS",
        "sip:alice@example.com",
        b"",
    )
    assert message.vias[0].host == "192.0.2.1"
    assert message.vias[0].port == 5062
    assert message.vias[0].branch == "z9hG4bKabc"
    assert message.from_.display_name == "Bob"
    assert message.from_.tag == "77"
    assert message.to.tag == ""
    assert message.cseq == (5, "OPTIONS")
    assert message.call_id == "a:b@example.com"


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        ("SIP/2.0 200 OK", 200, "OK"),
        ("SIP/2.0 100 ", 100, ""),
        ("SIP/2.0 486", 486, ""),
        ("sip/2.0 699 = 2**3 * 5**2 \u043d\u043e", 699, "= 2**3 * 5**2 \u043d\u043e"),
    ],
)
def test_status_line(start: str, status: int, reason: str) -> None:
    message = parse(build(start))
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (status, reason)


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        ("OPTIONS sip:a@b SIP/7.0", 505),
        ("OPTIONS sip:a@b SIP/2.1", 505),
        ("SIP/3.0 200 OK", 505),
        ("SIP/2.0 99 Low", 400),
        ("SIP/2.0 700 High", 400),
        ("SIP/2.0 4294967301 Big", 400),
        ("OPTIONS  sip:a@b SIP/2.0", 400),
        ("OPTIONS sip:a@b  SIP/2.0", 400),
        ("OPTIONS sip:a@b SIP/2.0 ", 400),
        ("OPTIONS <sip:a@b> SIP/2.0", 400),
        ("OPTIONS sip:a b@c SIP/2.0", 400),
        ("OPTIONS sip:a@ SIP/2.0", 400),
        ("OPTIONS sip:a@b:99999 SIP/2.0", 400),
        ("OPTIONS", 400),
        ("OPTIONS sip:a@b\r\n SIP/2.0", 400),
        ("OPTIONS sip:a@b;x=\t SIP/2.0", 400),
        ("OPTIONS sip:a@b HTTP/1.1", 400),
        ("OPTIONS  SIP/2.0", 400),
        ("OPT(IONS sip:a@b SIP/2.0", 400),
        ("", 400),
    ],
)
def test_bad_start_line(start: str, hint: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(build(start))
    assert caught.value.status_hint == hint


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Via", None),
        ("Via", ""),
        ("Via", "SIP/2.0/UDP"),
        ("Via", "SIP/2.0/UDP host;;branch=z9hG4bKa"),
        ("Via", "SIP/2.0/UDP host;branch=z9hG4bKa,"),
        ("Via", "SIP/2.0/UDP host;branch=z9hG4bKa;branch=z9hG4bKb"),
        ("Via", "SIP/2.0/UDP host:99999;branch=z9hG4bKa"),
        ("Via", "SIP/2.0 host;branch=z9hG4bKa"),
        ("From", None),
        ("From", ""),
        ("From", "Bell, Alexander <sip:a@b>;tag=1"),
        ("From", '"unclosed <sip:a@b>;tag=1'),
        ("From", "<sip:a@b;tag=1"),
        ("From", "< sip:a@b>;tag=1"),
        ("From", "<sip:a@b>;=1"),
        ("To", None),
        ("To", "<sip:a@b>>"),
        ("To", "sip:a@b?x=y"),
        ("To", "alice"),
        ("Call-ID", None),
        ("Call-ID", ""),
        ("CSeq", None),
        ("CSeq", "5"),
        ("CSeq", "OPTIONS 5"),
        ("CSeq", "-5 OPTIONS"),
        ("CSeq", "4294967296 OPTIONS"),
        ("CSeq", "5 INVITE"),
        ("CSeq", "5 options"),
        ("Content-Length", "-1"),
        ("Content-Length", "1"),
        ("Content-Length", "0x0"),
        ("Content-Length", "9" * 5000),
        ("Content-Length", "\u0660"),
    ],
)
def test_bad_header(header: str, value: str | None) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(build_with(header, value))
    assert caught.value.status_hint == 400


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type"])
def test_single_headers_come_once(name: str) -> None:
    value = GOOD.get(name, "70")
    with pytest.raises(RemoteProtocolError, match="more than one"):
        parse(
            build(Content_Type="text/plain", Max_Forwards="70").replace(
                b"\r\n\r\n", f"\r\n{name}: {value}\r\n\r\n".encode()
            )
        )


@pytest.mark.parametrize(
    ("raw", "header", "value"),
    [
        (b"f: <sip:x@y>;tag=1", "From", "<sip:x@y>;tag=1"),
        (b"F: <sip:x@y>;tag=1", "from", "<sip:x@y>;tag=1"),
        (b"FROM\t :   <sip:x@y>;tag=1  ", "f", "<sip:x@y>;tag=1"),
        (b"From: <sip:x@y>\r\n  ;tag\r\n\t= 1", "From", "<sip:x@y> ;tag = 1"),
        (b"From:\r\n <sip:x@y>;tag=1", "From", "<sip:x@y>;tag=1"),
        (b"From: <sip:x@y>\r\n \t\r\n ;tag=1", "From", "<sip:x@y>  ;tag=1"),
        (b"From: <sip:x@y>\r\n ;x=1\r\nX-A: b\r\n\tVia: c", "X-A", "b Via: c"),
    ],
)
def test_spellings_of_a_header(raw: bytes, header: str, value: str) -> None:
    message = parse(build(From=None).replace(b"\r\n\r\n", b"\r\n" + raw + b"\r\n\r\n"))
    assert message.headers.get(header) == value
    assert str(message.from_.uri) == "sip:x@y"
    assert len(message.vias) == 1


def test_body_is_what_content_length_says() -> None:
    data = build(Content_Length="4") + b"\0\xff\r\nrest of the datagram"
    assert parse(data).body == b"\0\xff\r\n"


def test_body_without_content_length_is_the_rest() -> None:
    assert parse(build() + b"v=0\r\n\r\nx").body == b"v=0\r\n\r\nx"


def test_equal_content_lengths_are_one() -> None:
    data = build(Content_Length="2").replace(b"\r\n\r\n", b"\r\nl:  2\r\n\r\n") + b"ab"
    assert parse(data).body == b"ab"


def test_crlf_before_the_start_line() -> None:
    assert parse(b"\r\n\r\n" + build()).cseq.number == 5


@pytest.mark.parametrize("line", [b"From\r\n\t: <sip:x@y>;tag=1", b"From", b" X: folded first"])
def test_lines_without_a_name_and_a_colon(line: bytes) -> None:
    """HCOLON = *( SP / HTAB ) ":" SWS: no fold before the colon; and nothing to continue."""
    head, _, rest = build().partition(b"\r\n")
    with pytest.raises(RemoteProtocolError):
        parse(head + b"\r\n" + line + b"\r\n" + rest)


@pytest.mark.parametrize("bad", [b"\n", b"\r", b"\n\n"])
def test_no_line_end_of_its_own_in_a_header(bad: bytes) -> None:
    """A lone LF would become a header line of its own in our answer."""
    data = build(Subject="one@two").replace(b"one@two", b"one" + bad + b"X-Evil: two")
    with pytest.raises(RemoteProtocolError):
        parse(data)


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (build(Subject="x" * 70000), {}),
        (build(Subject="x" * 500), {"max_bytes": 400}),
        (build().replace(b"\r\n\r\n", b"\r\nX: 1" * 300 + b"\r\n\r\n"), {}),
        (build(), {"max_headers": 4}),
    ],
)
def test_limits(data: bytes, limits: dict[str, int]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(data, **limits)
    assert caught.value.status_hint == 513


def test_bytes_give_back_order_names_and_values() -> None:
    data = (
        b"INVITE sip:%61lice@example.com;transport=udp?x=y SIP/2.0\r\n"
        b"cseq: 0007 INVITE\r\nv: SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/TCP [::1]:5061\r\n"
        b"X-Odd_Name: a  b\xff\r\nRecord-Route: <sip:1.2.3.4;lr;r2=on>,<sip:5.6.7.8;lr>\r\n"
        b"f: sip:x@y;tag=9\r\nt: <sip:alice@example.com>\r\ni: 1\r\nl: 3\r\n\r\nabc"
    )
    assert bytes(parse(data)) == data


def test_many_vias_on_one_line() -> None:
    message = parse(build(Via='SIP/2.0/UDP a;branch=z9hG4bK1 , SIP / 2.0 / TCP b:5 ; x = "q,;"'))
    assert [(via.host, via.port, via.transport) for via in message.vias] == [
        ("a", None, "UDP"),
        ("b", 5, "TCP"),
    ]
    assert message.vias[1].params == {"x": '"q,;"'}


HOSTILE = [
    b"Via: SIP/2.0/UDP a" + b";b" * 20000,
    b"Via: " + b"SIP/2.0/UDP a;b=" + b'"' * 40000,
    b"Via: " + b"SIP/2.0/UDP a," * 4000,
    b"From: " + b"a " * 30000 + b"<sip:x",
    b"From: " + b'"\\' * 30000,
    b"From: <sip:" + b"a%41" * 15000 + b">x",
    b"From: <sip:a@b" + b";c=d" * 15000 + b" >",
    b"To: " + b"<" * 60000,
    b"CSeq: " + b"1" * 60000,
    b"X" * 60000,
    b" \t" * 30000 + b"x:",
    b"Subject: " + b"a\r\n " * 15000,
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_cost_linear_time(line: bytes) -> None:
    """Process time, generously: a backtracking regex would take minutes here, not a second."""
    name = line.partition(b":")[0].decode().strip()
    data = build_with(name, None) if name in GOOD else build()
    started = time.process_time()
    with contextlib.suppress(RemoteProtocolError):
        parse(data.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n"))
    assert time.process_time() - started < 1.0


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_parse_or_raise_the_one_error(data: bytes) -> None:
    try:
        parse(data)
    except RemoteProtocolError as error:
        hint = error.status_hint
        assert 400 <= hint <= 599
