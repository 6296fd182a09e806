"""A far end that speaks SRTP with a libsrtp of its own: pylibsrtp, on OpenSSL's primitives."""

from __future__ import annotations

import socket
from typing import Final

from pylibsrtp import Policy, Session

from gateway.media import SrtpKeys
from tests.media.rig import Peer

KEY_BYTES: Final = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


def key(suite: str, first: int) -> bytes:
    """Any key; another `first` is another one."""
    return bytes((first + 7 * at) % 256 for at in range(KEY_BYTES[suite]))


def keys(suite: str = "AES_CM_128_HMAC_SHA1_80", ours: int = 1, theirs: int = 2) -> SrtpKeys:
    """The engine's side: it sends with `ours`."""
    return SrtpKeys(suite, key(suite, ours), key(suite, theirs))


class FarEnd:
    """Protects what it sends and opens what it hears; `ours` is the engine's key."""

    def __init__(
        self, suite: str = "AES_CM_128_HMAC_SHA1_80", ours: int = 1, theirs: int = 2
    ) -> None:
        self._sender = _session(suite, theirs, Policy.SSRC_ANY_OUTBOUND)
        self._receiver = _session(suite, ours, Policy.SSRC_ANY_INBOUND)

    def seal(self, packet: bytes) -> bytes:
        return self._sender.protect(packet)

    def seal_rtcp(self, packet: bytes) -> bytes:
        return self._sender.protect_rtcp(packet)

    def open(self, packet: bytes) -> bytes:
        """Raises pylibsrtp.Error for what is not genuine."""
        return self._receiver.unprotect(packet)

    def open_rtcp(self, packet: bytes) -> bytes:
        return self._receiver.unprotect_rtcp(packet)


class SealedPeer(Peer):
    """A bare RTP peer whose packets are SRTP on the wire, and RTP to the test."""

    def __init__(self, far: FarEnd) -> None:
        super().__init__()
        self.far = far

    def send(self, data: bytes, to: socket.socket) -> None:
        super().send(self.far.seal(data), to)

    def read(self, count: int, *, sock: socket.socket | None = None) -> list[bytes]:
        opened = self.far.open_rtcp if sock is self.rtcp else self.far.open
        return [opened(data) for data in super().read(count, sock=sock)]


def _session(suite: str, first: int, kind: int) -> Session:
    policy = Policy(key=key(suite, first), ssrc_type=kind, srtp_profile=_PROFILES[suite])
    policy.window_size = 1024
    return Session(policy)
