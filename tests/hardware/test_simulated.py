"""The simulated driver passes the conformance suite, bouncing or not, and shows its bell."""

from __future__ import annotations

import pytest

from gateway.errors import HardwareError
from gateway.hardware.simulated import SimulatedLine
from gateway.line import OffHook, PulseDigit, Ringing
from gateway.line.events import HookEdge, PortEvent
from tests.hardware.conformance import RING, LinePortConformance, Watched
from tests.line.traces import country


class SimulatedRig:
    """A simulated phone on virtual time."""

    def __init__(self, bounce_ms: float = 0, auto_answer_s: float | None = None) -> None:
        self.port = SimulatedLine("phone1", bounce_ms=bounce_ms, auto_answer_s=auto_answer_s)
        self.now = 1000.0

    def run_for(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.port.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.port.handle_deadline(self.now)
        self.now = end

    def lift(self) -> None:
        self.port.handset.off_hook(self.now)

    def put_down(self) -> None:
        self.port.handset.on_hook(self.now)

    def flash(self, ms: int) -> float:
        return self.port.handset.flash(self.now, ms=ms) - self.now

    def press(self, keys: str, on_ms: int, off_ms: int) -> float:
        return self.port.handset.dial(keys, self.now, on_ms=on_ms, off_ms=off_ms) - self.now

    def turn(self, digits: str, pps: float, break_percent: float) -> float:
        handset = self.port.handset
        done = handset.dial(digits, self.now, pulse=True, pps=pps, break_percent=break_percent)
        return done - self.now

    def break_down(self) -> None:
        self.port.fail("the cable is cut; plug the phone in again", self.now)

    def mend(self) -> None:
        self.port.repair(self.now)

    def meter(self) -> tuple[bool, bool]:
        return self.port.fed, self.port.reversed


class TestSimulated(LinePortConformance):
    @pytest.fixture(params=[0, 3, 8], ids=lambda ms: f"bounce{ms}")
    def rig(self, request: pytest.FixtureRequest) -> SimulatedRig:
        return SimulatedRig(bounce_ms=request.param)


def test_edges_carry_the_planned_times() -> None:
    """However late the deadline is called."""
    rig, raw = SimulatedRig(), list[PortEvent]()
    rig.port.start(raw.append, rig.now)
    rig.lift()
    rig.port.handset.dial("2", rig.now, pulse=True, pps=10, break_percent=60)
    rig.port.handle_deadline(rig.now + 60)
    start = round(rig.now * 1e9)
    edges = [(e.off_hook, (e.t_ns - start) / 1e6) for e in raw if isinstance(e, HookEdge)]
    assert edges == [(True, 0), (False, 50), (True, 110), (False, 150), (True, 210)]


def test_bounce_adds_edges_and_changes_no_length() -> None:
    rig, raw = SimulatedRig(bounce_ms=4), list[PortEvent]()
    rig.port.start(raw.append, rig.now)
    rig.lift()
    rig.run_for(1)
    raw.clear()
    start = round(rig.now * 1e9)
    rig.flash(300)
    rig.run_for(1)
    edges = [(e.off_hook, (e.t_ns - start) / 1e6) for e in raw if isinstance(e, HookEdge)]
    opened = [(False, 0), (True, 2), (False, 4)]
    assert edges == [*opened, (True, 300), (False, 302), (True, 304)]


def test_it_answers_by_itself() -> None:
    rig = SimulatedRig(auto_answer_s=0.5)
    line = Watched(rig, country("us")).start()
    line.ring()
    line.run_for(0.49)
    assert line.events == [Ringing()]
    line.run_for(0.1)
    assert line.events == [Ringing(), OffHook(True)]
    (edge,) = line.of(HookEdge)
    assert edge.t_ns == 1000_500_000_000


@pytest.mark.parametrize(
    ("by", "hand", "down"),
    [
        ("itself", "", True),
        ("hand", "", False),  # who lifts it puts it down
        ("itself", "down and up", False),
        ("itself", "flash", True),
    ],
)
def test_what_lifted_itself_puts_itself_down_when_the_far_end_is_gone(
    by: str, hand: str, down: bool
) -> None:
    rig = SimulatedRig(auto_answer_s=0.5)
    line = Watched(rig, country("us")).start()
    line.ring()
    if by == "hand":
        rig.lift()
    line.run_for(2)
    assert line.events == [Ringing(), OffHook(True)]
    if hand == "flash":
        rig.flash(500)
    elif hand:
        rig.put_down()
        line.run_for(2)
        rig.lift()
    line.run_for(2)
    rig.port.hear_the_end(rig.now)
    line.run_for(2)
    assert rig.port.handset.lifted is rig.port.handset.loop_closed is not down
    # Once more from the beginning.
    rig.put_down()
    line.run_for(2)
    line.ring()
    line.run_for(2)
    assert rig.port.handset.loop_closed


def test_a_call_given_up_is_not_answered() -> None:
    rig = SimulatedRig(auto_answer_s=0.5)
    line = Watched(rig, country("us")).start()
    line.ring()
    line.run_for(0.4)
    line.rig.port.stop_ringing(line.rig.now)
    line.run_for(5)
    assert line.of(HookEdge) == []


def test_the_bell_can_be_watched() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    bell = rig.port.bell
    assert not bell.ringing
    rig.port.ring(RING, rig.now)
    seen = []
    for _ in range(4):
        seen.append((bell.ringing, bell.sounding(rig.now), bell.count(rig.now)))
        line.run_for(1)
    assert seen == [(True, True, 1), (True, False, 1), (True, False, 1), (True, True, 2)]
    rig.lift()
    line.run_for(0.1)
    assert (bell.ringing, bell.sounding(rig.now), bell.count(rig.now)) == (False, False, 2)


def test_putting_down_ends_everything_at_once() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(1)
    rig.press("1234567890", 100, 100)
    line.run_for(0.25)
    rig.put_down()
    line.run_for(5)
    names = [type(e).__name__ for e in line.events]
    assert names == ["OffHook", *["DigitStarted", "DigitEnded"] * 2, "OnHook"]
    assert line.raw[-1] == HookEdge(False, 1001_250_000_000)


def test_putting_down_in_a_pulse_opens_nothing_twice() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(1)
    rig.turn("5", 10, 60)
    line.run_for(0.03)
    rig.put_down()
    line.run_for(5)
    assert [e.off_hook for e in line.raw if isinstance(e, HookEdge)] == [True, False]
    assert line.machine.state == "idle"


def test_gestures_queue() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    rig.turn("12", 10, 60)
    rig.flash(500)
    rig.turn("3", 10, 60)
    assert rig.port.handset.busy_until == pytest.approx(1002.0)
    line.run_for(6)
    digits = "".join(e.digit for e in line.events if isinstance(e, PulseDigit))
    assert digits == "123"
    assert [type(e).__name__ for e in line.events].index("HookFlash") == 3


def test_hook_moved_in_a_fault_is_told_afterwards() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    rig.break_down()
    rig.lift()
    line.run_for(1)
    assert line.of(HookEdge) == []
    rig.mend()
    line.run_for(1)
    assert line.events[-1] == OffHook(False)


def test_a_phone_is_taken_once() -> None:
    rig = SimulatedRig()
    line = Watched(rig, country("us")).start()
    with pytest.raises(HardwareError, match="already in use"):
        line.start()
    rig.port.close(rig.now)
    with pytest.raises(HardwareError, match="already in use"):
        line.start()
