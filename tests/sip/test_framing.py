"""Framing on streams: the same events at any split, and a clear end to what cannot be read."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.sip import parse
from gateway.sip.framing import Beat, Broken, StreamEvent, StreamFramer

PING, PONG = Beat.PING, Beat.PONG


def message(body: bytes = b"", *, length: str = "Content-Length: {}", extra: str = "") -> bytes:
    """A request with as much of a head as framing looks at."""
    head = "OPTIONS sip:phone@192.0.2.1 SIP/2.0\r\nSubject: l: 99\r\n"
    return (head + extra + length.format(len(body)) + "\r\nTo: <sip:x>\r\n\r\n").encode() + body


BARE = b"OPTIONS sip:phone@192.0.2.1 SIP/2.0\r\nTo: <sip:x>"
CAFE = "Tür – 🙂".encode()

WHOLE: list[tuple[str, bytes, list[StreamEvent]]] = [
    ("empty body", message(), [message()]),
    ("utf-8 body", message(CAFE), [message(CAFE)]),
    ("two in one piece", message(b"a") + message(b"bc"), [message(b"a"), message(b"bc")]),
    ("a body that looks like an end", message(b"\r\n\r\n\r\n"), [message(b"\r\n\r\n\r\n")]),
    ("compact form", message(b"abc", length="l:{}"), [message(b"abc", length="l:{}")]),
    (
        "any case, blanks",
        message(b"abc", length="CONTENT-length \t:  {} "),
        [message(b"abc", length="CONTENT-length \t:  {} ")],
    ),
    (
        "folded",
        message(b"abc", length="Content-Length:\r\n  {}"),
        [message(b"abc", length="Content-Length:\r\n  {}")],
    ),
    (
        "twice the same",
        message(b"abc", extra="l: 3\r\n"),
        [message(b"abc", extra="l: 3\r\n")],
    ),
    (
        "inside a folded line is no header",
        message(b"abc", extra="Subject: x\r\n l: 7\r\n"),
        [message(b"abc", extra="Subject: x\r\n l: 7\r\n")],
    ),
    ("a response", b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", [b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n"]),
    ("one CRLF", b"\r\n", [PONG]),
    ("two CRLFs", b"\r\n\r\n", [PONG, PING]),
    ("three CRLFs", b"\r\n\r\n\r\n", [PONG, PING, PONG]),
    ("CRLF before", b"\r\n" + message(), [PONG, message()]),
    (
        "CRLFs between",
        message() + b"\r\n\r\n" + message() + b"\r\n",
        [message(), PONG, PING, message(), PONG],
    ),
    ("lone line ends", b"\n\r\r" + message(), [message()]),
    ("nothing yet", message(b"abc")[:-1], []),
]

END = b"\r\n\r\n"

# Each is refused with its whole head.
BROKEN: list[tuple[str, bytes, int]] = [
    ("no length", BARE + END, 400),
    ("words", BARE + b"\r\nContent-Length: many" + END, 400),
    ("negative", BARE + b"\r\nl: -1" + END, 400),
    ("empty", BARE + b"\r\nl:" + END, 400),
    ("plus", BARE + b"\r\nl: +1" + END, 400),
    ("two values", BARE + b"\r\nl: 1, 1" + END, 400),
    ("differing", BARE + b"\r\nl: 1\r\nl: 2" + END, 400),
    ("lone CR", BARE + b"\r\nl: 1\rx" + END, 400),
    ("thousands of digits", BARE + b"\r\nl: " + b"1" * 900 + END, 400),
    ("digits that are not ASCII", BARE + "\r\nl: ٣".encode() + END, 400),
    ("too large", BARE + b"\r\nl: 60000" + END, 513),
]


@pytest.mark.parametrize(("data", "events"), [r[1:] for r in WHOLE], ids=[r[0] for r in WHOLE])
def test_events_at_every_split(data: bytes, events: list[StreamEvent]) -> None:
    assert StreamFramer().feed(data) == events
    assert in_pieces(data, range(len(data))) == events
    for at in range(len(data)):
        assert in_pieces(data, [at]) == events


OTHERS: list[tuple[str, bytes, int, bytes]] = [
    ("a TLS handshake", b"\x16\x03\x01\x02\x00", 400, b""),
    ("a space first", b" OPTIONS", 400, b""),
    ("a head without end", b"A" * 5000, 513, b"A" * 1001),
    ("a head beyond the limit", b"A" * 998 + END, 513, b"A" * 998 + b"\r\n\r"),
]


@pytest.mark.parametrize(
    ("data", "status", "head"),
    [
        *(pytest.param(data, status, data, id=name) for name, data, status in BROKEN),
        *(pytest.param(data, status, head, id=name) for name, data, status, head in OTHERS),
    ],
)
def test_what_cannot_be_read(data: bytes, status: int, head: bytes) -> None:
    for cuts in ([], range(len(data)), [len(data) // 2]):
        *before, last = in_pieces(message() + data + message(), cuts, limit=1000)
        assert before == [message()]
        assert isinstance(last, Broken)
        assert (last.status, last.head) == (status, head)
        assert last.why


def test_after_the_end_nothing_is_heard() -> None:
    framer = StreamFramer()
    assert len(framer.feed(b"\x00")) == 1
    assert framer.feed(message()) == []


PARTS = st.one_of(
    st.binary(max_size=40).map(message),
    st.sampled_from([b"\r\n", b"\r\n\r\n", b"\n", b"\r", message(CAFE, length="l:{}")]),
    st.sampled_from([row[1] for row in BROKEN if len(row[1]) < 200]),
)


@given(st.lists(PARTS, max_size=6), st.lists(st.integers(0, 1200)), st.integers(150, 1000))
def test_any_split_gives_the_same_events(parts: list[bytes], cuts: list[int], limit: int) -> None:
    data = b"".join(parts)
    assert in_pieces(data, cuts, limit=limit) == StreamFramer(limit).feed(data)


HEADERS = st.sampled_from(
    ["l: 1", "l:0", "L : 0", "Content-Length:\r\n 0", "l: 0\rx", "l\n: 0", "l: x", "X: y" * 60, "l"]
)


@given(st.lists(HEADERS, max_size=4), st.integers(0, 20))
def test_no_parser_takes_a_broken_head_for_a_message(headers: list[str], cut: int) -> None:
    """But for the missing length, which the parser cannot know to be mandatory."""
    lines = ["OPTIONS sip:x SIP/2.0", "v: SIP/2.0/TCP x", "f: <sip:x>;tag=1", "t: <sip:x>", "i: 1"]
    data = "\r\n".join([*lines, "CSeq: 1 OPTIONS", *headers, "", ""]).encode()
    limit = max(1, len(data) - cut)
    for event in StreamFramer(limit).feed(data):
        if isinstance(event, Broken):
            with contextlib.suppress(RemoteProtocolError):
                assert "content-length" not in parse(event.head, max_bytes=limit).headers


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes(pieces: list[bytes]) -> None:
    framer = StreamFramer(300)
    events = [event for piece in pieces for event in framer.feed(piece)]
    assert events == StreamFramer(300).feed(b"".join(pieces))
    assert sum(isinstance(event, Broken) for event in events) <= 1


def in_pieces(data: bytes, cuts: list[int] | range, *, limit: int = 65535) -> list[StreamEvent]:
    """The events of `data` cut at each of these places."""
    framer = StreamFramer(limit)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    return [event for piece in pieces for event in framer.feed(piece)]
