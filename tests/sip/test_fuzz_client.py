"""A fuzz run over calls that we place: damaged answers, and damaged requests inside the call.

`TIPRING_FUZZ_SECONDS` and `TIPRING_FUZZ_SEED` as in test_fuzz, which has the damage.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from gateway.sip import Account, InboundAuth, OutgoingCall, Request, StackSettings, parse

from .callee import CONTACT, OURS, TO_BOB, accept, in_dialog, respond
from .harness import World
from .test_fuzz import damaged

ACCOUNT = Account("a", "u", "198.51.100.7", "p", register=False)
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')
EXTRAS = [
    [],
    [CHALLENGE],
    [("Require", "100rel"), ("RSeq", "1")],
    [("Record-Route", "<sip:198.51.100.7;lr>, <sip:10.0.0.1;lr>")],
    [("Session-Expires", "90;refresher=uac"), ("Min-SE", "90")],
    [("Retry-After", "5")],
    [("Authentication-Info", 'nextnonce="m"'), ("Allow", "INVITE, UPDATE, INFO")],
]
STATUSES = [100, 180, 183, 200, 200, 302, 401, 407, 422, 486, 487, 491, 503]


def answer(request: Request, chance: random.Random) -> str:
    extra = chance.choice(EXTRAS)
    if request.method == "INVITE" and chance.random() < 0.4:
        return accept(request, tag=chance.choice(["a", "b"]), extra=extra)
    tag = chance.choice(["", "a", "b"])
    return respond(request, chance.choice(STATUSES), tag=tag, contact=CONTACT, extra=extra)


def one_run(chance: random.Random) -> int:
    settings = StackSettings(
        profile=chance.choice(["full", "twilio"]),
        accounts=(ACCOUNT,),
        redirects=chance.random() < 0.5,
        auth=InboundAuth("r", {"u": "p"}) if chance.random() < 0.2 else None,
    )
    world = World(settings)
    account = chance.choice([None, "a"])
    call = world.stack.place_call("sip:bob@198.51.100.7", account, OURS, world.now)
    known: list[Request] = []
    count = chance.randint(2, 12)
    for number in range(count):
        look(world, known)
        if known and chance.random() < 0.7:
            text = answer(chance.choice(known), chance)
        else:
            method = chance.choice(["BYE", "INVITE", "UPDATE", "REFER", "NOTIFY", "INFO", "ACK"])
            text = in_dialog(call, method, number + 1, tag=chance.choice(["a", "b"]))
        data = text.encode("utf-8", "surrogateescape")
        if chance.random() < 0.6:
            data = damaged(data, chance)
        try:
            world.stack.receive(data, TO_BOB, world.now)
            act(call, world, chance)
        except Exception as error:
            raise AssertionError(f"raised for {data!r} while {call.state}") from error
    leave_nothing(world, known, call)
    return count


def look(world: World, known: list[Request]) -> None:
    """Requests of ours are what answers are made of."""
    world.resolve()
    for datagram in world.stack.to_send():
        try:
            message = parse(datagram.data)
        except ValueError:
            continue  # it has the peer's own damaged words in it
        if isinstance(message, Request):
            known.append(message)


def act(call: OutgoingCall, world: World, chance: random.Random) -> None:
    deed = chance.choice(["nothing", "nothing", "hold", "hang_up", "stall"])
    if deed == "hold" and call.state == "confirmed":
        getattr(call, chance.choice(["hold", "resume"]))(world.now)
    elif deed == "hang_up" and chance.random() < 0.3:
        call.hang_up(world.now)
    elif deed == "stall":
        world.now += chance.choice([0.5, 7.0, 40.0])
        world.stack.handle_deadline(world.now)


def leave_nothing(world: World, known: list[Request], call: OutgoingCall) -> None:
    """Whoever hangs up is rid of the call, even if nobody answers any more."""
    for _ in range(3):
        call.hang_up(world.now)
        while (event := world.stack.next_event()) is not None:
            session = getattr(event, "session", None)
            if session is not None:
                session.hang_up(world.now)
        for _ in range(40):
            look(world, known)
            world.now += 4
            world.stack.handle_deadline(world.now)
    counters = world.stack.counters
    assert (counters["transactions"], counters["dialogs"]) == (0, 0), world.stack.next_deadline()
    assert world.stack.next_deadline() is None


@pytest.mark.slow
def test_fuzz_answers() -> None:
    seed = int(os.environ.get("TIPRING_FUZZ_SEED") or random.randrange(1 << 32))
    seconds = float(os.environ.get("TIPRING_FUZZ_SECONDS") or 60)
    print(f"TIPRING_FUZZ_SEED={seed}")
    chance, end, messages = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        messages += one_run(chance)
    print(f"{messages} messages in {seconds:g} s")
    assert messages > 0
