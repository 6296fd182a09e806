"""Any sequence of hook edges, and any stall, leaves the line in a legal state."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.line import (
    DigitEnded,
    DigitStarted,
    Effect,
    HookFlash,
    LineEvent,
    LineFault,
    OffHook,
    OnHook,
    PlayTone,
    PulseDigit,
    StartRing,
    StopRing,
    StopTone,
)
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    Fault,
    HookEdge,
    PortEvent,
    Recovered,
    RingPending,
    RingStarted,
    RingTrip,
)
from gateway.line.hook_table import TRANSITIONS as HOOK_TRANSITIONS
from gateway.line.machine import TRANSITIONS
from gateway.line.pulse import NUMBERINGS
from tests.line.traces import CODES, NS, Run, bounced, breaks, country

CODE = st.sampled_from(CODES)
GAPS = st.lists(st.floats(0.01, 2000), min_size=1, max_size=60)


def moves_of(gaps: list[float]) -> list[float]:
    moves, t = [], 0.0
    for gap in gaps:
        moves.append(t)
        t += gap
    return moves


@given(CODE, GAPS)
def test_lifts_and_hang_ups_alternate(code: str, gaps: list[float]) -> None:
    run = Run(code).edges(moves_of(gaps), first_off_hook=True).at(sum(gaps) + 5000)
    hooks = [type(e) for e in run.events if isinstance(e, OffHook | OnHook)]
    assert hooks == [(OffHook, OnHook)[n % 2] for n in range(len(hooks))]
    assert run.machine.state == ("idle" if len(gaps) % 2 == 0 else "off-hook")
    assert run.machine.next_deadline() is None


@given(CODE, GAPS)
def test_nothing_but_lifts_happens_on_hook(code: str, gaps: list[float]) -> None:
    run = Run(code).edges(moves_of(gaps), first_off_hook=True).at(sum(gaps) + 5000)
    lifted = False
    for event in run.events:
        if isinstance(event, OffHook | OnHook):
            lifted = isinstance(event, OffHook)
        else:
            assert lifted


@given(CODE, GAPS)
def test_digits_and_flashes_need_breaks_of_their_kind(code: str, gaps: list[float]) -> None:
    """Every pulse of a digit, and every flash, is one break; each break is used once."""
    run = Run(code).edges(moves_of(gaps), first_off_hook=True).at(sum(gaps) + 5000)
    pulses = sum(pulses_of(code, e.digit) for e in run.events if isinstance(e, PulseDigit))
    flashes = sum(isinstance(e, HookFlash) for e in run.events)
    hang_ups = sum(isinstance(e, OnHook) for e in run.events)
    opened = sum(gap >= 10 for gap in gaps[1::2]) + (len(gaps) % 2 == 0)
    assert pulses + flashes + hang_ups <= opened


def numbering(code: str) -> str:
    return NUMBERINGS[country(code).pulse_numbering]


def pulses_of(code: str, digit: str) -> int:
    return numbering(code).index(digit) + 1


def expected(code: str, contacts: list[tuple[float, float]]) -> list[LineEvent]:
    """A second opinion, for contacts that never bounce: (open for, closed for) milliseconds."""
    hook = country(code).hook
    found: list[LineEvent] = []
    pulses = 0
    for opened, closed in contacts:
        if opened > hook.hang_up_ms:
            pulses = 0
            found += [OnHook(), OffHook(False)]
        elif opened <= 120:
            pulses += 1
        elif hook.flash_min_ms <= opened <= hook.flash_max_ms and not pulses:
            found.append(HookFlash())
        else:
            pulses = 0
        if closed >= 100:
            found += [PulseDigit(numbering(code)[pulses - 1])] if 1 <= pulses <= 10 else []
            pulses = 0
    return found


# Lengths as people and dials make them, so that whole digits come up; in tenths of milliseconds.
OPENED = st.one_of(
    st.integers(300, 1200), st.integers(300, 1200), st.integers(1210, 20000), st.just(1200)
)
CLOSED = st.one_of(st.integers(200, 990), st.integers(200, 990), st.integers(1000, 9000))
CONTACTS = st.lists(st.tuples(OPENED, CLOSED), max_size=40).map(
    lambda pairs: [(opened / 10, closed / 10) for opened, closed in pairs]
)


@given(CODE, CONTACTS, st.sampled_from([0, 1, 4, 9]))
@settings(max_examples=300)
def test_the_second_opinion_agrees_bouncing_or_not(
    code: str, contacts: list[tuple[float, float]], bounce: float
) -> None:
    contacts = [*contacts, (5000, 500)]
    moves = breaks(2000, *contacts)
    run = Run(code).lifted().edges(bounced(moves, bounce) if bounce else moves)
    run.at(moves[-1] + 5000)
    assert run.events == expected(code, contacts)


@given(CODE, GAPS, st.data())
@settings(max_examples=200)
def test_a_stall_changes_nothing(code: str, gaps: list[float], data: st.DataObject) -> None:
    """The same trace in time, and with the loop stalled anywhere: the same decisions."""
    moves = moves_of(gaps)
    end = sum(gaps) + 5000
    in_time = Run(code).edges(moves, first_off_hook=True).at(end)
    stalled = Run(code)
    n = 0
    while n < len(moves):
        batch = moves[n : n + data.draw(st.integers(1, 8))]
        late = max(batch[-1] + data.draw(st.floats(0, 400)), stalled.now * 1e3)
        if n + len(batch) < len(moves):
            late = min(late, moves[n + len(batch)])
        if data.draw(st.booleans()):  # the timer may wake first
            stalled.now = max(stalled.now, late / 1e3)
            stalled.machine.handle_deadline(stalled.now)
        for i, ms in enumerate(batch, n):
            stalled.now = max(stalled.now, late / 1e3)
            stalled.give(HookEdge(i % 2 == 0, round(ms * NS)))
        n += len(batch)
    stalled.at(end)
    if stalled.machine.hook.late_edges == 0:
        assert stalled.events == in_time.events


ANY_EVENT = st.one_of(
    st.builds(HookEdge, st.booleans(), st.just(0)),
    st.builds(RingTrip, st.just(0)),
    st.builds(RingPending, st.just(0)),
    st.builds(RingStarted, st.just(0)),
    st.builds(DtmfStart, st.sampled_from("0123456789*#ABCD"), st.just(0)),
    st.builds(DtmfEnd, st.sampled_from("0123456789*#ABCD"), st.just(0)),
    st.builds(Fault, st.just("out"), st.just(0)),
    st.builds(Recovered, st.just(0)),
)
CALLS = st.sampled_from(["ring", "stop", "dial", "silence"])


@given(CODE, st.lists(st.tuples(st.floats(0, 1500), ANY_EVENT | CALLS), max_size=60))
@settings(max_examples=200)
def test_anything_in_any_order(code: str, steps: list[tuple[float, PortEvent | str]]) -> None:
    run, ms = Run(code), 0.0
    effects: list[Effect] = []
    for gap, step in steps:
        ms += gap
        run.at(ms)
        effects += run.machine.effects()
        if isinstance(step, str):
            call(run, step)
        else:
            run.give(replace(step, t_ns=round(ms * NS)))
    run.at(ms + 5000)
    effects += run.machine.effects()
    assert_bell_and_tone_end(effects, run.machine.state)
    assert run.machine.state in TRANSITIONS
    for moved in run.machine.transitions:
        assert TRANSITIONS[moved.before][moved.symbol] == moved.after
    for hooked in run.machine.hook.transitions:
        assert HOOK_TRANSITIONS[hooked.before][hooked.symbol] == hooked.after
    assert_keys_pair(run.events)


def call(run: Run, what: str) -> None:
    machine = run.machine
    if what == "ring":
        was_idle = machine.state == "idle"
        assert machine.ring(run.now) == was_idle
    elif what == "stop":
        machine.stop_ringing(run.now)
    else:
        machine.tone("dial" if what == "dial" else None, run.now)


def assert_bell_and_tone_end(effects: list[Effect], state: str) -> None:
    """The bell is stopped as often as it was started, and no tone outlives the handset's lift."""
    bell = [effect for effect in effects if isinstance(effect, StartRing | StopRing)]
    assert [isinstance(e, StartRing) for e in bell] == [n % 2 == 0 for n in range(len(bell))]
    assert len(bell) % 2 == (state == "ringing")
    tones = [effect for effect in effects if isinstance(effect, PlayTone | StopTone)]
    assert not tones or isinstance(tones[0], PlayTone)
    if state != "off-hook":
        assert not tones or isinstance(tones[-1], StopTone)


def assert_keys_pair(events: list[LineEvent]) -> None:
    down: list[str] = []
    for event in events:
        if isinstance(event, DigitStarted):
            assert not down
            down.append(event.digit)
        elif isinstance(event, DigitEnded):
            assert down.pop() == event.digit
        elif isinstance(event, OnHook | LineFault):
            assert not down


def test_every_country_is_tried() -> None:
    assert len({country(code).name for code in CODES}) >= 15
