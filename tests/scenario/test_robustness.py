"""Bad input while a call is up: nothing ends, grows or falls silent."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.peers.driver import twilio_caller
from tests.peers.probe import Probe
from tests.peers.rtp_plan import RtpPlan, packet
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

Make: TypeAlias = Callable[[random.Random, Probe], bytes]

UDP = socket.SOCK_DGRAM
ROUNDS = 4000
GROWTH_KB = 1500  # of resident memory; a leak of one message each would be ten times that

pytestmark = pytest.mark.slow


def random_bytes(dice: random.Random, _: Probe) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 3, 12, 60, 400, 1400)))


def mutated_sip(dice: random.Random, probe: Probe) -> bytes:
    """A good message with some bytes changed, cut, doubled or shuffled."""
    method = dice.choice(("OPTIONS", "BYE", "CANCEL", "ACK", "INFO", "REGISTER", "INVITE"))
    payloads = dice.choice(("", "0 101"))
    user = dice.choice(("alice", "nobody", "%00", "a" * 300))
    data = bytearray(
        probe.request(method, user=user, cseq=dice.randrange(1 << 31), payloads=payloads)
    )
    if method == "INVITE":  # never a good one: the phone is busy, and a final answer is repeated
        data[data.index(b"\r\nCall-ID") + 2] ^= 0xFF
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(data))
        kind = dice.randrange(4)
        if kind == 0:
            data[place] = dice.randrange(256)
        elif kind == 1:
            del data[place : place + dice.randrange(1, 40)]
        elif kind == 2:
            data[place:place] = data[: dice.randrange(60)]
        else:
            data[place:place] = dice.choice(
                (b"\r\n", b"\x00", b"\xff" * 9, b":", b";=,", b"\t \r\n ")
            )
        if not data:
            break
    return bytes(data)


def mutated_rtp(dice: random.Random, _: Probe) -> bytes:
    head = bytes([dice.choice((0x80, 0x90, 0xA0, 0x8F, 0x40)), dice.choice((0, 8, 101, 229, 72))])
    return head + dice.randbytes(dice.choice((0, 2, 10, 14, 170, 1200)))


GARBAGE: dict[str, Make] = {"SIP, random": random_bytes, "SIP, mutated": mutated_sip}
RTP_GARBAGE: dict[str, Make] = {"RTP, random": random_bytes, "RTP, mutated": mutated_rtp}


@pytest.fixture(scope="module", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """With room for few transactions: what they hold for 32 s each is soon all it will ever be."""
    folder = tmp_path_factory.mktemp("gateway")
    with GatewayProcess.usual(folder, more="[sip.limits]\ntransactions = 64\n") as running:
        yield running
        assert running.running, running.log_text()


@pytest.mark.parametrize("what", [*GARBAGE, *RTP_GARBAGE])
def test_garbage_changes_nothing(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, what: str
) -> None:
    with twilio_caller(gateway.target, tmp_path) as caller, Probe(gateway.sip_port) as probe:
        caller.wait_for("response", status=180)
        phone.lift()
        host, _, port = caller.wait_for("answered")["media"].rpartition(":")
        # Until the caller has been heard, symmetric RTP may still take another source for it.
        caller.wait_for("live")
        await_received(phone, 10)
        target = (host, int(port)) if what in RTP_GARBAGE else ("127.0.0.1", gateway.sip_port)
        make = RTP_GARBAGE.get(what) or GARBAGE[what]
        dice = random.Random(what)
        pour(make, dice, probe, target, ROUNDS)  # what is allocated once is there by now
        before = gateway.rss_kb()
        pour(make, dice, probe, target, ROUNDS)
        after = gateway.rss_kb()
        await_received(phone, phone.status()["calls"][0]["rtp"]["received"] + 20)
        now = time.monotonic()
        live = caller.wait_until(
            lambda row: row["event"] == "live" and row["t"] > now, 5, "figures"
        )
        wanted = live["received"] + 20
        caller.wait_until(
            lambda row: row["event"] == "live" and row["received"] > wanted, 5, "RTP still sent"
        )
        caller.order("bye")
        over = caller.over()
    assert over["faults"] == []
    assert over["lost"] == 0
    assert after - before < GROWTH_KB
    assert "Traceback" not in gateway.log_text()


def test_nobody_beats_the_caller_to_its_stream(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path
) -> None:
    """Good RTP from another port, before the caller's first packet: symmetric RTP may try it."""
    plan = RtpPlan(payload_type=0, event_type=None, timestamp=5)
    with twilio_caller(gateway.target, tmp_path) as caller, socket.socket(type=UDP) as thief:
        caller.wait_for("response", status=180)
        phone.lift()
        host, _, port = caller.wait_for("answered")["media"].rpartition(":")
        for number in range(50):
            thief.sendto(packet(plan.next_slot(), number, 99), (host, int(port)))
        caller.wait_for("live")
        await_received(phone, phone.status()["calls"][0]["rtp"]["received"] + 40)
        caller.order("bye")
        assert caller.over()["faults"] == []


def await_received(phone: Phone, count: int) -> None:
    """Until the gateway has taken so many packets of the call."""
    text = f"{count} packets from the caller"
    phone.await_status(
        lambda s: bool(s["calls"]) and s["calls"][0]["rtp"]["received"] >= count, 5, text
    )


def pour(
    make: Make, dice: random.Random, probe: Probe, target: tuple[str, int], count: int
) -> None:
    """Send `count` messages, no faster than they are read: a full buffer would only drop them."""
    pace = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        for number in range(count):
            sender.sendto(make(dice, probe), target)
            if number % 50 == 49:
                pace.wait(0.002)
                with Probe(probe.port) as friend:
                    assert friend.ask(friend.request("OPTIONS")).status == 200
