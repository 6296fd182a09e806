"""The host asks no card for more than a line circuit stands, not even one that obeys blindly."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.hardware.gpio_slic.ring_plan import MS
from gateway.hardware.serial_card.bursts import period_ms
from gateway.hardware.serial_card.card.framing import LineReader, frame, unframe
from gateway.hardware.serial_card.link import CardLink
from gateway.line.cadence import DISTINCTIVE, Cadence
from gateway.line.events import PortEvent
from tests.hardware.duty import NS, check

PARK_NS = 15 * MS


SILENCE_NS = 3 * NS


class BlindCard:
    """Does what it is told, with no duty of its own. Times are nanoseconds.

    It parks without a host that beats, as any card does; a real one guards its duty besides.
    """

    def __init__(self, now: int) -> None:
        self.rm: list[tuple[int, int]] = []
        self.out: list[str] = ["READY 1.0"]
        self.next: tuple[int, int] | None = None
        self.begin: int | None = None  # of the burst that is, or whose pause is
        self.on = self.off = 0
        self.beat = self.heard = now
        self.parked = False

    def due(self) -> int:
        ends = [self.beat]
        if self.begin is not None:
            ends.append(self.begin + self.on + self.off)
        return min(ends)

    def run_to(self, now: int) -> None:
        if now >= self.beat:
            self.out.append("BEAT")
            self.beat = now + NS
            if now - self.heard > SILENCE_NS and not self.parked:
                self.parked = True
                self._stop(now + PARK_NS)
        if self.begin is not None and now >= self.begin + self.on + self.off:
            self._end(now)
            self._begin(now)

    def hear(self, text: str, now: int) -> None:
        word, *rest = text.split()
        if word == "BEAT":
            self.heard = now
            if self.parked:
                self.parked = False
                self.out.append("READY 1.0")
            return
        if word == "RING":
            self.next = (int(rest[1]) * MS, int(rest[2]) * MS)
            if self.begin is None:
                self._begin(now)
        elif word == "STOP":
            self._stop(now + PARK_NS)
        elif word == "STATE?":
            self.out.append(f"STATE hook=ON ring={int(self.next is not None)} power=1")
        self.out.append(f"OK {rest[0]}")

    def trip(self, now: int) -> None:
        """Lifted in a burst."""
        if self.begin is not None and now < self.begin + self.on:
            self.out.append(f"RINGTRIP {now // MS % (1 << 32)}")
            self._stop(now + PARK_NS)

    def reset(self, now: int) -> None:
        """RM is pulled down at once."""
        self._stop(now)
        self.out.append("READY 1.0")

    def _begin(self, now: int) -> None:
        assert self.next is not None
        parked = self.rm[-1][1] if self.rm else now
        self.begin, (self.on, self.off) = max(now, parked), self.next

    def _end(self, now: int) -> None:
        if self.begin is not None and now > self.begin:
            self.rm.append((self.begin, min(now, self.begin + self.on + PARK_NS)))
        self.begin = None

    def _stop(self, now: int) -> None:
        self._end(now)
        self.next = None


class Bench:
    """A link and a blind card, `late` nanoseconds apart in each direction."""

    def __init__(self, late: int) -> None:
        self.now, self.late = 1000 * NS, late
        self.link = CardLink("/dev/x", 20, self.now / NS)
        self.card = BlindCard(self.now)
        self.to_card: deque[tuple[int, str]] = deque()
        self.to_host: deque[tuple[int, str]] = deque()
        self.deaf_until = self.mute_until = self.now
        self.plugged = True
        self.told: list[PortEvent] = []
        self._reader = LineReader()
        self.link.opened(self.now / NS)
        self._pass_on()

    def run_for(self, ns: int) -> None:
        end = self.now + ns
        while (due := self._due()) <= end:
            self.now = max(self.now, due)
            self.step()
        self.now = end

    def step(self) -> None:
        self.card.run_to(self.now)
        while self.to_card and self.to_card[0][0] <= self.now:
            text = self.to_card.popleft()[1]
            if self.plugged and self.now >= self.deaf_until:
                self.card.hear(text, self.now)
        while self.to_host and self.to_host[0][0] <= self.now:
            text = self.to_host.popleft()[1]
            if self.plugged and self.now >= self.mute_until:
                self.link.receive(frame(text), self.now)
        self.link.handle_deadline(self.now / NS)
        if self.link.take_opening():
            self.plugged = True
            self.link.opened(self.now / NS)
        self._pass_on()

    def unplug(self) -> None:
        """The cable alone: the card has power of its own, and rings on."""
        self.plugged = False
        self.link.lost("gone", self.now / NS)

    def _due(self) -> int:
        times = [self.card.due(), int((self.link.next_deadline() or 1e9) * NS) + 1]
        return min(times + [queue[0][0] for queue in (self.to_card, self.to_host) if queue])

    def _pass_on(self) -> None:
        while (event := self.link.next_event()) is not None:
            self.told.append(event)
        for line in self._reader.feed(self.link.to_send(self.now / NS)):
            text = unframe(line)
            assert text is not None
            self.to_card.append((self.now + self.late, text))
        self.to_host.extend((self.now + self.late, text) for text in self.card.out)
        self.card.out.clear()


lengths = st.integers(1, 4000)
cadences = st.lists(st.tuples(lengths, lengths), min_size=1, max_size=4)
alone = st.lists(st.tuples(lengths, lengths), min_size=1, max_size=1)
wanted = st.tuples(st.sampled_from(["stop", "lift", "reset", "wait"]))
losses = st.one_of(
    st.tuples(st.just("unplug")),
    st.tuples(st.sampled_from(["deaf", "mute"]), st.integers(1, 5000)),
)
waits = st.integers(0, 5000)
# On a line that loses commands, a card with no duty of its own goes on with the pause that it has.
scripts = st.one_of(
    st.lists(st.tuples(waits, st.one_of(st.tuples(st.just("ring"), cadences), wanted))),
    st.lists(st.tuples(waits, st.one_of(st.tuples(st.just("ring"), alone), wanted, losses))),
)


@settings(max_examples=150, deadline=None)
@given(scripts, st.integers(0, 15))
def test_every_interval(script: list[tuple[int, tuple]], late_ms: int) -> None:  # type: ignore[type-arg]
    """Whatever is rung, stopped, answered, reset, unplugged or lost on the way, and when; also from
    one call to the next."""
    bench = Bench(late_ms * MS)
    bench.run_for(2 * NS)
    for wait_ms, action in script:
        match action:
            case ("ring", steps):
                bench.link.ring(Cadence("any", tuple(steps)), bench.now / NS)
            case ("stop",):
                bench.link.stop_ringing()
            case ("lift",):
                bench.card.trip(bench.now)
            case ("reset",):
                bench.card.reset(bench.now)
            case ("unplug",):
                bench.unplug()
            case ("deaf", ms):
                bench.deaf_until = bench.now + ms * MS
            case ("mute", ms):
                bench.mute_until = bench.now + ms * MS
        bench.step()
        bench.run_for(wait_ms * MS)
    bench.card.reset(bench.now)
    check(bench.card.rm)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(100, 4000), st.integers(100, 4000)), min_size=1, max_size=4),
    st.integers(0, 15),
)
def test_every_round(steps: list[tuple[int, int]], late_ms: int) -> None:
    """Ring mode is at most 32.5 % of each whole round."""
    bench = Bench(late_ms * MS)
    bench.run_for(10 * NS)
    bench.link.ring(Cadence("any", tuple(steps)), bench.now / NS)
    bench.step()
    bench.run_for(60 * NS)
    bench.card.reset(bench.now)
    bursts = bench.card.rm
    check(bursts)
    rounds = [bursts[n : n + len(steps)] for n in range(0, len(bursts), len(steps))]
    assert len(rounds) > 1
    for one, following in pairwise(rounds):
        high = sum(end - begin for begin, end in one)
        assert 1000 * high <= 325 * (following[0][0] - one[0][0])


@pytest.mark.parametrize("name", sorted(DISTINCTIVE))
def test_a_minute_of_each_cadence(name: str) -> None:
    bench = Bench(MS)
    bench.run_for(10 * NS)
    bench.link.ring(DISTINCTIVE[name], bench.now / NS)
    bench.step()
    bench.run_for(60 * NS)
    bench.card.reset(bench.now)
    check(bench.card.rm)
    real_ms = period_ms(DISTINCTIVE[name].steps)
    steps = len(DISTINCTIVE[name].steps)
    assert len(bench.card.rm) / steps == pytest.approx(60_000 / real_ms, abs=1.5)


PERIODS = [((2000, 4000), 6031), ((1000, 4000), 5000), ((1000, 2000), 3138), ((5000, 1000), 6031)]


@pytest.mark.parametrize(("step", "real_ms"), PERIODS)
def test_how_long_a_round_takes(step: tuple[int, int], real_ms: float) -> None:
    assert period_ms([step]) == pytest.approx(real_ms, abs=2)


@pytest.mark.parametrize(
    ("rested_s", "told"), [(1, ["RingPending", "RingStarted"]), (10, ["RingStarted"])]
)
def test_a_bell_that_has_to_rest_says_so(rested_s: int, told: list[str]) -> None:
    bench = Bench(MS)
    bench.run_for(rested_s * NS)
    bench.link.ring(DISTINCTIVE["r1"], bench.now / NS)
    bench.step()
    bench.run_for(6 * NS)
    assert [type(event).__name__ for event in bench.told] == told
