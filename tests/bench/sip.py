"""SIP messages as the caller of a benchmark reads and writes them; written apart from gateway."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from tests.bench.stamps import Address

_QUOTED = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Message:
    """A received message; header names in lower case, in order of arrival."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str
    t_ns: int

    @property
    def status(self) -> int:
        """The status code; 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else 0

    def get(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")

    def get_all(self, name: str) -> list[str]:
        """All headers of that name."""
        return [value for key, value in self.headers if key == name]


def parse(data: bytes, t_ns: int) -> Message:
    """Split a message; compact names and folding do not occur in what is measured here."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return Message(start, headers, body, t_ns)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call, and with which credentials (empty user: none are expected)."""

    address: Address
    user: str
    username: str = ""
    password: str = ""

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return f"sip:{self.user}@{self.address[0]}:{self.address[1]}"


class NoAnswerError(Exception):
    """The endpoint did not answer as a benchmark needs it."""


def digest(challenge: str, method: str, uri: str, target: Target) -> str:
    """Authorization for a MD5 challenge with qop=auth or none (RFC 2617 section 3.2.2)."""
    given = {m[1].lower(): m[2] or m[3] or "" for m in _QUOTED.finditer(challenge)}
    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    secret = md5(f"{target.username}:{realm}:{target.password}")
    asked = md5(f"{method}:{uri}")
    cnonce = secrets.token_hex(8)
    fields = f'Digest username="{target.username}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
    if "qop" in given:
        proof = md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{asked}")
        fields += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        proof = md5(f"{secret}:{nonce}:{asked}")
    if "opaque" in given:
        fields += f', opaque="{given["opaque"]}"'
    return f'{fields}, response="{proof}", algorithm=MD5'


def md5(text: str) -> str:
    """Hexadecimal MD5 of a text."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def offer(host: str, rtp_port: int) -> str:
    """Twilio's offer: PCMU, PCMA, telephone-event 101."""
    return "\r\n".join(
        [
            "v=0",
            f"o=root 1 1 IN IP4 {host}",
            "s=bench",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {rtp_port} RTP/AVP 0 8 101",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16",
            "a=ptime:20",
            "a=sendrecv",
            "",
        ]
    )


def answered_media(sdp: str) -> Address:
    """Where the answer wants RTP."""
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    if not host or not port:
        raise NoAnswerError("the answer has no address for RTP")
    return host[1], int(port[1])
