"""A long call: the drift of our clock and the packets lost, with keys on other lines meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.bench import pacing, slots, speech
from tests.bench.baresip import Baresip
from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.far_end import FarEnd, Voice
from tests.bench.figures import digits
from tests.bench.rtp import Packet
from tests.bench.service import Service, Setup
from tests.bench.sip import Target, answered_media, offer
from tests.bench.table import Row

DRIFT_PPM = 1.0
FULL_S, QUICK_S = 600, 60
FULL_KEYS, QUICK_KEYS = 1_000, 120


@dataclass(slots=True)
class LongCall:
    """What was counted at both ends."""

    packets: list[Packet]
    sent: int = 0
    received_by_peer: int | None = None


def run(bench: Bench) -> list[Row]:
    """One call on the first line, four lines of keys, and baresip's long call beside them."""
    seconds = QUICK_S if bench.quick else FULL_S
    trials = digits.trials(QUICK_KEYS if bench.quick else FULL_KEYS, first_line=1)
    theirs: list[LongCall] = []
    with bench.service(Setup(lines=5)) as service, bench.baresip(seconds + 20) as peer:
        work = [threading.Thread(target=digits.carry_out, args=(t, service)) for t in trials]
        work += [threading.Thread(target=_call_baresip, args=(peer, seconds, theirs))] * bool(peer)
        for thread in work:
            thread.start()
        ours = _call(service.target(), seconds, service)
        for thread in work:
            thread.join()
    return [
        *_drift_rows(seconds, ours, theirs[0] if theirs else None),
        *_loss_rows(ours, theirs[0] if theirs else None),
        *(digits.row(trial) for trial in trials),
    ]


def _call_baresip(peer: Baresip, seconds: int, into: list[LongCall]) -> None:
    into.append(_call(peer.target, seconds, None))


def _call(target: Target, seconds: int, service: Service | None) -> LongCall:
    caller, far = Caller(), FarEnd("127.0.0.1", Voice(speech.mulaw(seconds), seed=6))
    try:
        dialog = caller.dialog(target, offer("127.0.0.1", far.port))
        far.start(answered_media(caller.call(dialog).body))
        threading.Event().wait(seconds)
        far.hush()
        threading.Event().wait(0.2)
        received = _received(service) if service else None
        caller.bye(dialog)
    finally:
        far.stop()
        caller.close()
    return LongCall(far.packets, far.sent, received)


def _received(service: Service) -> int:
    """How many packets of the long call the service has counted."""
    with service.control() as control:
        calls = control.ask("status")["calls"]
    rtp = next(call["rtp"] for call in calls if call["line"] == service.names[0])
    return int(rtp["received"])


def _drift_rows(seconds: int, ours: LongCall, theirs: LongCall | None) -> list[Row]:
    mine = pacing.analyse(ours.packets)
    other = pacing.analyse(theirs.packets) if theirs else None
    note = f"over {seconds} s; {mine.drift_ppm:+.3f}, resolution {mine.resolution_ppm:.3f} ppm"
    if other:
        note += f"; baresip's resolution {other.resolution_ppm:.2f}"
    drift = abs(other.drift_ppm) if other else None
    return [Row("drift of the RTP clock", "ppm", DRIFT_PPM, abs(mine.drift_ppm), drift, note)]


def _loss_rows(ours: LongCall, theirs: LongCall | None) -> list[Row]:
    arrived = ours.received_by_peer or 0
    return [
        Row(
            "packets lost to the phone", "", 0, abs(ours.sent - arrived), None,
            f"of {ours.sent} sent; {arrived} counted by the service",
        ),
        Row(
            "packets lost from the phone", "", 0, slots.lost(ours.packets),
            slots.lost(theirs.packets) if theirs else None,
            f"of {len(ours.packets)}, by their sequence numbers",
        ),
    ]  # fmt: skip
