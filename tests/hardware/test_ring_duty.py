"""Ring mode keeps to its share of time in every interval, whatever is asked of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import LocalProtocolError
from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.park import park
from gateway.hardware.gpio_slic.ring_plan import MS, period_ms, plan
from gateway.hardware.gpio_slic.slic import Slic
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.ring_duty import DutyInterlock
from gateway.line.cadence import DISTINCTIVE
from tests.hardware.duty import NS, check
from tests.hardware.fake_chip import FakeChip

WIRING = Wiring()
PINS = WIRING.pins


class Bench:
    """A Slic on its own, whose deadlines are called `late_ns` late."""

    def __init__(self) -> None:
        self.now = 0
        self.late_ns = 0
        self.burning = False
        self.chip = FakeChip(lambda: self.now)
        self.slic = self.begin()

    def begin(self) -> Slic:
        """A new process: the one before was killed, and its pins parked."""
        if self.chip.closed:
            self.chip = FakeChip(lambda: self.now, self.chip.written)
        park(self.chip, WIRING, lambda _: None)
        return Slic(self.chip, WIRING, lambda _: None, self.now, self.burn)

    def burn(self, on: bool) -> None:
        """RM is high only while the fuse burns."""
        assert on is not self.burning
        self.burning = on
        assert not self.chip.level(PINS.rm)

    def restart(self) -> None:
        self.chip.close()
        self.burning = False
        self.slic = self.begin()

    def run_for(self, ns: int) -> None:
        end = self.now + ns
        for edge in self.chip.edges():
            self.slic.edge(edge)
        while (due := self.slic.next_ns()) is not None and due + self.late_ns <= end:
            self.now = max(self.now, due + self.late_ns)
            self.slic.handle_deadline(self.now)
        self.now = end

    def bursts(self) -> list[tuple[int, int]]:
        """When RM went high, and low."""
        found: list[tuple[int, int]] = []
        since: int | None = None
        for t_ns, pin, level in self.chip.written:
            if pin == PINS.rm and level and since is None:
                since = t_ns
            elif pin == PINS.rm and not level and since is not None:
                found.append((since, t_ns))
                since = None
        return found if since is None else [*found, (since, self.now)]


lengths = st.integers(1, 4000)
cadences = st.lists(st.tuples(lengths, lengths), min_size=1, max_size=4)
actions = st.one_of(
    st.tuples(st.just("ring"), cadences, st.sampled_from([20.0, 22.5, 25.0])),
    st.tuples(st.sampled_from(["stop", "beat", "lift", "hang up", "off", "on", "kill"])),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5000), actions), max_size=12),
    st.integers(0, 15),
)
def test_every_interval(script: list[tuple[int, tuple]], late_ms: int) -> None:  # type: ignore[type-arg]
    """Whatever is rung, stopped, answered, switched off or killed, and when."""
    bench = Bench()
    bench.late_ns = late_ms * MS
    for wait_ms, action in script:
        match action:
            case ("ring", steps, hz):
                bench.slic.command(wire.Ring(hz, tuple(steps)), bench.now)
            case ("stop",):
                bench.slic.command(wire.Stop(), bench.now)
            case ("beat",):
                bench.slic.command(wire.Beat(), bench.now)
            case ("lift",) | ("hang up",):
                bench.chip.drive(PINS.shk, action == ("lift",))
            case ("off",) | ("on",):
                bench.slic.command(wire.Power(action == ("on",)), bench.now)
            case ("kill",):
                bench.restart()
        bench.run_for(wait_ms * MS)
    check(bench.bursts())


@settings(max_examples=30, deadline=None)
@given(cadences, st.sampled_from([20.0, 25.0]), st.integers(0, 15))
def test_every_round(steps: list[tuple[int, int]], hz: float, late_ms: int) -> None:
    """Ring mode is at most 32.5 % of each whole round."""
    bench = Bench()
    bench.late_ns = late_ms * MS
    bench.slic.command(wire.Ring(hz, tuple(steps)), bench.now)
    for _ in range(40):
        bench.slic.command(wire.Beat(), bench.now)
        bench.run_for(NS)
    bursts = bench.bursts()
    check(bursts)
    rounds = [bursts[n : n + len(steps)] for n in range(0, len(bursts), len(steps))]
    assert len(rounds) > 1
    for one, following in pairwise(rounds):
        high = sum(end - begin for begin, end in one)
        assert 1000 * high <= 325 * (following[0][0] - one[0][0])


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.integers(0, 10 * NS), st.integers(1, 1_960_000_000), st.booleans()),
        max_size=30,
    )
)
def test_the_interlock_alone(asked: list[tuple[int, int, bool]]) -> None:
    """As soon as it allows it, again and again."""
    duty, now, bursts = DutyInterlock(0), 0, []
    for wait, length, first in asked:
        begin = duty.ready_ns(now + wait, length, first=first)
        duty.begin(begin, length, first=first)
        now = begin + length
        duty.end(now)
        bursts.append((begin, now))
    check(bursts)


REFUSED = [
    ("before anything has come in", 0, 100 * MS, True),
    ("a nanosecond early", 2 * NS * 675 // 325 - 1, 1960 * MS, True),
    ("too long", 100 * NS, 1961 * MS, True),
    ("of no length", 100 * NS, 0, True),
]


@pytest.mark.parametrize(("at", "length", "first"), [r[1:] for r in REFUSED], ids=str)
def test_what_is_refused(at: int, length: int, first: bool) -> None:
    with pytest.raises(LocalProtocolError):
        DutyInterlock(0).begin(at, length, first=first)


def test_ring_mode_is_on_once() -> None:
    duty = DutyInterlock(0)
    duty.begin(10 * NS, NS, first=True)
    with pytest.raises(LocalProtocolError, match="on already"):
        duty.begin(11 * NS, NS, first=False)


def test_an_overrun_is_a_debt() -> None:
    """A process that was stopped for 8 s in a burst: 10 s at 32.5 % of the time are 30.8 s."""
    duty = DutyInterlock(0)
    duty.begin(10 * NS, 1960 * MS, first=True)
    duty.end(20 * NS)
    assert duty.ready_ns(20 * NS, NS, first=True) >= 40 * NS


# cadence, hz, milliseconds that a round really takes
PERIODS = [
    ("us", ((2000, 4000),), 20, 6000),
    ("uk", ((400, 200), (400, 2000)), 25, 3000),
    ("de", ((1000, 4000),), 25, 5000),
    ("fr", ((1500, 3500),), 25, 5000),
    ("jp", ((1000, 2000),), 20, 3114),
    ("r5", ((500, 500),), 20, 1576),
    ("endless", ((60_000, 1),), 20, 60_001),
]


@pytest.mark.parametrize(
    ("steps", "hz", "ms"), [r[1:] for r in PERIODS], ids=[r[0] for r in PERIODS]
)
def test_how_long_a_round_takes(steps: tuple[tuple[int, int], ...], hz: float, ms: float) -> None:
    assert period_ms(steps, hz) == pytest.approx(ms, abs=1)


@pytest.mark.parametrize("name", sorted(DISTINCTIVE))
@pytest.mark.parametrize("hz", [20, 25])
def test_bursts_are_as_long_as_whole_cycles_come(name: str, hz: float) -> None:
    steps = DISTINCTIVE[name].steps
    for burst, (on_ms, _) in zip(plan(steps, hz), steps, strict=True):
        assert 2 * burst.cycles * burst.half_ns / MS == pytest.approx(on_ms, abs=2000 / hz)
