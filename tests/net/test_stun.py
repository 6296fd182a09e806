"""STUN messages byte by byte (RFC 5769), nonsense, and the timers in virtual time."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RemoteProtocolError
from gateway.net.stun import Retransmission, Step, answers, mapped_address, request

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

# RFC 5769 sections 2.2 and 2.3: sample responses, with SOFTWARE, integrity and fingerprint.
RESPONSE_V4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147"
    "e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
RESPONSE_V6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a147"
    "0113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004"
    "c8fb0b4c"
)


def message(*attributes: bytes, kind: int = 0x0101) -> bytes:
    body = b"".join(attributes)
    return struct.pack(">HHI", kind, len(body), 0x2112A442) + TRANSACTION + body


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


PLAIN = attribute(0x0001, bytes.fromhex("00011234c0000207"))


def test_request() -> None:
    assert request(TRANSACTION) == bytes.fromhex("000100002112a442") + TRANSACTION


@pytest.mark.parametrize(
    ("data", "address"),
    [
        (RESPONSE_V4, ("192.0.2.1", 32853)),
        (RESPONSE_V6, ("2001:db8:1234:5678:11:2233:4455:6677", 32853)),
        (message(PLAIN), ("192.0.2.7", 0x1234)),
        (message(attribute(0x8022, b"abc"), PLAIN), ("192.0.2.7", 0x1234)),
        (message(PLAIN, RESPONSE_V4[36:48]), ("192.0.2.1", 32853)),
        (message(PLAIN, attribute(0x0001, bytes(8))), ("192.0.2.7", 0x1234)),
    ],
)
def test_the_address_that_is_told(data: bytes, address: tuple[str, int]) -> None:
    assert answers(data, TRANSACTION)
    assert mapped_address(data) == address


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (message(), "told no address"),
        (message(attribute(0x0020, b"\0\3\0\0\0\0\0\0")), "no known family"),
        (message(attribute(0x0020, b"\0\1\0\0\0")), "no known family"),
        (message(attribute(0x0020, b"")), "no known family"),
        (message(PLAIN)[:-1], "cut short"),
        (message(struct.pack(">HH", 0x0001, 40), bytes(8)), "attribute that is cut short"),
        (message(attribute(9, b"\0\0\4\x14Bad Request"), kind=0x0111), "420 'Bad Request'"),
        (message(kind=0x0111), "no reason"),
        (b"", "less than 20"),
    ],
)
def test_what_tells_nothing(data: bytes, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        mapped_address(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"OPTIONS sip:x SIP/2.0\r\n",
        message(PLAIN)[:19],
        request(TRANSACTION),
        message(PLAIN).replace(TRANSACTION, bytes(12)),
        message(PLAIN).replace(b"\x21\x12\xa4\x42", bytes(4)),
    ],
)
def test_what_is_no_answer_of_ours(data: bytes) -> None:
    assert not answers(data, TRANSACTION)


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    framed = message(data)
    for each in (data, framed, framed[: len(data)], message(attribute(0x0020, data))):
        answers(each, TRANSACTION)
        try:
            host, port = mapped_address(each)
        except RemoteProtocolError:
            continue
        ipaddress.ip_address(host)
        assert 0 <= port <= 65535


def test_retransmissions() -> None:
    """RFC 8489 section 6.2.1: at 0, 500, 1500, 3500, 7500, 15500, 31500 ms; failed at 39500."""
    timers = Retransmission(1000.0)
    sent = []
    while not (step := timers.step(now := timers.next_deadline)).give_up:
        sent += [now - 1000.0] if step.send else []
        assert timers.step(now) == Step(send=False, give_up=False)
    assert sent == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert now == 1039.5
