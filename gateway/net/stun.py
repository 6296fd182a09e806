"""STUN (RFC 8489): which address the world sees for our SIP socket.

The question leaves from the SIP listener itself, since a NAT's mapping belongs to a socket. Only
the binding request without authentication is here; ICE is something else.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError

DEFAULT_PORT: Final = 3478

_COOKIE: Final = 0x2112A442
_HEADER: Final = struct.Struct(">HHI12s")  # type, length, magic cookie, transaction
_ATTRIBUTE: Final = struct.Struct(">HH")  # type, length; padded to four bytes
_REQUEST: Final = 0x0001
_SUCCESS: Final = 0x0101
_ERROR: Final = 0x0111
_MAPPED: Final = 0x0001
_XOR_MAPPED: Final = 0x0020
_ERROR_CODE: Final = 0x0009
_WIDTH: Final = {0x01: 4, 0x02: 16}  # section 14.1: the families, in bytes

# Section 6.2.1: RTO, Rc and Rm. The last wait is Rm * RTO: 39.5 s in all.
_RTO_S: Final = 0.5
_SENDINGS: Final = 7
_LAST_WAIT: Final = 16

Address = tuple[str, int]


def request(transaction: bytes) -> bytes:
    """A binding request. `transaction`: 12 random bytes."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def answers(data: bytes, transaction: bytes) -> bool:
    """Whether `data` looks like the response to that request.

    Its first two bytes are no letters, so it cannot be SIP.
    """
    if len(data) < _HEADER.size:
        return False
    kind, _, cookie, number = _HEADER.unpack_from(data)
    return kind in {_SUCCESS, _ERROR} and cookie == _COOKIE and number == transaction


def mapped_address(data: bytes) -> Address:
    """The address that a response tells. Raises RemoteProtocolError, and nothing else.

    XOR-MAPPED-ADDRESS is believed before MAPPED-ADDRESS, which some NATs rewrite (section 14.2).
    """
    attributes = _attributes(data)
    if _HEADER.unpack_from(data)[0] == _ERROR:
        raise RemoteProtocolError(f"the STUN server refused: {_error(attributes)}")
    if _XOR_MAPPED in attributes:
        return _address(attributes[_XOR_MAPPED], struct.pack(">I", _COOKIE) + data[8:20])
    if _MAPPED in attributes:
        return _address(attributes[_MAPPED], bytes(16))
    raise RemoteProtocolError("the STUN server told no address")


def _attributes(data: bytes) -> dict[int, bytes]:
    """The first attribute of each type (section 14: later ones of a type are ignored)."""
    if len(data) < _HEADER.size:
        raise RemoteProtocolError("a STUN response of less than 20 bytes")
    end = _HEADER.size + _HEADER.unpack_from(data)[1]
    if end > len(data):
        raise RemoteProtocolError("a STUN response that is cut short")
    found: dict[int, bytes] = {}
    at = _HEADER.size
    while at + _ATTRIBUTE.size <= end:
        kind, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if at + length > end:
            raise RemoteProtocolError("a STUN attribute that is cut short")
        found.setdefault(kind, data[at : at + length])
        at += length + -length % 4
    return found


def _address(value: bytes, mask: bytes) -> Address:
    width = _WIDTH.get(value[1], 0) if len(value) >= 4 else 0
    if not width or len(value) < 4 + width:
        raise RemoteProtocolError("a STUN address of no known family")
    raw = bytes(byte ^ key for byte, key in zip(value[4 : 4 + width], mask, strict=False))
    port = struct.unpack_from(">H", value, 2)[0] ^ struct.unpack_from(">H", mask)[0]
    return str(ipaddress.ip_address(raw)), port


def _error(attributes: dict[int, bytes]) -> str:
    value = attributes.get(_ERROR_CODE, b"")
    if len(value) < 4:
        return "it gave no reason"
    reason = value[4:260].decode("utf-8", "replace")
    return f"{(value[2] & 7) * 100 + value[3]} {reason!r}"


class Step(NamedTuple):
    """What to do now: send the request, or give up."""

    send: bool
    give_up: bool


class Retransmission:
    """When to send a request again: after RTO, doubled each time (section 6.2.1)."""

    def __init__(self, now: float, *, rto_s: float = _RTO_S, sendings: int = _SENDINGS) -> None:
        self._wait = rto_s
        self._last = rto_s * _LAST_WAIT
        self._left = sendings
        self._at = now

    @property
    def next_deadline(self) -> float:
        """When `step` wants to be called; the first time at once."""
        return self._at

    def step(self, now: float) -> Step:
        """What is due at `now`."""
        if now < self._at:
            return Step(send=False, give_up=False)
        if not self._left:
            return Step(send=False, give_up=True)
        self._left -= 1
        self._at = now + (self._wait if self._left else self._last)
        self._wait *= 2
        return Step(send=True, give_up=False)
