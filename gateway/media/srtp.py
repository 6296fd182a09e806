"""SRTP keys on their way into the engine; suites by their names in SDP (RFC 4568, RFC 7714)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from gateway.errors import LocalProtocolError
from gateway.media.lib import ffi, lib


class Suite(NamedTuple):
    """The engine's number for a suite, and the bytes of a master key with its salt."""

    number: int
    key_bytes: int


SUITES: Final[dict[str, Suite]] = {
    "AES_CM_128_HMAC_SHA1_80": Suite(lib.TR_SRTP_AES_CM_128_HMAC_SHA1_80, 30),
    "AES_CM_128_HMAC_SHA1_32": Suite(lib.TR_SRTP_AES_CM_128_HMAC_SHA1_32, 30),
    "AEAD_AES_128_GCM": Suite(lib.TR_SRTP_AEAD_AES_128_GCM, 28),
    "AEAD_AES_256_GCM": Suite(lib.TR_SRTP_AEAD_AES_256_GCM, 44),
}
_NAMES: Final = {suite.number: name for name, suite in SUITES.items()}


class SrtpKeys(NamedTuple):
    """A suite, the key that we send with and the one that the peer sends with, salts included."""

    suite: str
    send: bytes
    receive: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys({self.suite!r}, ...)"


def fill(raw: Any, keys: SrtpKeys | None) -> None:
    """Write keys into a tr_stream_settings. Raises LocalProtocolError for what is no key."""
    if keys is None:
        raw.srtp_suite = lib.TR_SRTP_OFF
        return
    suite = SUITES.get(keys.suite)
    if suite is None:
        raise LocalProtocolError(f"no SRTP suite {keys.suite!r}; there are {', '.join(SUITES)}")
    if len(keys.send) != suite.key_bytes or len(keys.receive) != suite.key_bytes:
        raise LocalProtocolError(f"a key of {keys.suite} has {suite.key_bytes} bytes")
    raw.srtp_suite = suite.number
    ffi.memmove(raw.srtp_send_key, keys.send, suite.key_bytes)
    ffi.memmove(raw.srtp_receive_key, keys.receive, suite.key_bytes)


def wipe(raw: Any) -> None:
    """Forget the keys in a tr_stream_settings: the engine has its own."""
    for key in (raw.srtp_send_key, raw.srtp_receive_key):
        ffi.memmove(key, bytes(lib.TR_SRTP_KEY_BYTES), lib.TR_SRTP_KEY_BYTES)


def suite_name(number: int) -> str | None:
    """The name of a suite, None when SRTP is off."""
    return _NAMES.get(number)
