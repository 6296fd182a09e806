"""SIP as text: just enough to place a call and to judge what comes back, byte by byte.

Deliberately apart from gateway.sip: header lines are kept as they stood on the wire.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
}


@dataclass(frozen=True, slots=True)
class SipText:
    """A message; `headers` are (name, value) in wire order, values untouched."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """The status code of a response, None for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The request's method, or that of the CSeq of a response."""
        return self.start.split()[0] if self.status is None else self.get("CSeq").split()[-1]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    def all(self, name: str) -> list[str]:
        """Values of each line of that name, in order; a compact name counts as the long one."""
        wanted = name.lower()
        return [v for n, v in self.headers if _COMPACT.get(n.lower(), n.lower()) == wanted]

    def get(self, name: str) -> str:
        """The first value, "" when there is none."""
        return next(iter(self.all(name)), "")

    def x_headers(self) -> dict[str, str]:
        return {n: v for n, v in self.headers if n.lower().startswith("x-")}


def parse(data: bytes) -> SipText:
    """Take a message apart; raises ValueError when it is none."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        raise ValueError("no empty line after the headers")
    lines = head.decode("utf-8").split("\r\n")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or line[:1] in " \t":
            raise ValueError(f"not a header line: {line!r}")
        headers.append((name.rstrip(), value.strip()))
    message = SipText(lines[0], tuple(headers), rest)
    if message.get("Content-Length") != str(len(rest)):
        raise ValueError(f"Content-Length {message.get('Content-Length')!r}, body {len(rest)}")
    return message


def build(start: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def tag_of(value: str) -> str:
    """The tag parameter of a From or To value, "" without one."""
    found = re.search(r";\s*tag=([^;\s>]+)", value.rpartition(">")[2] or value)
    return found[1] if found else ""


def uri_of(value: str) -> str:
    """The URI between <> of a Contact or Record-Route value."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.partition(";")[0].strip()


def host_port(uri: str) -> tuple[str, int]:
    """Where a SIP URI points; port 5060 where none is said."""
    found = re.match(r"sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]+)(?::(\d+))?", uri)
    if found is None:
        raise ValueError(f"not a SIP URI: {uri!r}")
    return found[1].strip("[]"), int(found[2] or 5060)


@dataclass(frozen=True, slots=True)
class SdpText:
    """The first audio description of an SDP body."""

    host: str = ""
    port: int = 0
    profile: str = ""
    payloads: tuple[str, ...] = ()
    attributes: tuple[str, ...] = field(default=())
    medias: int = 0

    def payload_of(self, encoding: str) -> int | None:
        """The payload type whose rtpmap names `encoding`, such as "telephone-event/8000"."""
        for line in self.attributes:
            found = re.match(r"rtpmap:(\d+) (\S+)", line)
            if found and found[2].lower().startswith(encoding.lower()):
                return int(found[1])
        return None

    @property
    def direction(self) -> str:
        ways = {"sendrecv", "sendonly", "recvonly", "inactive"}
        return next((a for a in self.attributes if a in ways), "sendrecv")


def parse_sdp(body: bytes) -> SdpText:
    host, medias, attributes = "", 0, []
    port, profile, payloads = 0, "", tuple[str, ...]()
    for line in body.decode().split("\r\n"):
        kind, _, value = line.partition("=")
        if kind == "m":
            medias += 1
            if medias == 1:
                _, number, profile, *rest = value.split()
                port, payloads = int(number), tuple(rest)
        elif kind == "c" and medias <= 1:
            host = value.split()[2]
        elif kind == "a" and medias <= 1:
            attributes.append(value)
    return SdpText(host, port, profile, payloads, tuple(attributes), medias)


def digest_answer(challenge: str, who: tuple[str, str], method: str, uri: str, cnonce: str) -> str:
    """The Authorization value for a Digest challenge, MD5 with qop=auth (RFC 2617, 3.2.2).

    `who` is the user name and the password.
    """
    username, password = who
    given = {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', challenge)}
    secret = _md5(f"{username}:{given['realm']}:{password}")
    request = _md5(f"{method}:{uri}")
    response = _md5(f"{secret}:{given['nonce']}:00000001:{cnonce}:auth:{request}")
    answer = (
        f'Digest username="{username}",realm="{given["realm"]}",nonce="{given["nonce"]}",'
        f'uri="{uri}",qop=auth,nc=00000001,cnonce="{cnonce}",response="{response}",algorithm=MD5'
    )
    return answer + (f',opaque="{given["opaque"]}"' if "opaque" in given else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
