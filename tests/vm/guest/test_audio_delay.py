"""How long sound takes between the card and RTP, stage by stage, found by what it says.

The whole service runs, as it is shipped: the card, the engine, a call. What is measured is a
packet's first sample, which waits for the last, so that both ways together are from mouth to ear.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
PACKET_MS, TICK_MS = 20.0, 10.0  # a packet is made of two ticks, and leaves at the next


def test_delay_stage_by_stage(
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
            heard, spoken, recorded = len(caller.heard), len(caller.spoken), ear.samples
            pause.wait(LOOK_S)
            there.append(_to_rtp_ms(mouth, caller, heard))
            here.append(_from_rtp_ms(ear, caller, spoken, recorded))
            caller.shift(TICK_MS / 1000 / PHASES)
            pause.wait(1.0)
        status = gateway.phone.status()
    (line,) = status["lines"]
    _tell(record_property, line["audio"], there, here)
    record_property("longest hold, ms", status["interpreter"]["longest_hold_ms"])
    for side in ("capture", "playback"):
        assert line["audio"][side]["xruns"] == 0, line
    assert max(there) + max(here) <= MOST_MS


def _tell(
    tell: Callable[[str, object], None], audio: Any, there: list[float], here: list[float]
) -> None:
    to_rtp, from_rtp = statistics.fmean(there), statistics.fmean(here)
    tell("\n    card to RTP, ms", to_rtp)
    tell("card period", audio["capture"]["period_ms"])
    tell("in card and source ring", audio["capture"]["delay_ms"])
    tell("the card's position is late by", to_rtp - 30 - audio["capture"]["delay_ms"])
    tell("packetisation", PACKET_MS - TICK_MS)
    tell("prepared a tick ahead", TICK_MS)
    tell("first tick", TICK_MS)
    tell("\n    RTP to card, ms", from_rtp)
    tell("by phase", "/".join(f"{value:.1f}" for value in here))
    tell("tick and jitter buffer", from_rtp - audio["playback"]["delay_ms"])
    tell("in sink ring and card buffer", audio["playback"]["delay_ms"])
    tell("\n    in all, ms", to_rtp + from_rtp)
    tell("at the worst phase", max(there) + max(here))


def _to_rtp_ms(mouth: Mouth, caller: Caller, first: int) -> float:
    """From the card until a packet left."""
    delays = []
    for packet in caller.heard[first:]:
        place = pattern.place_of_codes(packet.payload)
        assert place is not None
        delays.append(1000 * (packet.t_s - mouth.said_s(place, packet.t_s)))
    assert max(delays) - min(delays) == pytest.approx(0, abs=1)
    return statistics.fmean(delays)


def _from_rtp_ms(ear: Ear, caller: Caller, first: int, recorded: int) -> float:
    """From the sending of a packet until the card has its first sample."""
    heard = bytes(ear.heard)
    place = pattern.place_of_sound(heard[2 * recorded :])
    assert place is not None
    delays = []
    for packet in caller.spoken[first:-20]:
        number = recorded + (packet.first - place) % pattern.LENGTH
        late_s = ear.when_s(number) - packet.t_s
        delays.append(1000 * (late_s % (pattern.LENGTH / RATE)))
    assert max(delays) - min(delays) == pytest.approx(0, abs=2)
    return statistics.fmean(delays)
