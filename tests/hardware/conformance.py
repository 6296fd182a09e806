"""What every line driver does, as rows: the simulated one first, the others by the same suite.

A driver's test subclasses `LinePortConformance` and gives a `rig` fixture. A rig makes a port and
stands for the telephone at its other end: a simulated handset on virtual time, or a model that
turns real pins in real time. Gestures begin at the rig's present time; `run_for` lets them happen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import pytest

from gateway.line import (
    Country,
    HookFlash,
    LineEvent,
    LineFault,
    LineMachine,
    LinePort,
    LineReady,
    OffHook,
    OnHook,
    PulseDigit,
    Ringing,
    StartRing,
    StopRing,
)
from gateway.line.cadence import Cadence
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    Fault,
    HookEdge,
    PortEvent,
    Recovered,
    RingStarted,
)
from tests.line.traces import country

RING = Cadence("test", ((1000, 2000),))


class Rig(Protocol):
    """One port with a telephone on it."""

    @property
    def port(self) -> LinePort: ...
    @property
    def now(self) -> float: ...

    def run_for(self, seconds: float) -> None:
        """Let time pass; the port's deadlines are called."""

    def lift(self) -> None: ...
    def put_down(self) -> None: ...
    def flash(self, ms: int) -> float:
        """Returns how many seconds the gesture takes, as do the next two."""

    def press(self, keys: str, on_ms: int, off_ms: int) -> float: ...
    def turn(self, digits: str, pps: float, break_percent: float) -> float: ...
    def break_down(self) -> None:
        """Make the hardware fail in whatever way the driver can notice."""

    def mend(self) -> None: ...
    def meter(self) -> tuple[bool, bool]:
        """What a meter at the telephone shows: fed, reversed."""


@dataclass
class Watched:
    """A port with a line machine over it, as the service binds them."""

    rig: Rig
    country: Country
    raw: list[PortEvent] = field(default_factory=list)
    events: list[LineEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = LineMachine(self.country)

    def start(self) -> Watched:
        self.rig.port.start(self._heard, self.rig.now)
        return self

    def ring(self) -> None:
        self.machine.ring(self.rig.now)
        self._carry_out()

    def run_for(self, seconds: float, step: float = 0.005) -> None:
        """Port first, then machine, in small steps: a rig may be on real time."""
        end = self.rig.now + seconds
        while self.rig.now < end:
            self.rig.run_for(min(step, end - self.rig.now))
            due = self.machine.next_deadline()
            if due is not None and due <= self.rig.now:
                self.machine.handle_deadline(self.rig.now)
            self._carry_out()
            if self.rig.now + 1e-9 >= end:
                break

    def _heard(self, event: PortEvent) -> None:
        self.raw.append(event)
        self.machine.receive(event, self.rig.now)

    def _carry_out(self) -> None:
        for effect in self.machine.effects():
            if isinstance(effect, StartRing):
                self.rig.port.ring(effect.cadence, self.rig.now)
            elif isinstance(effect, StopRing):
                self.rig.port.stop_ringing(self.rig.now)
        while (event := self.machine.next_event()) is not None:
            self.events.append(event)

    def of(self, *kinds: type) -> list[PortEvent]:
        return [event for event in self.raw if isinstance(event, kinds)]


class LinePortConformance:
    """Subclass, and give a `rig` fixture."""

    @pytest.fixture
    def line(self, rig: Rig) -> Watched:
        return Watched(rig, country("us")).start()

    @pytest.fixture
    def lifted(self, line: Watched) -> Watched:
        line.rig.lift()
        line.run_for(0.5)
        line.events.clear()
        line.raw.clear()
        return line

    # --- the bell ---

    def test_ringing_is_confirmed_once(self, line: Watched) -> None:
        line.rig.port.ring(RING, line.rig.now)
        line.run_for(7)
        assert len(line.of(RingStarted)) == 1

    def test_stopping_is_idempotent(self, line: Watched) -> None:
        line.rig.port.stop_ringing(line.rig.now)
        line.rig.port.ring(RING, line.rig.now)
        line.run_for(1)
        line.rig.port.stop_ringing(line.rig.now)
        line.rig.port.stop_ringing(line.rig.now)
        line.run_for(4)
        assert len(line.of(RingStarted)) == 1

    def test_it_rings_again(self, line: Watched) -> None:
        for _ in range(2):
            line.rig.port.ring(RING, line.rig.now)
            line.run_for(1)
            line.rig.port.stop_ringing(line.rig.now)
            line.run_for(6)
        assert len(line.of(RingStarted)) == 2

    def test_the_bell_alone_is_no_answer(self, line: Watched) -> None:
        line.ring()
        line.run_for(10)
        assert line.events == [Ringing()]

    def test_an_answer(self, line: Watched) -> None:
        line.ring()
        line.run_for(4)
        line.rig.lift()
        line.run_for(1)
        assert line.events == [Ringing(), OffHook(True)]

    # --- the hook ---

    def test_nothing_is_reported_at_rest(self, line: Watched) -> None:
        line.run_for(5)
        assert line.raw == []

    def test_a_lifted_phone_is_reported_at_start(self, rig: Rig) -> None:
        rig.lift()
        line = Watched(rig, country("us")).start()
        line.run_for(0.5)
        assert line.events == [OffHook(False)]

    def test_edges_alternate_and_time_goes_on(self, lifted: Watched) -> None:
        lifted.run_for(lifted.rig.turn("35", 10, 60) + 0.5)
        lifted.run_for(lifted.rig.flash(500) + 0.5)
        lifted.rig.put_down()
        lifted.run_for(2)
        edges = [e for e in lifted.raw if isinstance(e, HookEdge)]
        assert [e.off_hook for e in edges] == [n % 2 == 1 for n in range(len(edges))]
        stamps = [e.t_ns for e in lifted.raw]
        assert stamps == sorted(stamps)
        assert stamps[-1] <= lifted.rig.now * 1e9

    def test_putting_down(self, lifted: Watched) -> None:
        lifted.rig.put_down()
        lifted.run_for(3)
        assert lifted.events == [OnHook()]

    @pytest.mark.parametrize("ms", [310, 500, 990])
    def test_a_flash(self, lifted: Watched, ms: int) -> None:
        lifted.run_for(lifted.rig.flash(ms) + 1)
        assert lifted.events == [HookFlash()]

    @pytest.mark.parametrize("break_percent", [50, 60, 75])
    @pytest.mark.parametrize("pps", [8, 10, 12])
    def test_pulses(self, lifted: Watched, pps: float, break_percent: float) -> None:
        lifted.run_for(lifted.rig.turn("1902837465", pps, break_percent) + 1)
        assert lifted.events == [PulseDigit(d) for d in "1902837465"]

    # --- keys ---

    @pytest.mark.parametrize(("on_ms", "off_ms"), [(40, 40), (100, 100), (500, 60)])
    def test_keys(self, lifted: Watched, on_ms: int, off_ms: int) -> None:
        keys = "0123456789*#ABCD1155"
        lifted.run_for(lifted.rig.press(keys, on_ms, off_ms) + 0.5)
        started = [e.digit for e in lifted.raw if isinstance(e, DtmfStart)]
        ended = [e.digit for e in lifted.raw if isinstance(e, DtmfEnd)]
        assert ("".join(started), "".join(ended)) == (keys, keys)

    def test_a_key_ends_before_the_next_one(self, lifted: Watched) -> None:
        lifted.run_for(lifted.rig.press("12", 60, 60) + 0.5)
        kinds = [type(e) for e in lifted.of(DtmfStart, DtmfEnd)]
        assert kinds == [DtmfStart, DtmfEnd] * 2

    def test_early_tone_frames_each_key(self, lifted: Watched) -> None:
        lifted.run_for(lifted.rig.press("159", 60, 60) + 0.5)
        early = [e.on for e in lifted.raw if isinstance(e, EarlyTone)]
        assert early == [True, False] * 3

    def test_key_lengths(self, lifted: Watched) -> None:
        lifted.run_for(lifted.rig.press("5", 200, 100) + 0.5)
        start, end = lifted.of(DtmfStart, DtmfEnd)
        assert (end.t_ns - start.t_ns) / 1e6 == pytest.approx(200, abs=30)

    # --- feed and polarity ---

    def test_the_line_is_fed_and_the_right_way_round(self, line: Watched) -> None:
        line.run_for(0.1)
        assert line.rig.meter() == (True, False)

    def test_polarity_is_reversed_and_back(self, line: Watched) -> None:
        for on in (True, True, False):
            line.rig.port.reverse(on, line.rig.now)
            line.run_for(0.2)
            assert line.rig.meter() == (True, on)
        assert line.raw == []

    def test_a_line_that_was_reversed_rings(self, line: Watched) -> None:
        line.rig.port.reverse(True, line.rig.now)
        line.run_for(0.2)
        line.rig.port.reverse(False, line.rig.now)
        line.ring()
        line.run_for(3)
        line.rig.lift()
        line.run_for(1)
        assert line.events == [Ringing(), OffHook(True)]

    @pytest.mark.parametrize("ms", [100, 400, 800])
    def test_a_disconnect_has_an_end(self, lifted: Watched, ms: int) -> None:
        """And no hook of it: the handset is where it was."""
        lifted.rig.port.disconnect(ms, lifted.rig.now)
        lifted.run_for(ms / 2e3)
        assert lifted.rig.meter() == (False, False)
        lifted.run_for(ms / 2e3 + 0.3)
        assert lifted.rig.meter() == (True, False)
        assert lifted.raw == []

    def test_a_phone_that_lets_go_at_a_disconnect_has_hung_up(self, lifted: Watched) -> None:
        lifted.rig.port.disconnect(800, lifted.rig.now)
        lifted.run_for(0.3)
        lifted.rig.put_down()
        lifted.run_for(0.3)
        assert lifted.raw == []
        lifted.run_for(3)
        assert lifted.events == [OnHook()]

    def test_without_feed_until_it_is_given_back(self, lifted: Watched) -> None:
        lifted.rig.port.power(False, lifted.rig.now)
        lifted.run_for(3)
        assert lifted.rig.meter() == (False, False)
        lifted.rig.port.power(True, lifted.rig.now)
        lifted.run_for(0.5)
        assert lifted.rig.meter() == (True, False)
        assert lifted.raw == []

    # --- failing, and ending ---

    def test_a_fault_is_told_and_mended(self, line: Watched) -> None:
        line.rig.break_down()
        line.run_for(5)
        assert [type(e) for e in line.events] == [LineFault]
        (fault,) = line.of(Fault)
        assert isinstance(fault, Fault)
        assert fault.text.strip()
        line.rig.mend()
        line.run_for(5)
        assert [type(e) for e in line.events] == [LineFault, LineReady]
        assert len(line.of(Recovered)) == 1

    def test_ringing_a_broken_phone_is_a_fault_again(self, line: Watched) -> None:
        line.rig.break_down()
        line.run_for(5)
        line.raw.clear()
        line.rig.port.ring(RING, line.rig.now)
        line.run_for(1)
        assert line.of(RingStarted) == []
        assert line.of(Fault)

    def test_closing_is_idempotent_and_final(self, line: Watched) -> None:
        line.rig.port.ring(RING, line.rig.now)
        line.run_for(1)
        line.rig.port.close(line.rig.now)
        line.rig.port.close(line.rig.now)
        line.raw.clear()
        line.rig.lift()
        line.rig.port.ring(RING, line.rig.now)
        line.rig.port.stop_ringing(line.rig.now)
        line.rig.port.handle_deadline(line.rig.now + 1)
        line.run_for(1)
        assert line.raw == []
        assert line.rig.port.next_deadline() is None

    def test_the_driver_has_its_registered_name(self, line: Watched) -> None:
        assert line.rig.port.driver in {"gpio", "serial", "simulated"}
