"""Offer and answer, as rows of m= lines."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.sip import LocalMedia, NegotiatedMedia, NotAcceptable, offer_answer, offering
from gateway.sip.description import Description
from gateway.sip.sdp import parse_sdp, sdp_part

LOCAL = LocalMedia("203.0.113.5", 10000, session_id=7)
HEAD = "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\nc=IN IP4 198.51.100.1\nt=0 0\n"
AUDIO = "m=audio 4000 RTP/AVP 0\n"


def negotiate(lines: str, local: LocalMedia = LOCAL) -> tuple[NegotiatedMedia, list[str]]:
    offer = offer_answer.read((HEAD + lines).encode())
    settled = offer_answer.settle(offer, local)
    return settled.media, offer_answer.answer_lines(offer, settled, local)


@pytest.mark.parametrize(
    ("offer", "codec", "number", "event", "m_line"),
    [
        ("m=audio 4000 RTP/AVP 0\n", "PCMU", 0, None, "m=audio 10000 RTP/AVP 0"),
        ("m=audio 4000 RTP/AVP 8 0\n", "PCMU", 0, None, "m=audio 10000 RTP/AVP 0"),
        ("m=audio 4000 RTP/AVP 8\n", "PCMA", 8, None, "m=audio 10000 RTP/AVP 8"),
        ("m=audio 4000 RTP/AVP 18 9 8\n", "PCMA", 8, None, "m=audio 10000 RTP/AVP 8"),
        (
            "m=audio 4000 RTP/AVP 97\na=rtpmap:97 pcmu/8000/1\n",
            "PCMU",
            97,
            None,
            "m=audio 10000 RTP/AVP 97",
        ),
        (
            "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n",
            "PCMU",
            0,
            101,
            "m=audio 10000 RTP/AVP 0 101",
        ),
        (
            "m=audio 4000 RTP/AVP 0 96\na=rtpmap:96 Telephone-Event/8000\n",
            "PCMU",
            0,
            96,
            "m=audio 10000 RTP/AVP 0 96",
        ),
        (
            "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/16000\n",
            "PCMU",
            0,
            None,
            "m=audio 10000 RTP/AVP 0",
        ),
        ("m=audio 4000/1 rtp/avp 0\n", "PCMU", 0, None, "m=audio 10000 RTP/AVP 0"),
    ],
)
def test_codecs(offer: str, codec: str, number: int, event: int | None, m_line: str) -> None:
    media, answer = negotiate(offer)
    assert (media.codec.name, media.codec.payload_type) == (codec, number)
    assert media.telephone_event == media.telephone_event_receive == event
    assert answer[0] == m_line


@pytest.mark.parametrize(
    ("attributes", "ptime"),
    [
        ("", 20),
        ("a=ptime:20\n", 20),
        ("a=ptime:10\n", 10),
        ("a=ptime:60\n", 60),
        ("a=ptime:70\n", 20),
        ("a=ptime:25\n", 20),
        ("a=ptime:abc\n", 20),
        ("a=ptime:40\na=maxptime:30\n", 30),
        ("a=maxptime:15\n", 10),
        ("a=maxptime:5\n", 20),
        ("a=maxptime:150\n", 20),
    ],
)
def test_ptime(attributes: str, ptime: int) -> None:
    media, answer = negotiate(AUDIO + attributes)
    assert media.ptime == ptime
    assert f"a=ptime:{ptime}" in answer


@pytest.mark.parametrize(
    ("session_level", "media_level", "answered", "sending", "receiving"),
    [
        ("", "", "sendrecv", True, True),
        ("", "a=sendrecv\n", "sendrecv", True, True),
        ("", "a=sendonly\n", "recvonly", False, True),
        ("", "a=recvonly\n", "sendonly", True, False),
        ("", "a=inactive\n", "inactive", False, False),
        ("a=sendonly\n", "", "recvonly", False, True),
        ("a=inactive\n", "a=sendrecv\n", "sendrecv", True, True),
        ("", "c=IN IP4 0.0.0.0\n", "recvonly", False, True),
        ("", "c=IN IP4 0.0.0.0\na=sendonly\n", "recvonly", False, True),
        ("", "c=IN IP4 0.0.0.0\na=recvonly\n", "inactive", False, False),
    ],
)
def test_directions(
    session_level: str, media_level: str, answered: str, sending: bool, receiving: bool
) -> None:
    media, answer = negotiate(session_level + AUDIO + media_level)
    assert answer[-1] == f"a={answered}"
    assert (media.sending, media.receiving, media.held) == (sending, receiving, not sending)


@pytest.mark.parametrize(
    ("attributes", "rtp", "rtcp", "mux"),
    [
        ("", ("198.51.100.1", 4000), ("198.51.100.1", 4001), False),
        ("c=IN IP4 198.51.100.9\n", ("198.51.100.9", 4000), ("198.51.100.9", 4001), False),
        (
            "a=rtcp:5005 IN IP4 rtcp.example\n",
            ("198.51.100.1", 4000),
            ("198.51.100.1", 5005),
            False,
        ),
        ("a=rtcp:5005\n", ("198.51.100.1", 4000), ("198.51.100.1", 5005), False),
        ("a=rtcp:5005 IN IP4 192.0.2.7\n", ("198.51.100.1", 4000), ("192.0.2.7", 5005), False),
        ("a=rtcp:x\n", ("198.51.100.1", 4000), ("198.51.100.1", 4001), False),
        ("a=rtcp-mux\n", ("198.51.100.1", 4000), ("198.51.100.1", 4000), True),
    ],
)
def test_addresses(attributes: str, rtp: tuple[str, int], rtcp: tuple[str, int], mux: bool) -> None:
    media, answer = negotiate(AUDIO + attributes)
    assert (media.remote, media.remote_rtcp, media.rtcp_mux) == (rtp, rtcp, mux)
    assert ("a=rtcp-mux" in answer) == mux


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (
            AUDIO + "m=video 5000 RTP/AVP 31 34\n",
            ["m=audio 10000 RTP/AVP 0", "m=video 0 RTP/AVP 31 34"],
        ),
        ("m=video 5000 RTP/AVP 31\n" + AUDIO, ["m=video 0 RTP/AVP 31", "m=audio 10000 RTP/AVP 0"]),
        ("m=audio 4000 RTP/SAVP 0\n" + AUDIO, ["m=audio 0 RTP/SAVP 0", "m=audio 10000 RTP/AVP 0"]),
        (AUDIO + AUDIO, ["m=audio 10000 RTP/AVP 0", "m=audio 0 RTP/AVP 0"]),
        ("m=audio 0 RTP/AVP 0\n" + AUDIO, ["m=audio 0 RTP/AVP 0", "m=audio 10000 RTP/AVP 0"]),
        (AUDIO + "m=image 6000 udptl t38\n", ["m=audio 10000 RTP/AVP 0", "m=image 0 udptl t38"]),
    ],
)
def test_every_m_line_is_answered_in_its_place(lines: str, answer: list[str]) -> None:
    assert [line for line in negotiate(lines)[1] if line.startswith("m=")] == answer


@pytest.mark.parametrize(
    ("lines", "code", "status"),
    [
        ("m=video 5000 RTP/AVP 31\n", "304", 488),
        ("", "304", 488),
        ("m=audio 0 RTP/AVP 0\n", "304", 488),
        ("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n", "305", 488),
        ("m=audio 4000 RTP/AVP 18\n", "305", 488),
        ("m=audio 4000 RTP/AVP\n", "305", 488),
        ("m=audio 4000 RTP/SAVP 0\n", "302", 488),
        ("m=audio 4000 UDP/TLS/RTP/SAVPF 0\n", "302", 488),
        ("m=audio 400000 RTP/AVP 0\n", "399", 400),
        ("m=audio\n", "399", 400),
        ("c=IN IP4\n", "399", 400),
        (AUDIO * 40, "399", 400),
    ],
)
def test_twilio_26_what_is_not_acceptable(lines: str, code: str, status: int) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(lines)
    assert caught.value.status == status
    assert caught.value.warning.startswith(f'{code} tipring "')


@pytest.mark.parametrize(
    ("ours", "theirs", "good"),
    [
        ("203.0.113.5", "IP4 198.51.100.7", True),
        ("203.0.113.5", "IP4 198.51.100.7/127", True),
        ("203.0.113.5", "IP4 10.1.2.3", True),
        ("203.0.113.5", "IP4 media.example.com", False),
        ("203.0.113.5", "IP4 224.2.1.1/127/3", False),
        ("203.0.113.5", "IP4 255.255.255.255", False),
        ("203.0.113.5", "IP4 300.1.1.1", False),
        ("203.0.113.5", "IP4 010.1.1.1", False),
        ("203.0.113.5", "IP6 2001:db8::1", False),
        ("2001:db8::5", "IP6 2001:db8::1", True),
        ("2001:db8::5", "IP6 ff02::1", False),
        ("2001:db8::5", "IP6 :::", False),
        ("2001:db8::5", "IP4 198.51.100.7", False),
    ],
)
def test_where_rtp_may_be_sent(ours: str, theirs: str, good: bool) -> None:
    """One host of our own family, by number; anything else is refused before the bell."""
    lines = AUDIO + f"c=IN {theirs}\n"
    local = replace(LOCAL, host=ours)
    if good:
        assert negotiate(lines, local)[0].remote[0] == theirs.split()[1].partition("/")[0]
    else:
        with pytest.raises(NotAcceptable) as caught:
            negotiate(lines, local)
        assert caught.value.warning.startswith("301 ")


def test_the_version_grows_only_with_a_change() -> None:
    description = Description()
    lines = offering.offer_lines(LOCAL)
    first = description.body(LOCAL, lines)
    assert b"\r\no=- 7 1 IN IP4 203.0.113.5\r\n" in first
    assert description.body(LOCAL, lines) == first
    changed = description.body(LOCAL, [*lines[:-1], "a=recvonly"])
    assert b"\r\no=- 7 2 IN IP4 203.0.113.5\r\n" in changed
    moved = description.body(replace(LOCAL, host="2001:db8::5"), lines)
    # RFC 3264 section 8: the version alone may change.
    assert b"\r\no=- 7 3 IN IP4 203.0.113.5\r\n" in moved
    assert b"\r\nc=IN IP6 2001:db8::5\r\n" in moved


def test_a_refused_offer_was_never_made() -> None:
    description = Description()
    first = description.body(LOCAL, ["m=audio 1 RTP/AVP 0"])
    description.agree()
    refused = description.body(LOCAL, ["m=audio 1 RTP/AVP 0", "a=sendonly"])
    description.revert()
    assert description.last() == first
    assert description.body(LOCAL, ["m=audio 1 RTP/AVP 0", "a=sendonly"]) == refused


VIDEO = "m=video 6000 RTP/AVP 101 99\na=rtpmap:101 H264/90000\n"
PICTURE = "m=image 0 udptl t38\n"


@pytest.mark.parametrize(
    ("offer", "ours"),
    [
        (AUDIO, ["m=audio 10000 RTP/AVP 0 8 101"]),
        (AUDIO + VIDEO, ["m=audio 10000 RTP/AVP 0 8 101", "m=video 0 RTP/AVP 101 99"]),
        (
            VIDEO + AUDIO + PICTURE,
            ["m=video 0 RTP/AVP 101 99", "m=audio 10000 RTP/AVP 0 8 101", "m=image 0 udptl t38"],
        ),
        ("m=audio 4000 RTP/AVP 8\n", ["m=audio 10000 RTP/AVP 8 0 101"]),
        (
            "m=audio 4000 RTP/AVP 0 110\na=rtpmap:110 telephone-event/8000\n",
            ["m=audio 10000 RTP/AVP 0 8 110"],
        ),
        # 101 is taken: a number keeps its meaning for the whole session (section 8.3.2).
        (
            "m=audio 4000 RTP/AVP 0 101 96\na=rtpmap:101 opus/48000/2\n",
            ["m=audio 10000 RTP/AVP 0 8 97"],
        ),
    ],
)
def test_a_later_offer_has_every_line_of_the_session(offer: str, ours: list[str]) -> None:
    """RFC 3264 section 8: as many m= lines as before, in the same places."""
    parsed = offer_answer.read((HEAD + offer).encode())
    settled = offer_answer.settle(parsed, LOCAL)
    layout = offering.layout_of(parsed, settled)
    lines = offering.offer_lines(LOCAL, layout, settled.media)
    assert [line for line in lines if line.startswith("m=")] == ours


def test_the_answer_is_read_at_the_place_of_our_audio() -> None:
    layout = offering.Layout(1, ("m=video 0 RTP/AVP 99",), 110)
    answer = "m=video 0 RTP/AVP 99\nm=audio 4000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\n"
    media = offering.accept_answer(offer_answer.read((HEAD + answer).encode()), LOCAL, layout)
    assert media.remote[1] == 4000
    assert (media.telephone_event, media.telephone_event_receive) == (96, 110)


def test_our_offer_lists_all_we_speak() -> None:
    assert offering.offer_lines(LOCAL) == [
        "m=audio 10000 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    ]


@pytest.mark.parametrize(
    ("answer", "codec", "send_event"),
    [
        ("m=audio 4000 RTP/AVP 8 0\n", "PCMA", None),
        ("m=audio 4000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\n", "PCMU", 96),
        ("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n", "PCMU", 101),
    ],
)
def test_an_answer_to_our_offer(answer: str, codec: str, send_event: int | None) -> None:
    media = offering.accept_answer(offer_answer.read((HEAD + answer).encode()), LOCAL)
    assert media.codec.name == codec
    assert media.telephone_event == send_event
    # What the peer sends to us comes under the number of our own offer.
    assert media.telephone_event_receive == (None if send_event is None else 101)


@pytest.mark.parametrize(
    "answer",
    ["", "m=audio 0 RTP/AVP 0\n", "m=audio 4000 RTP/SAVP 0\n", "m=audio 4000 RTP/AVP 18\n"],
)
def test_unusable_answers(answer: str) -> None:
    with pytest.raises(NotAcceptable):
        offering.accept_answer(offer_answer.read((HEAD + answer).encode()), LOCAL)


@pytest.mark.parametrize(
    ("kind", "body", "part"),
    [
        ("application/sdp", b"v=0", b"v=0"),
        ("Application/SDP;charset=utf-8", b"v=0", b"v=0"),
        ("text/plain", b"v=0", None),
        (
            "multipart/mixed;boundary=xx",
            b"--xx\r\n\r\nhi\r\n--xx\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--xx--\r\n",
            b"v=0\r\n",
        ),
        (
            'multipart/mixed; boundary="x x"',
            b"--x x\r\nc: application/sdp\r\n\r\nv=0\r\n--x x--",
            b"v=0",
        ),
        ("multipart/mixed;boundary=xx", b"--xx\r\n\r\nhi\r\n--xx--", None),
        ("multipart/mixed", b"--xx\r\n\r\nhi\r\n--xx--", None),
    ],
)
def test_sdp_in_a_body(kind: str, body: bytes, part: bytes | None) -> None:
    assert sdp_part(kind, body) == part


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_sdp_or_the_one_error(data: bytes) -> None:
    for body in (data, b"v=0\no=- 1 1 IN IP4 1.1.1.1\n" + data):
        try:
            offer = parse_sdp(body)
        except RemoteProtocolError:
            continue
        with contextlib.suppress(NotAcceptable):
            offer_answer.settle(offer, LOCAL)
