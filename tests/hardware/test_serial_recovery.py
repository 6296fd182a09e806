"""A card that starts again, is parked, is pulled out; and a bell that keeps its cadence."""

from __future__ import annotations

import pytest

from gateway.line import HookFlash, LineFault, LineReady, OffHook, OnHook, PulseDigit, Ringing
from gateway.line.cadence import DISTINCTIVE, Cadence
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    Fault,
    HookEdge,
    Recovered,
    RingStarted,
    RingTrip,
)
from tests.hardware.conformance import RING
from tests.hardware.serial_rig import SerialRig
from tests.hardware.tampering import break_, faults, once, started

# --- the card starts again ---


def test_a_card_that_starts_again_while_it_rings_rings_on() -> None:
    rig = SerialRig()
    line = started(rig)
    line.ring()
    line.run_for(1)
    rig.reset_card()
    line.run_for(10)
    assert len(rig.board.bursts()) >= 2
    assert line.events == [Ringing()]
    assert rig.link.counters.resets == 1


@pytest.mark.parametrize("lost", ["", "READY"])
def test_a_card_that_starts_again_in_a_call(lost: str) -> None:
    """No hang-up, and a key that was down is let go."""
    rig = SerialRig()
    line = started(rig)
    rig.lift()
    line.run_for(1)
    rig.press("5", 5000, 100)
    line.run_for(0.5)
    line.raw.clear()
    if lost:
        rig.to_host = once(lost, break_)
    rig.reset_card()
    line.run_for(4)
    assert [type(e) for e in line.of(DtmfStart, DtmfEnd)][:1] == [DtmfEnd]
    assert line.of(HookEdge, Fault) == []
    line.run_for(3)
    line.events.clear()
    line.run_for(rig.turn("7", 10, 60) + 0.5)
    rig.put_down()
    line.run_for(2)
    assert line.events == [PulseDigit("7"), OnHook()]


def test_a_gateway_that_stalls_finds_a_parked_card_and_rings_on() -> None:
    rig = SerialRig()
    line = started(rig)
    line.ring()
    line.run_for(1)
    rig.to_card = lambda data: b""
    line.run_for(3)
    rig.to_card = bytes
    line.run_for(10)
    assert line.events == [Ringing()]
    assert rig.board.bursts()[-1][1] > rig.board.now_ms - 7000


# --- plugging ---


def test_unplugged_in_a_call_and_plugged_again() -> None:
    rig = SerialRig()
    line = started(rig)
    rig.lift()
    line.run_for(1)
    line.events.clear()
    rig.break_down()
    line.run_for(1)
    assert [type(event) for event in line.events] == [LineFault]
    rig.mend()
    line.run_for(5)
    assert [type(event) for event in line.events] == [LineFault, LineReady, OffHook]
    line.run_for(rig.flash(500) + 1)
    assert line.events[-1] == HookFlash()


def test_a_card_that_is_gone_is_tried_ever_more_slowly() -> None:
    rig = SerialRig()
    line = started(rig)
    rig.break_down()
    line.run_for(600)
    assert len(faults(line)) == 1
    assert 120 <= rig.cable.tries <= 125
    rig.mend()
    line.run_for(7)
    assert len(line.of(Recovered)) == 1


def test_a_ring_of_before_is_not_rung_after() -> None:
    rig = SerialRig()
    line = started(rig)
    rig.port.ring(RING, rig.now)
    line.run_for(0.5)
    rig.break_down()
    line.run_for(2)
    rig.board.changes.clear()
    rig.mend()
    line.run_for(20)
    assert rig.board.bursts() == []


# --- the bell ---


@pytest.mark.parametrize("name", ["r1", "r2", "r3", "r6", "r8"])
def test_the_cadence_on_the_pins(name: str) -> None:
    rig = SerialRig()
    line = started(rig)
    cadence: Cadence = DISTINCTIVE[name]
    rig.port.ring(cadence, rig.now)
    line.run_for(11)
    rung = rig.board.bursts()
    made = [(a - rung[0][0], b - a - 15) for a, b in rung]
    at, wanted = 0, list[tuple[int, int]]()
    for on_ms, off_ms in cadence.steps * 3:
        wanted.append((at, min(on_ms, 1940)))
        at += max(on_ms + off_ms, 6031 if name == "r1" else 0)
    assert made == [pytest.approx(pair, abs=20) for pair in wanted[: len(made)]]
    assert len(line.of(RingStarted)) == 1


def test_an_answer_in_a_burst_is_a_ring_trip() -> None:
    rig = SerialRig()
    line = started(rig)
    line.ring()
    line.run_for(0.5)
    rig.lift()
    line.run_for(0.05)
    assert [type(e) for e in line.raw] == [RingStarted, RingTrip, HookEdge]
    assert line.events == [Ringing(), OffHook(True)]
    assert not rig.board.levels["rm"]
