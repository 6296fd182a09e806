"""Caller ID in its place: what is done when, and what an answer cuts short."""

from __future__ import annotations

import copy
import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line import (
    CallerIdentity,
    Country,
    Disconnect,
    Effect,
    LineMachine,
    LocalTime,
    OffHook,
    PlayTone,
    Reverse,
    Ringing,
    SendData,
    StartRing,
    StopRing,
    StopTone,
)
from gateway.line.cadence import DISTINCTIVE
from gateway.line.caller_id import message_waiting, multiple_data_message
from gateway.line.events import Fault, HookEdge, PortEvent, Recovered, RingPending, RingStarted
from gateway.line.presentation import ALERTING_HZ
from tests.line.traces import CODES, COUNTRIES, country

ALICE = CallerIdentity("15551234567", "Alice")
WHEN = LocalTime(11, 26, 9, 5)
NS = 1_000_000


def changed(code: str, **values: Any) -> Country:
    data = copy.deepcopy(tomllib.loads((COUNTRIES / f"{code}.toml").read_text()))
    data["caller_id"] = {"source": "a test", **values}
    return Country.from_mapping(data)


PULSE = changed("de", standard="v23", placement="ring-pulse")
TONE_ONLY = changed("de", standard="v23", placement="before-ring", alerting_tone=True)
SINGLE = changed("us", standard="bell202", placement="after-ring", message="sdmf")


@dataclass
class Line:
    """A machine whose bell starts `bell_ms` after it is asked; effects with their milliseconds."""

    country: Country
    bell_ms: float = 0
    time: float = 0.0  # seconds
    done: list[tuple[int, Effect]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = LineMachine(self.country, calendar=lambda: WHEN, disconnect_ms=800)
        self._bell_at: float | None = None

    @property
    def now(self) -> float:
        """Milliseconds."""
        return self.time * 1e3

    def ring(self, cadence: str | None = None, caller: CallerIdentity | None = ALICE) -> Line:
        assert self.machine.ring(self.time, cadence, caller)
        return self.collect()

    def stop(self) -> Line:
        self.machine.stop_ringing(self.time)
        return self.collect()

    def give(self, event: PortEvent) -> Line:
        self.machine.receive(event, self.time)
        return self.collect()

    def edge(self, off_hook: bool) -> Line:
        return self.give(HookEdge(off_hook, round(self.now * NS)))

    def at(self, ms: float) -> Line:
        while (due := self._due()) is not None and due <= ms / 1e3:
            self.time = max(self.time, due)
            if self._bell_at is not None and self._bell_at <= self.time:
                self._bell_at = None
                self.give(RingStarted(round(self.now * NS)))
            self.machine.handle_deadline(self.time)
            self.collect()
        self.time = max(self.time, ms / 1e3)
        return self.collect()

    def stall(self, ms: float) -> Line:
        """The loop stands still, then looks once."""
        self.time += ms / 1e3
        self.machine.handle_deadline(self.time)
        return self.collect()

    def of(self, *kinds: type) -> list[tuple[int, Any]]:
        return [(ms, effect) for ms, effect in self.done if isinstance(effect, kinds)]

    def _due(self) -> float | None:
        times = (self._bell_at, self.machine.next_deadline())
        return min((t for t in times if t is not None), default=None)

    def collect(self) -> Line:
        for effect in self.machine.effects():
            self.done.append((round(self.now), effect))
            match effect:
                case StartRing():
                    self._bell_at = self.time + self.bell_ms / 1e3
                case StopRing():
                    self._bell_at = None
        while (event := self.machine.next_event()) is not None:
            self.events.append(event)
        return self


def kinds(line: Line) -> list[tuple[int, str]]:
    return [(ms, type(effect).__name__) for ms, effect in line.done]


FSK_MS = round((300 + 180 + 10 * len(multiple_data_message(ALICE, WHEN)) + 8) / 1.2)
UK_MS = 100 + 75 + FSK_MS - round(100 / 1.2)
KEYS_MS = 140 * len("A15551234567C")

PLACES: list[tuple[str, Country, str | None, list[tuple[int, str]]]] = [
    ("us", country("us"), None, [(0, "StartRing"), (2550, "SendData")]),
    ("us, single message", SINGLE, None, [(0, "StartRing"), (2550, "SendData")]),
    ("de", country("de"), None, [(0, "StartRing"), (1550, "SendData")]),
    ("au, after both bursts", country("au"), None, [(0, "StartRing"), (1550, "SendData")]),
    ("us, three bursts", country("us"), "r3", [(0, "StartRing"), (2550, "SendData")]),
    ("us, no pause has room", country("us"), "r5", [(0, "StartRing")]),
    (
        "uk",
        country("uk"),
        None,
        [
            (0, "Reverse"),
            (150, "PlayTone"),
            (150, "SendData"),
            (150 + UK_MS + 300, "Reverse"),
            (150 + UK_MS + 300, "StartRing"),
        ],
    ),
    (
        "an alerting tone alone",
        TONE_ONLY,
        None,
        [(0, "PlayTone"), (0, "SendData"), (100 + 75 + FSK_MS + 300, "StartRing")],
    ),
    (
        "a pulse of the bell",
        PULSE,
        None,
        [(0, "StartRing"), (850, "SendData"), (850 + FSK_MS + 300, "StartRing")],
    ),
    (
        "se",
        country("se"),
        None,
        [
            (0, "Reverse"),
            (250, "PlayTone"),
            (250 + KEYS_MS + 300, "Reverse"),
            (250 + KEYS_MS + 300, "StartRing"),
        ],
    ),
    ("jp", country("jp"), None, [(0, "StartRing")]),
]


@pytest.mark.parametrize(
    ("where", "cadence", "wanted"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES]
)
def test_it_is_in_its_place(
    where: Country, cadence: str | None, wanted: list[tuple[int, str]]
) -> None:
    line = Line(where).ring(cadence).at(20_000)
    near = [(ms + 1) // 3 for ms, _ in kinds(line)], [(ms + 1) // 3 for ms, _ in wanted]
    assert [name for _, name in kinds(line)] == [name for _, name in wanted]
    assert near[0] == pytest.approx(near[1], abs=1)
    assert line.events == [Ringing()]


def test_without_a_caller_it_only_rings() -> None:
    for code in CODES:
        assert kinds(Line(country(code)).ring(caller=None).at(9000)) == [(0, "StartRing")]


def test_it_waits_for_a_bell_that_is_late() -> None:
    line = Line(country("us"), bell_ms=700).ring().at(9000)
    assert line.of(SendData)[0][0] == 700 + 2550


def test_a_bell_that_rests_first_is_ringing_but_shows_nothing_yet() -> None:
    line = Line(country("us"), bell_ms=3000).ring()
    assert line.events == []
    line.give(RingPending(0))
    assert line.events == [Ringing()]
    line.at(3000 + 2549)
    assert (line.of(SendData), line.events) == ([], [Ringing()])
    assert kinds(line.at(6000)) == [(0, "StartRing"), (3000 + 2550, "SendData")]


def test_what_is_sent_in_the_us() -> None:
    ((_, data),) = Line(country("us")).ring().at(9000).of(SendData)
    assert data == SendData("bell202", multiple_data_message(ALICE, WHEN), 300, 180, -13.5)


def test_the_alerting_tone_is_one() -> None:
    """88 to 110 ms (SIN 227), and 45 ms at least before the data."""
    ((_, alert),) = Line(country("uk")).ring().at(9000).of(PlayTone)
    (segment,) = alert.tone.segments
    assert segment.frequencies == ALERTING_HZ
    assert 88 <= segment.on_ms <= 110
    assert segment.off_ms >= 45
    assert alert.tone.repeat_from is None


def test_the_number_is_keyed() -> None:
    ((_, keyed),) = Line(country("nl")).ring().at(9000).of(PlayTone)
    assert [s.frequencies for s in keyed.tone.segments[:2]] == [(941.0, 1633.0), (697.0, 1209.0)]
    assert {(s.on_ms, s.off_ms) for s in keyed.tone.segments} == {(70, 70)}


CUTS: list[tuple[str, str, float, list[Effect]]] = [
    ("us, before it", "us", 2400, [StopRing()]),
    ("us, in it", "us", 2800, [StopTone(), StopRing()]),
    ("us, after it", "us", 5000, [StopRing()]),
    ("uk, reversed", "uk", 100, [Reverse(False), StopRing()]),
    ("uk, in it", "uk", 500, [Reverse(False), StopTone(), StopRing()]),
    ("uk, ringing", "uk", 3000, [StopRing()]),
    ("se, in it", "se", 600, [Reverse(False), StopTone(), StopRing()]),
]


@pytest.mark.parametrize("how", ["answer", "the caller gives up"])
@pytest.mark.parametrize(
    ("code", "ms", "effects"), [row[1:] for row in CUTS], ids=[row[0] for row in CUTS]
)
def test_it_is_cut_short(how: str, code: str, ms: float, effects: list[Effect]) -> None:
    line = Line(country(code)).ring().at(ms)
    line.done.clear()
    if how == "answer":
        line.edge(True).at(ms + 50)
        assert line.events[-1] == OffHook(True)
    else:
        line.stop()
    assert [effect for _, effect in line.at(ms + 20_000).done] == effects


def test_a_fault_cuts_it_too() -> None:
    line = Line(country("uk")).ring().at(500)
    line.done.clear()
    line.give(Fault("no power", round(500 * NS))).at(9000)
    assert [e for _, e in line.done] == [Reverse(False), StopTone(), StopRing()]


@pytest.mark.parametrize(("closed_ms", "answered"), [(16, False), (39, False), (41, True)])
def test_a_display_may_acknowledge_the_alerting_tone(closed_ms: int, answered: bool) -> None:
    """It closes the loop for 14 to 16 ms (SIN 242), which is no answer."""
    line = Line(country("uk")).ring().at(275).edge(True).at(275 + closed_ms).edge(False).at(2500)
    assert (OffHook(True) in line.events) is answered
    assert bool(line.of(StartRing)) is not answered


def test_a_bell_that_rings_is_answered_as_fast_as_ever() -> None:
    line = Line(country("uk")).ring().at(3000).edge(True).at(3011)
    assert line.events == [Ringing(), OffHook(True)]


def test_a_loop_that_stood_still_sends_nothing_into_the_next_ring() -> None:
    line = Line(country("au")).ring().at(1000).stall(1500).at(9000)
    assert kinds(line) == [(0, "StartRing")]


def test_a_loop_that_stood_still_rings_behind_the_data() -> None:
    line = Line(country("uk")).ring().at(100).stall(400).at(9000)
    (sent, _), (rung, _) = line.of(SendData)[0], line.of(StartRing)[0]
    assert sent == 500
    assert rung >= sent + UK_MS + 200


# --- the message lamp, and the far end that is gone ---


def test_the_lamp_is_switched_at_rest() -> None:
    line = Line(country("us")).at(100)
    line.machine.show_messages(True, line.time)
    line.at(9000)
    assert line.done == [(2100, SendData("bell202", message_waiting(True), 300, 180, -13.5))]


def test_the_lamp_is_alerted_to_where_displays_are() -> None:
    line = Line(country("uk"))
    line.machine.show_messages(False, 0)
    line.at(9000)
    names = [name for _, name in kinds(line)]
    assert names == ["Reverse", "PlayTone", "SendData", "Reverse"]
    assert line.events == []


@pytest.mark.parametrize("code", ["se", "jp"])
def test_some_displays_have_no_lamp(code: str) -> None:
    line = Line(country(code))
    line.machine.show_messages(True, 0)
    assert line.at(9000).done == []


def test_a_lamp_that_was_disturbed_is_told_again() -> None:
    line = Line(country("us"))
    line.machine.show_messages(True, 0)
    line.at(2100).edge(True).at(4000)
    assert kinds(line) == [(2000, "SendData"), (2140, "StopTone")]
    line.edge(False).at(20_000)
    (_, first), (again, second) = line.of(SendData)
    assert (first, again >= 6900) == (second, True)


def test_a_lamp_that_shows_it_is_not_told_again() -> None:
    line = Line(country("us"))
    for waiting in (True, True, False, False, True):
        line.machine.show_messages(waiting, line.time)
        line.at(line.now + 9000)
    assert [sent.message[-2] for _, sent in line.of(SendData)] == [0xFF, 0x00, 0xFF]


def test_the_lamp_waits_for_the_end_of_a_call() -> None:
    line = Line(country("us")).edge(True).at(1000)
    line.machine.show_messages(True, 1)
    line.machine.show_messages(False, 1)
    assert line.at(5000).done == []
    line.edge(False).at(20_000)
    ((_, sent),) = line.done
    assert isinstance(sent, SendData)
    assert sent.message == message_waiting(False)


@pytest.mark.parametrize(("lifted", "effects"), [(True, [Disconnect(800)]), (False, [])])
def test_the_far_end_is_gone(lifted: bool, effects: list[Effect]) -> None:
    line = Line(country("us"))
    if lifted:
        line.edge(True).at(1000)
    line.machine.far_end_gone()
    assert [e for _, e in line.at(2000).done] == effects


# --- whatever happens ---

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ring", "stop", "lift", "rest", "fault", "mend", "lamp", "wait"]),
        st.integers(0, 3000),
    ),
    max_size=25,
)


@given(
    st.sampled_from([*(country(c) for c in CODES), PULSE, TONE_ONLY]),
    st.sampled_from([None, *DISTINCTIVE]),
    st.integers(0, 500),
    STEPS,
)
def test_any_order(
    where: Country, cadence: str | None, bell_ms: int, steps: list[tuple[str, int]]
) -> None:
    line = Line(where, bell_ms=bell_ms)
    for what, ms in steps:
        match what:
            case "ring":
                line.machine.ring(line.time, cadence, ALICE)
            case "stop":
                line.stop()
            case "lift" | "rest":
                line.edge(what == "lift")
            case "fault":
                line.give(Fault("broken", round(line.now * NS)))
            case "mend":
                line.give(Recovered(round(line.now * NS)))
            case "lamp":
                line.machine.show_messages(bool(ms % 2), line.time)
        line.collect().at(line.now + ms)
    line.stop().edge(False).at(line.now + 60_000)
    judge(line)


def judge(line: Line) -> None:
    """No data while the bell sounds or in a call; the line is never left reversed or sounding."""
    reversed_, silent_at, bell, bell_at = False, -1000.0, None, 0.0
    cut = False
    for ms, effect in [*line.done, (line.now, StopTone())]:
        match effect:
            case Reverse(on):
                assert on is not reversed_
                reversed_ = on
            case PlayTone() | SendData():
                begin = max(silent_at, ms) if isinstance(effect, SendData) else ms
                silent_at, cut = begin + length_ms(effect), False
            case StopTone():
                cut = silent_at > ms
                silent_at = min(silent_at, ms)
            case StartRing(cadence):
                assert silent_at <= ms - (0 if cut else 199)
                bell, bell_at = cadence, ms + line.bell_ms
            case StopRing():
                assert not reversed_
                bell = None
        if bell is not None and silent_at > ms:
            played = range(int(ms), round(silent_at), 10)
            assert not any(bell.sounding_at(at - bell_at) for at in played)
    assert not reversed_
    assert bell is None


def length_ms(effect: PlayTone | SendData) -> float:
    if isinstance(effect, PlayTone):
        return sum(s.on_ms + s.off_ms for s in effect.tone.segments)
    return (effect.seizure_bits + effect.mark_bits + 10 * len(effect.message) + 8) / 1.2
