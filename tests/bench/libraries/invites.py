"""INVITEs as Twilio writes them, all different, and the bytes that must come out after the change.

From one seed: Call-ID, tags, branches, numbers and the order of the headers differ from message to
message. Shapes are those of real calls; addresses are of Twilio's ranges and of documentation.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Line = tuple[str, str]
Params = dict[str, str | None]


class ViaFields(NamedTuple):
    """A Via, field by field."""

    transport: str
    host: str
    port: int | None
    params: Params


class UriFields(NamedTuple):
    """A SIP URI, field by field."""

    scheme: str
    user: str | None
    host: str
    port: int | None
    params: Params


class AddressFields(NamedTuple):
    """A name-addr, field by field; the display name without quotes."""

    display: str
    uri: UriFields
    params: Params


class Fields(NamedTuple):
    """What every library has to read: all Vias, From, To and Contact, the Request-URI."""

    vias: list[ViaFields]
    addresses: list[AddressFields]
    uri: UriFields


# What the benchmark changes: the port that the top Via came from, and where the top Route leads.
NEW_RPORT = "58540"
NEW_HOST = "198.51.100.77"

SDP = """v=0
o=root {session} {session} IN IP4 172.18.165.214
s=Twilio Media Gateway
c=IN IP4 168.86.138.{media}
t=0 0
m=audio {port} RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:20
a=sendrecv
""".replace("\n", "\r\n")


@dataclass(frozen=True, slots=True)
class Invite:
    """One message: its start line, its header lines in order, its body, and what it says."""

    uri: str
    lines: tuple[Line, ...]
    body: str
    fields: Fields

    @property
    def data(self) -> bytes:
        """As it comes from the network."""
        return encoded(self.uri, self.lines, self.body)

    @property
    def changed(self) -> list[Line]:
        """Its lines after the change, everything else as it was."""
        lines = list(self.lines)
        via = _first(lines, "Via")
        lines[via] = ("Via", lines[via][1].replace(";rport", f";rport={NEW_RPORT}"))
        route = _first(lines, "Route")
        lines[route] = ("Route", f"<sip:{NEW_HOST}:5060;lr>")
        return lines


def encoded(uri: str, lines: Iterable[Line], body: str) -> bytes:
    """A message of these parts."""
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"INVITE {uri} SIP/2.0\r\n{head}\r\n{body}".encode()


def _first(lines: list[Line], name: str) -> int:
    return next(at for at, line in enumerate(lines) if line[0] == name)


def invites(count: int, seed: int = 3261) -> Iterator[Invite]:
    """`count` different INVITEs."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _invite(chance)


def _hex(chance: random.Random, digits: int) -> str:
    return f"{chance.getrandbits(4 * digits):0{digits}x}"


def _number(chance: random.Random) -> str:
    return f"+1{chance.randrange(2_000_000_000, 9_999_999_999)}"


def _invite(chance: random.Random) -> Invite:
    caller, called, edge = _number(chance), _number(chance), f"54.172.60.{chance.randrange(4)}"
    inside = f"172.25.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    tag = f"{_hex(chance, 8)}_{_hex(chance, 8)}_{_hex(chance, 8)}-{_hex(chance, 4)}"
    branch = f"z9hG4bK{_hex(chance, 4)}.{_hex(chance, 32)}.0"
    inner = f"z9hG4bK{_hex(chance, 36)}_{tag}"
    body = SDP.format(
        session=chance.randrange(10**9, 2 * 10**9),
        media=chance.randrange(1, 255),
        port=2 * chance.randrange(5000, 30000),
    )
    uri = f"sip:{called}@203.0.113.5:5060;transport=udp"
    lines = [
        ("Record-Route", f"<sip:{edge};r2=on;lr;ftag={tag}>"),
        ("Record-Route", f"<sip:{inside}:5070;r2=on;lr;twnat=sip:203.0.113.5:5060>"),
        ("Route", "<sip:203.0.113.5:5060;lr>"),
        ("Route", "<sip:203.0.113.9:5060;lr>"),
        ("From", f'"{caller}" <sip:{caller}@example.pstn.twilio.com:5060>;tag={tag}'),
        ("To", f"<{uri}>"),
        ("CSeq", f"{chance.randrange(1, 1 << 20)} INVITE"),
        ("Max-Forwards", str(chance.randrange(50, 71))),
        ("P-Asserted-Identity", f"<sip:{caller}@184.150.215.12:5060>"),
        ("Diversion", f"<sip:{called}@twilio.com>;reason=unconditional"),
        ("Call-ID", f"{_hex(chance, 32)}@0.0.0.0"),
        ("Via", f"SIP/2.0/UDP {edge}:5060;branch={branch};rport"),
        ("Via", f"SIP/2.0/UDP {inside}:5060;rport=5060;branch={inner}"),
        ("Contact", f"<sip:{caller}@{inside}:5060;transport=udp>"),
        ("Allow", "ACK,BYE,CANCEL,INVITE,OPTIONS,REFER,NOTIFY"),
        ("User-Agent", "Twilio Gateway"),
        ("X-Twilio-ApiVersion", "2010-04-01"),
        ("X-Twilio-AccountSid", f"AC{_hex(chance, 32)}"),
        ("X-Twilio-CallSid", f"CA{_hex(chance, 32)}"),
        ("Content-Type", "application/sdp"),
        ("Content-Length", str(len(body))),
    ]
    udp: Params = {"transport": "udp"}
    target = UriFields("sip", called, "203.0.113.5", 5060, udp)
    sender = UriFields("sip", caller, "example.pstn.twilio.com", 5060, {})
    fields = Fields(
        [
            ViaFields("UDP", edge, 5060, {"branch": branch, "rport": None}),
            ViaFields("UDP", inside, 5060, {"rport": "5060", "branch": inner}),
        ],
        [
            AddressFields(caller, sender, {"tag": tag}),
            AddressFields("", target, {}),
            AddressFields("", UriFields("sip", caller, inside, 5060, udp), {}),
        ],
        target,
    )
    return Invite(uri, tuple(_shuffled(lines, chance)), body, fields)


def _shuffled(lines: list[Line], chance: random.Random) -> list[Line]:
    """Another order, in which lines of the same name keep theirs, as it means something."""
    order = lines[:]
    chance.shuffle(order)
    waiting: dict[str, list[Line]] = {}
    for line in lines:
        waiting.setdefault(line[0], []).append(line)
    return [waiting[name].pop(0) for name, _ in order]
