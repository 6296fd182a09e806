"""Lifting the handset: how soon the caller gets the 200, and then the first sound."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import rtp
from tests.bench.baresip import Baresip
from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.far_end import FarEnd, Voice
from tests.bench.grid import percentile
from tests.bench.rtp import Packet
from tests.bench.service import Service, Setup
from tests.bench.sip import Target, answered_media, offer
from tests.bench.table import Row

ANSWER_MS, AUDIO_MS = 5.0, 40.0
PERSISTENCE_NS = 10_000_000  # the hook has to stay up this long before it counts as lifted
LOUD = 300  # above the noise of any silence; speech passes it within a few samples


@dataclass(frozen=True, slots=True)
class Answer:
    """Milliseconds: lifted to 200, 200 to the first packet, 200 to the first with sound."""

    lifted: float
    packet: float
    sound: float


def run(bench: Bench) -> list[Row]:
    """Medians over a number of calls, each from ringing to a second of sound."""
    calls = 8 if bench.quick else 20
    wav = bench.wav(5)
    with bench.service(Setup(auto_answer_s=None)) as service:
        ours = [_one(service.target(), _lift(service, wav), _rest(service)) for _ in range(calls)]
    with bench.baresip(5, auto=False) as peer:
        theirs = [_theirs(peer) for _ in range(calls)] if peer else []
    return rows(ours, theirs)


def rows(ours: list[Answer], theirs: list[Answer]) -> list[Row]:
    """The medians as rows; the worst as notes."""

    def row(name: str, limit: float, take: Callable[[Answer], float], how: str) -> Row:
        values = [take(a) for a in ours]
        other = percentile([take(a) for a in theirs], 50)
        note = f"{len(values)} calls, worst {max(values):.2f}; {how}"
        return Row(name, "ms", limit, percentile(values, 50), other, note)

    since = "from the planned hook edge + 10 ms (baresip: from its accept command)"
    return [
        row("hook persistence to 200, median", ANSWER_MS, lambda a: a.lifted, since),
        row("200 to first RTP packet, median", AUDIO_MS, lambda a: a.packet, "kernel stamps"),
        row("200 to first sound, median", AUDIO_MS, lambda a: a.sound, "spoken as soon as lifted"),
    ]


def _lift(service: Service, wav: Path) -> Callable[[], int]:
    """Lift and speak; returns the instant from which the handset counts as lifted."""

    def lift() -> int:
        with service.control() as hand, service.control() as mouth:
            hand.send("handset.off-hook", line=service.names[0])
            mouth.play(service.names[0], wav)
            lifted_s = float(hand.reply()["t"])
        return round(lifted_s * 1e9) + PERSISTENCE_NS

    return lift


def _rest(service: Service) -> Callable[[], None]:
    def put_down() -> None:
        with service.control() as control:
            control.ask("handset.on-hook", line=service.names[0])
            # On-hook counts after the longest flash only; until then the phone is in use.
            while control.ask("status")["lines"][0]["state"] != "idle":
                threading.Event().wait(0.1)

    return put_down


def _theirs(peer: Baresip) -> Answer:
    return _one(peer.target, peer.accept, lambda: None)


def _one(target: Target, lift: Callable[[], int], rest: Callable[[], None]) -> Answer:
    caller, far = Caller(), FarEnd("127.0.0.1", Voice(b"", seed=2))
    try:
        dialog = caller.dialog(target, offer("127.0.0.1", far.port))
        caller.call(dialog, until=180)
        threading.Event().wait(0.1)
        lifted_ns = lift()
        answer = caller.proceed(dialog)
        far.start(answered_media(answer.body))
        threading.Event().wait(0.6)
        caller.bye(dialog)
        rest()
    finally:
        far.stop()
        caller.close()
    return Answer(
        (answer.t_ns - lifted_ns) / 1e6,
        _delay_ms(far.packets, answer.t_ns),
        _delay_ms([p for p in far.packets if _has_sound(p)], answer.t_ns),
    )


def _delay_ms(packets: list[Packet], since_ns: int) -> float:
    """Until the first packet; NaN when there is none, which the table shows as SHORT."""
    return (packets[0].t_ns - since_ns) / 1e6 if packets else math.nan


def _has_sound(packet: Packet) -> bool:
    return max(map(abs, rtp.mulaw_decode(packet.payload)), default=0) > LOUD
