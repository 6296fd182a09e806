"""How long sound takes between the card and RTP, stage by stage, found by what it says."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from pathlib import Path

from tests.peers.rtp_wire import TICK
from tests.scenario.gateway_process import GatewayProcess
from tests.vm.guest import loopback, pattern
from tests.vm.guest.caller import Caller
from tests.vm.guest.loopback import RATE, Ear, Mouth

LINE = f"""
auto_answer_s = 0
audio = {{ capture = "{loopback.LINE}", playback = "{loopback.LINE}" }}
"""
SETTLE_S, LOOK_S = 12.0, 4.0
PHASES = 4  # of the caller's packets to the engine's ticks
MOST_MS = 65.0


def test_delay_by_content(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    there, here = list[float](), list[float]()
    pause = threading.Event()
    with (
        Mouth() as mouth,
        Ear() as ear,
        GatewayProcess.usual(tmp_path, line_more=LINE) as gateway,
        Caller(gateway.sip_port) as caller,
    ):
        pause.wait(SETTLE_S)
        for _ in range(PHASES):
            first_heard, first_spoken, first = len(caller.heard), len(caller.spoken), len(ear.heard)
            pause.wait(LOOK_S)
            there.append(_to_rtp_ms(mouth, caller, first_heard))
            here.append(_from_rtp_ms(ear, caller, first_spoken, first // 2))
            caller.shift(0.01 / PHASES)
            pause.wait(1.0)
        status = gateway.phone.status()
    (line,) = status["lines"]
    sound = line["audio"]
    record_property("status", str(status))
    record_property("card to RTP, ms", _each(there))
    record_property("RTP to card, ms", _each(here))
    total = statistics.fmean(there) + statistics.fmean(here)
    record_property("in all, ms", total)
    record_property("worst in all, ms", max(there) + max(here))
    assert (sound["capture"]["xruns"], sound["playback"]["xruns"]) == (0, 0)
    assert max(there) + max(here) <= MOST_MS


def _each(values: list[float]) -> str:
    return "/".join(f"{value:.1f}" for value in values)


def _to_rtp_ms(mouth: Mouth, caller: Caller, first: int) -> float:
    """Of the first sample of each packet."""
    delays = []
    for packet in caller.heard[first:]:
        place = pattern.place_of_codes(packet.payload)
        assert place is not None
        delays.append(1000 * (packet.t_s - mouth.said_s(place, packet.t_s)))
    return statistics.fmean(delays)


def _from_rtp_ms(ear: Ear, caller: Caller, first: int, recorded: int) -> float:
    """Likewise: from the sending of a packet until its first sample is at the card."""
    delays = []
    heard = bytes(ear.heard)
    at = recorded
    place = pattern.place_of_sound(heard[2 * at :])
    assert place is not None
    for packet in caller.spoken[first:-20]:
        # The recording goes on from `at` with sample `place` of the pattern.
        found = heard.find(pattern.sound(packet.first, 40), 2 * recorded)
        if found >= 0 and found % 2 == 0:
            delays.append(1000 * (ear.when_s(found // 2) - packet.t_s))
    assert delays
    return statistics.median(delays)
