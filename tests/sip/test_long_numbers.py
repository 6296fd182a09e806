"""Numbers of thousands of digits, wherever a peer may write one: Python refuses to read those.

`int` raises ValueError beyond 4300 digits, and nothing but a refusal may come of what a peer sends.
"""

from __future__ import annotations

import pytest

from gateway.sip import StackSettings

from .harness import FLOW, OFFER, Caller, World, connected

LONG = "9" * 5000

SDP = [
    ("RTP/AVP 0 8 101", f"RTP/AVP {LONG}\na=rtpmap:{LONG} PCMU/8000"),
    ("RTP/AVP 0 8 101", f"RTP/AVP 0 {LONG}\na=rtpmap:{LONG} telephone-event/8000"),
    ("m=audio 12692", f"m=audio {LONG}"),
    ("m=audio 12692", f"m=audio 1/{LONG}"),
    ("a=ptime:20", f"a=ptime:{LONG}"),
    ("a=maxptime:20", f"a=maxptime:{LONG}"),
    ("a=fmtp:101 0-16", f"a=fmtp:101 {LONG}"),
    ("c=IN IP4 168.86.138.121", f"c=IN IP4 168.86.138.{LONG}"),
    ("c=IN IP4 168.86.138.121", f"c=IN IP4 224.2.1.1/{LONG}"),
    ("t=0 0", f"t={LONG} 0"),
    ("1311022221 1311022221", f"{LONG} {LONG}"),
    ("a=sendrecv", f"a=crypto:{LONG} AES_CM_128_HMAC_SHA1_80 inline:AAAA|2^{LONG}|{LONG}:{LONG}"),
]

HEADERS = [
    ("Session-Expires", LONG),
    ("Min-SE", LONG),
    ("RAck", f"{LONG} {LONG} INVITE"),
    ("RSeq", LONG),
    ("Retry-After", LONG),
    ("Contact", f"<sip:a@b:{LONG}>"),
    ("Contact", f"<sip:a@b>;q={LONG};expires={LONG}"),
    ("Record-Route", f"<sip:a:{LONG};lr>"),
    ("Timestamp", LONG),
    ("Expires", LONG),
    ("Authorization", f'Digest nc={LONG},username="a",realm="r"'),
    ("Replaces", f"a;to-tag={LONG};from-tag={LONG}"),
    ("Content-Length", LONG),
    ("Refer-To", f"<sip:a@b:{LONG}>"),
    ("Via", f"SIP/2.0/UDP a:{LONG};branch=z9hG4bKx"),
    ("Via", f"SIP/2.0/UDP a;ttl={LONG};rport={LONG};branch=z9hG4bKx"),
]


@pytest.fixture
def call() -> tuple[World, Caller]:
    """A call that is up, with every extension on."""
    world, caller = World(StackSettings(profile="full")), Caller()
    connected(world, caller)
    return world, caller


def survives(world: World, caller: Caller, text: str) -> None:
    """The stack takes it, and the call with it."""
    world.stack.receive(text.encode(), FLOW, world.now)
    world.stack.to_send()
    world.events()
    assert world.stack.counters["dialogs"] == 1


@pytest.mark.parametrize("change", SDP)
def test_in_an_offer(change: tuple[str, str], call: tuple[World, Caller]) -> None:
    world, caller = call
    assert change[0] in OFFER
    survives(world, caller, caller.reinvite(OFFER.replace(*change)))


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "PRACK", "REFER", "INFO", "OPTIONS"])
@pytest.mark.parametrize("header", HEADERS)
def test_in_a_header(header: tuple[str, str], method: str, call: tuple[World, Caller]) -> None:
    world, caller = call
    caller.cseq += 1
    survives(world, caller, caller.request(method, extra=[header]))


def test_in_a_digit_and_in_a_request_uri(call: tuple[World, Caller]) -> None:
    world, caller = call
    caller.cseq += 1
    relay = [("Content-Type", "application/dtmf-relay")]
    body = f"Signal=5\nDuration={LONG}\n"
    survives(world, caller, caller.request("INFO", extra=relay, body=body))
    survives(world, caller, caller.request("OPTIONS", uri=f"sip:a@b:{LONG}"))
    survives(world, caller, caller.request("OPTIONS", cseq=10**4200))
