"""A fuzz run over whole calls: damaged messages of every kind, in and out of a call.

`TIPRING_FUZZ_SECONDS` sets how long (default 60), `TIPRING_FUZZ_SEED` where it starts; a failure
prints both the seed and the datagram. RFC 4475 messages and captures join the seeds when present.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from gateway.sip import InboundAuth, IncomingCall, NotAcceptable, StackSettings

from .conftest import shared_data
from .harness import FLOW, MEDIA, OFFER, Caller, World, connected

FRAGMENTS = [
    b"", b"\r\n", b"\n", b"\r", b"\0", b";", b",", b":", b"<", b">", b'"', b"\\", b"%", b" ", b"\t",
    b"\xff", b"\xc3\xa9", b"@", b"=", b"?", b"[", b"SIP/2.0", b"sip:", b"\r\n ", b"0" * 40, b"-1",
    b"99999999999", b"tag=", b"branch=", b"z9hG4bK", b"INVITE", b"ACK", b"BYE", b"CANCEL", b"Via: ",
    b"To: ", b"Content-Length: 9\r\n", b"Require: x\r\n", b"Route: <sip:x>\r\n", b"--a\r\n",
    b"Record-Route: <sip:x\r\n", b"Contact: *\r\n", b"multipart/mixed;boundary=a", b"a=rtpmap:0 ",
    b"m=audio 1 RTP/AVP 0\r\n", b"c=IN IP6 ::1\r\n", b"Authorization: Digest realm=r,nc=1\r\n",
]  # fmt: skip


def seeds() -> list[bytes]:
    found: list[bytes] = []
    for name, pattern in (("torture", "*.dat"), ("twilio", "*.sip")):
        folder = shared_data(name)
        found += [path.read_bytes() for path in sorted(folder.glob(pattern))] if folder else []
    return found


def damaged(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(0, 5)):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(FRAGMENTS) + data[at + chance.choice([0, 0, 1, 5, 30]) :]
    return data


def serve(world: World, chance: random.Random) -> None:
    while (event := world.stack.next_event()) is not None:
        if isinstance(event, IncomingCall):
            try:
                event.session.prepare(MEDIA, world.now)
            except NotAcceptable as error:
                event.session.reject(error.status, world.now, warning=error.warning)
                continue
            chance.choice([event.session.ring, event.session.answer, event.session.hang_up])(
                world.now
            )


def one_run(chance: random.Random, known: list[bytes]) -> int:
    auth = InboundAuth("r", {"u": "p"}) if chance.random() < 0.3 else None
    world, caller = World(StackSettings(auth=auth)), Caller()
    if auth is None:
        connected(world, caller)
    own = [caller.invite(), caller.reinvite(), caller.ack(), caller.bye(), caller.cancel()]
    own += [caller.reinvite(None), caller.ack(OFFER), caller.request("OPTIONS")]
    count = chance.randint(1, 8)
    for _ in range(count):
        data = damaged(chance.choice(known + [text.encode() for text in own]), chance)
        try:
            world.stack.receive(data, FLOW, world.now)
            serve(world, chance)
        except Exception as error:
            raise AssertionError(f"raised for {data!r}") from error
        world.stack.to_send()
    leave_nothing(world)
    return count


def leave_nothing(world: World) -> None:
    """No transaction and no timer but the minute's 180 of a phone that still rings."""
    for _ in range(500):
        at = world.stack.next_deadline()
        if at is None or at > 1070.0:
            break
        world.now = at
        world.stack.handle_deadline(at)
        world.stack.to_send()
    counters = world.stack.counters
    assert counters["transactions"] <= counters["dialogs"]
    if counters["dialogs"] == 0:
        assert world.stack.next_deadline() is None


@pytest.mark.slow
def test_fuzz() -> None:
    seed = int(os.environ.get("TIPRING_FUZZ_SEED") or random.randrange(1 << 32))
    seconds = float(os.environ.get("TIPRING_FUZZ_SECONDS") or 60)
    chance, known = random.Random(seed), seeds()
    end = time.monotonic() + seconds
    datagrams = 0
    print(f"TIPRING_FUZZ_SEED={seed}")
    while time.monotonic() < end:
        datagrams += one_run(chance, known)
    print(f"{datagrams} datagrams in {seconds:g} s")
    assert datagrams > 0
