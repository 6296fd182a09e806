"""The Vias of an answer: the top one marked, everything else as it came."""

from __future__ import annotations

import pytest

from gateway.sip import Request, parse
from gateway.sip.serializer import reply_head

from .torture_rows import options

SOURCE = ("198.51.100.7", 4321)
ANSWERED = "rport=4321;received=198.51.100.7"


def top_line(*lines: str) -> str:
    """The first Via line of the answer to a request with these."""
    changes: dict[str, str | None] = dict(zip(("Via", "v", "VIA"), lines, strict=False))
    message = parse(options(changes))
    assert isinstance(message, Request)
    head = reply_head(message, SOURCE).split("\r\n")
    assert [f"Via: {line}" for line in lines[1:]] == head[1 : len(lines)]
    return head[0].removeprefix("Via: ")


@pytest.mark.parametrize(
    ("via", "answered"),
    [
        ("SIP/2.0/UDP h;branch=z9hG4bK1;rport", f"SIP/2.0/UDP h;branch=z9hG4bK1;{ANSWERED}"),
        ("SIP/2.0/UDP h;rport;branch=z9hG4bK1", f"SIP/2.0/UDP h;{ANSWERED};branch=z9hG4bK1"),
        ("SIP/2.0/UDP  h ;a=b;rport", f"SIP/2.0/UDP  h ;a=b;{ANSWERED}"),
        ("SIP/2.0/UDP h; rport;a", "SIP/2.0/UDP h;rport=4321;a;received=198.51.100.7"),
        ("SIP/2.0/UDP h;rport ;a", "SIP/2.0/UDP h;rport=4321;a;received=198.51.100.7"),
        ("SIP/2.0/UDP h;RPORT", "SIP/2.0/UDP h;RPORT=4321;received=198.51.100.7"),
        ("SIP/2.0/UDP h;rport=1", "SIP/2.0/UDP h;rport=4321;received=198.51.100.7"),
        ("SIP/2.0/UDP h;rport2;rport", "SIP/2.0/UDP h;rport2;rport=4321;received=198.51.100.7"),
        ('SIP/2.0/UDP h;x=";rport";rport', f'SIP/2.0/UDP h;x=";rport";{ANSWERED}'),
        ("SIP/2.0/UDP h;received=x;rport", "SIP/2.0/UDP h;received=198.51.100.7;rport=4321"),
        ("SIP/2.0/UDP h;branch=z9hG4bK1", "SIP/2.0/UDP h;branch=z9hG4bK1;received=198.51.100.7"),
        ("SIP/2.0/UDP 198.51.100.7;a", "SIP/2.0/UDP 198.51.100.7;a"),
        ("SIP/2.0/UDP h;rport,SIP/2.0/TCP i;rport",
         f"SIP/2.0/UDP h;{ANSWERED},SIP/2.0/TCP i;rport"),
        ("SIP/2.0/UDP h;a, SIP/2.0/TCP i;rport",
         "SIP/2.0/UDP h;a;received=198.51.100.7, SIP/2.0/TCP i;rport"),
    ],
)  # fmt: skip
def test_the_top_via_is_marked(via: str, answered: str) -> None:
    """RFC 3261 section 18.2.1, RFC 3581 section 4."""
    assert top_line(via) == answered
    assert (
        top_line(via, "SIP/2.0/UDP  j ; rport", "SIP/2.0/UDP k;rport,  SIP/2.0/UDP l") == answered
    )
