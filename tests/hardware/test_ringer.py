"""What the bell's pins do, and when: frequency, ring trip, parking, feed and polarity."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.hardware.gpio_slic.ring_plan import MS
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.line import Cadence, OffHook
from gateway.line.events import HookEdge, RingPending, RingStarted, RingTrip
from tests.hardware.conformance import RING, Watched
from tests.hardware.gpio_rig import PINS, GpioRig
from tests.line.traces import country

SHORT = Cadence("short", ((500, 4000),))


def ringing(rig: GpioRig, cadence: Cadence = RING) -> Watched:
    line = Watched(rig, country("us")).start()
    line.machine.ring(rig.now)
    line.machine.effects()
    rig.chip.written.clear()
    rig.port.ring(cadence, rig.now)
    return line


@pytest.mark.parametrize("rest", [True, False], ids=["Ag1171S", "KS0835F"])
@pytest.mark.parametrize("hz", [20, 22, 25])
def test_a_burst(hz: float, rest: bool) -> None:
    """RM around whole cycles of 50 %, and F/R at rest for more than 10 ms before RM falls."""
    rig = GpioRig(hz=hz, wiring=Wiring(PINS, rest))
    ringing(rig, SHORT)
    begun = rig.now_ns
    rig.run_for(2)
    cycles = round(0.5 * hz)
    half = 500 / hz
    (_, up), (down, _) = rig.chip.waveform(PINS.rm, begun)
    assert up
    assert down == pytest.approx(2 * cycles * half + 12, abs=0.01)
    turns = rig.chip.waveform(PINS.fr, begun)
    assert [level for _, level in turns] == [not rest, rest] * cycles
    assert [b - a for (a, _), (b, _) in pairwise(turns)] == pytest.approx(
        [half] * (2 * cycles - 1), abs=0.01
    )
    assert 10 < down - turns[-1][0] <= 500


@pytest.mark.parametrize("ripple_ms", [0, 4, 9])
@pytest.mark.parametrize("after_ms", [1, 13, 30, 510, 944])
def test_ring_trip(after_ms: float, ripple_ms: float) -> None:
    """Hook persistent, F/R at rest at once, RM low more than 10 ms later: under 30 ms in all."""
    rig = GpioRig(ripple_ms=ripple_ms)
    line = ringing(rig)
    rig.run_for(after_ms / 1e3)
    rig.lift()
    lifted = rig.now_ns
    line.run_for(0.5)
    rest, low = rig.chip.written[-2:]
    assert (rest.pin, rest.level) == (PINS.fr, True)
    assert (low.pin, low.level) == (PINS.rm, False)
    assert (rest.t_ns - lifted + ripple_ms * MS) / MS >= 10
    assert 10 < (low.t_ns - rest.t_ns) / MS <= 30
    assert (low.t_ns - lifted) / MS < 30
    assert [type(e) for e in line.raw] == [RingStarted, HookEdge, RingTrip]
    assert line.events[-1:] == [OffHook(True)]


@pytest.mark.parametrize("pulse_ms", [1, 5, 9.9])
def test_a_short_pulse_is_no_answer(pulse_ms: float) -> None:
    rig = GpioRig()
    line = ringing(rig)
    rig.run_for(0.2)
    rig.lift()
    rig.run_for(pulse_ms / 1e3)
    rig.put_down()
    line.run_for(2)
    assert [type(e) for e in line.raw] == [RingStarted]
    assert [round(off - on, 3) for on, off in rig.bursts()] == [1.012]


def test_an_answer_as_the_burst_ends_is_an_ordinary_one() -> None:
    rig = GpioRig()
    line = ringing(rig)
    rig.run_for(1.006)
    rig.lift()
    line.run_for(1)
    assert [type(e) for e in line.raw] == [RingStarted, HookEdge]
    assert line.events[-1:] == [OffHook(True)]


@pytest.mark.parametrize("after_ms", [1, 26, 400, 1005, 1500])
def test_stopping(after_ms: float) -> None:
    """In a burst: F/R at rest at once. In a pause: nothing more."""
    rig = GpioRig()
    line = ringing(rig)
    line.run_for(after_ms / 1e3)
    stopped = rig.now_ns
    rig.port.stop_ringing(rig.now)
    line.run_for(8)
    late = [each for each in rig.chip.written if each.t_ns > stopped]
    assert all((each.pin, each.level) == (PINS.rm, False) for each in late)
    assert not rig.chip.level(PINS.rm)
    assert rig.chip.level(PINS.fr)


def test_a_ring_in_place_of_another_begins_its_own_cadence() -> None:
    rig = GpioRig()
    line = ringing(rig)
    line.run_for(0.3)
    rig.port.ring(SHORT, rig.now)
    line.run_for(6)
    lengths = [round(off - on, 3) for on, off in rig.bursts()]
    assert lengths == [pytest.approx(0.312, abs=0.002), 0.512, 0.512]


def test_nobody_rings_a_lifted_phone() -> None:
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(1)
    rig.port.ring(RING, rig.now)
    line.run_for(10)
    assert rig.bursts() == []
    assert line.of(RingStarted) == []


def test_after_a_start_the_first_burst_waits_for_its_budget() -> None:
    """What was rung before is not known."""
    rig = GpioRig(age_s=0)
    line = ringing(rig, Cadence("us", ((2000, 4000),)))
    line.run_for(8)
    ((on, off),) = rig.bursts()
    assert on == pytest.approx(4.054, abs=0.001)
    assert off - on == pytest.approx(1.912, abs=0.001)
    pending, started = line.raw
    assert (type(pending), type(started)) == (RingPending, RingStarted)
    assert pending.t_ns / 1e9 - 1000 == pytest.approx(0, abs=0.001)
    assert started.t_ns / 1e9 - 1000 == pytest.approx(on, abs=0.001)


def test_a_caller_who_tries_again_at_once_waits_for_the_bell() -> None:
    rig = GpioRig()
    line = ringing(rig, Cadence("us", ((2000, 4000),)))
    line.run_for(1.9)
    rig.port.stop_ringing(rig.now)
    line.run_for(0.5)
    rig.port.ring(RING, rig.now)
    line.run_for(8)
    assert [type(e) for e in line.raw] == [RingStarted, RingPending, RingStarted]


def test_a_lifted_phone_promises_no_bell() -> None:
    rig = GpioRig(age_s=0)
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(0.5)
    rig.port.ring(RING, rig.now)
    line.run_for(1)
    assert line.of(RingPending) == []


# --- feed and polarity ---


def test_the_feed_is_never_driven_high() -> None:
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    rig.port.disconnect(300, rig.now)
    line.run_for(0.1)
    assert PINS.pd is not None
    assert (rig.chip.is_output(PINS.pd), rig.chip.level(PINS.pd)) == (True, False)
    line.run_for(0.3)
    assert not rig.chip.is_output(PINS.pd)
    assert [each.level for each in rig.chip.written if each.pin == PINS.pd] == [False]


@pytest.mark.parametrize("lifted", [True, False])
def test_what_shk_does_without_feed_is_no_hook(lifted: bool) -> None:
    """And for the 50 ms of waking up; then its level counts again."""
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(1)
    line.raw.clear()
    rig.port.disconnect(400, rig.now)
    for _ in range(5):
        line.run_for(0.04)
        rig.chip.drive(PINS.shk, not rig.chip.level(PINS.shk))
    line.run_for(0.24)  # 440 ms: it wakes
    rig.chip.drive(PINS.shk, lifted)
    line.run_for(0.005)
    assert line.of(HookEdge) == []
    line.run_for(1)
    assert [e.off_hook for e in line.of(HookEdge) if isinstance(e, HookEdge)] == [False] * (
        not lifted
    )


def test_the_feed_goes_only_when_the_bell_is_parked() -> None:
    rig = GpioRig()
    line = ringing(rig)
    line.run_for(0.3)
    rig.port.power(False, rig.now)
    line.run_for(1)
    order = [(each.pin, each.level) for each in rig.chip.written][-3:]
    assert order == [(PINS.fr, True), (PINS.rm, False), (PINS.pd, False)]
    rig.port.ring(RING, rig.now)
    line.run_for(10)
    assert len(rig.bursts()) == 1
    rig.port.power(True, rig.now)
    line.run_for(1.2)
    assert len(rig.bursts()) == 2


@pytest.mark.parametrize("rest", [True, False])
def test_polarity(rest: bool) -> None:
    rig = GpioRig(wiring=Wiring(PINS, rest))
    line = Watched(rig, country("us")).start()
    for on in (True, False):
        rig.port.reverse(on, rig.now)
        assert rig.chip.level(PINS.fr) is (rest ^ on)
    rig.port.ring(RING, rig.now)
    line.run_for(0.02)
    rig.port.reverse(True, rig.now)
    assert rig.chip.level(PINS.fr) is rest


# --- the leash ---


def test_a_service_that_stands_still_does_not_ring() -> None:
    """Two seconds after its last beat; and it goes on ringing when it is back."""
    rig = GpioRig()
    line = ringing(rig, Cadence("long", ((2000, 200),)))
    line.run_for(1.1)
    process = rig.process
    assert process is not None
    while rig.now < 1008:  # only the process runs
        rig.now = max(rig.now, (process.next_ns() or 0) / 1e9 + 1e-7)
        process.run_to(rig.now_ns)
    assert [on for on, _ in rig.bursts()] == [0.0]
    assert not rig.chip.level(PINS.rm)
    line.run_for(3)
    assert len(rig.bursts()) == 2
    assert len(line.of(RingStarted)) == 1


def test_a_process_that_stands_still_is_ended_and_the_pins_are_parked() -> None:
    rig = GpioRig()
    line = ringing(rig)
    line.run_for(0.3)
    assert rig.process is not None
    rig.process.stopped = True
    line.run_for(2)
    (burst,) = rig.bursts()
    assert burst[1] - 0.3 < 2.5
    assert [type(e).__name__ for e in line.events] == ["Ringing", "LineFault", "LineReady"]
    assert rig.launched == 2
