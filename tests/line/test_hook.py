"""What hook edges mean: rows of contact traces, on virtual time."""

from __future__ import annotations

import pytest

from gateway.line import (
    DigitEnded,
    HookFlash,
    LineEvent,
    OffHook,
    OnHook,
    PulseDigit,
)
from gateway.line.events import DtmfEnd, DtmfStart, HookEdge, RingTrip
from gateway.line.pulse import NUMBERINGS
from tests.line.traces import CODES, NS, Run, bounced, breaks, country, train

FLASH, HUNG_UP = HookFlash(), OnHook()

LIFTS = [
    ("clean", [0], [OffHook(False)]),
    ("9.9 ms is no lift", [0, 9.9], []),
    ("10 ms is a lift", [0, 10], [OffHook(False), OnHook()]),
    ("bounce", [0, 1, 2, 4, 5], [OffHook(False)]),
    ("bounce that ends closed late", [0, 9, 15, 24, 30], [OffHook(False)]),
    ("cradle knocked", [0, 5, 100, 104], []),
]


@pytest.mark.parametrize(("moves", "found"), [r[1:] for r in LIFTS], ids=[r[0] for r in LIFTS])
def test_lifting(moves: list[float], found: list[LineEvent]) -> None:
    run = Run().edges(moves, first_off_hook=True).at(5000)
    assert run.events == found


BREAKS = [
    # code, talking, milliseconds open, what it is
    ("us", True, 5, []),
    ("us", True, 19.999, []),
    ("us", True, 20, [PulseDigit("1")]),
    ("us", True, 120, [PulseDigit("1")]),
    ("us", True, 120.001, []),
    ("us", True, 299.999, []),
    ("us", True, 300, [FLASH]),
    ("us", True, 500, [FLASH]),
    ("us", True, 1000, [FLASH]),
    ("us", True, 1000.001, [HUNG_UP, OffHook(False)]),
    ("uk", True, 49.999, [PulseDigit("1")]),
    ("uk", True, 50, [FLASH]),
    ("uk", True, 100, [FLASH]),
    ("uk", True, 130, [FLASH]),
    ("uk", True, 130.001, [HUNG_UP, OffHook(False)]),
    ("uk", False, 100, [PulseDigit("1")]),
    ("uk", False, 125, [FLASH]),
    ("de", True, 169.999, []),
    ("de", True, 170, [FLASH]),
    ("de", True, 310, [FLASH]),
    ("de", True, 311, [HUNG_UP, OffHook(False)]),
    ("fr", True, 210, [FLASH]),
    ("fr", True, 320, [FLASH]),
    ("fr", True, 321, [HUNG_UP, OffHook(False)]),
    ("au", True, 100, [FLASH]),
    ("au", True, 150, [FLASH]),
    ("jp", True, 100, [FLASH]),
    ("jp", True, 99, [PulseDigit("1")]),
    ("jp", True, 1600, [FLASH]),
]


@pytest.mark.parametrize("bounce", [0, 3])
@pytest.mark.parametrize(("code", "talking", "ms", "found"), BREAKS)
def test_one_break(
    code: str, talking: bool, ms: float, found: list[LineEvent], bounce: float
) -> None:
    run = Run(code).answered() if talking else Run(code).lifted()
    moves = breaks(2000, (ms, 0))
    run.edges(bounced(moves, bounce) if bounce else moves).at(9000)
    assert run.events == found


@pytest.mark.parametrize("code", CODES)
def test_putting_down_is_told_once(code: str) -> None:
    run = Run(code).answered().edges(bounced([2000], 6)).at(60_000)
    assert run.events == [HUNG_UP]
    assert run.machine.state == "idle"
    limit = country(code).hook.hang_up_ms
    assert run.found[0][1] == pytest.approx(2006 + limit, abs=3)


@pytest.mark.parametrize("code", CODES)
def test_the_r_key_is_a_flash_in_a_call(code: str) -> None:
    run = Run(code).answered()
    run.edges(breaks(2000, (country(code).hook.typical_flash_ms, 0))).at(9000)
    assert run.events == [FLASH]


CORNERS = [(pps, ratio) for pps in (8, 9, 10, 11, 12) for ratio in (50, 60, 66.7, 75)]


@pytest.mark.parametrize("bounce", [0, 2, 5])
@pytest.mark.parametrize(("pps", "ratio"), CORNERS)
@pytest.mark.parametrize("code", CODES)
def test_every_dial_decodes(code: str, pps: float, ratio: float, bounce: float) -> None:
    run, t = Run(code).lifted(), 2000.0
    for pulses in range(1, 11):
        moves = train(t, pulses, pps, ratio)
        run.edges(bounced(moves, bounce) if bounce else moves)
        t = moves[-1] + 400
    run.at(t + 1000)
    assert run.events == [PulseDigit(d) for d in NUMBERINGS[country(code).pulse_numbering]]


TRAINS = [
    ("inter-digit pause of 100 ms", breaks(0, (60, 40), (60, 100), (60, 40)), "21"),
    ("99.9 ms still belongs to the digit", breaks(0, (60, 99.9), (60, 40)), "2"),
    ("glitch in a make", breaks(0, (60, 15), (5, 20), (60, 40)), "2"),
    ("glitch after the last pulse", breaks(0, (60, 50), (8, 300)), "1"),
    ("a glitch does not put off the digit's end", breaks(0, (60, 50), (15, 40), (60, 40)), "11"),
    ("eleven pulses are no digit", breaks(0, *[(60, 40)] * 11), ""),
    ("break of 150 ms spoils the train", breaks(0, (60, 40), (150, 40)), ""),
    ("flash is off while dialling", breaks(0, (60, 40), (400, 400)), ""),
    ("a digit after a spoilt train", breaks(0, (60, 40), (150, 400), (60, 40)), "1"),
]


@pytest.mark.parametrize(("moves", "digits"), [r[1:] for r in TRAINS], ids=[r[0] for r in TRAINS])
def test_trains(moves: list[float], digits: str) -> None:
    run = Run().lifted().edges([2000 + t for t in moves]).at(9000)
    assert run.events == [PulseDigit(d) for d in digits]


def test_hanging_up_while_dialling_drops_the_digit() -> None:
    run = Run().lifted().edges([*breaks(2000, (60, 40), (60, 40)), 2200]).at(9000)
    assert run.events == [HUNG_UP]


@pytest.mark.parametrize("pps", [8, 10, 12])
def test_a_rotary_digit_in_a_call_is_no_flash(pps: float) -> None:
    """UK: each pulse is as long as a flash, but no flash comes twice within 200 ms."""
    run = Run("uk").answered().edges(train(2000, 5, pps, 60)).at(9000)
    assert run.events == [PulseDigit("5")]


def test_an_answer_waits_for_persistence_alone() -> None:
    run = Run()
    run.machine.ring(0)
    run.edge(True, 1000).at(2000)
    (found,) = run.found
    assert found[0] == OffHook(True)
    assert found[1] == pytest.approx(1010, abs=0.01)


def test_ring_trip_needs_no_persistence() -> None:
    run = Run()
    run.machine.ring(0)
    run.at(1000).give(RingTrip(1000 * NS))
    assert run.found == [(OffHook(True), 1000)]
    run.edge(True, 1003).at(5000)  # the hook switch says so too, a little later
    assert run.events == [OffHook(True)]


# --- a loop that was stalled -------------------------------------------------------------------


@pytest.mark.parametrize("deadline_first", [False, True])
@pytest.mark.parametrize(
    ("code", "ms", "found"),
    [
        ("us", 500, [FLASH]),
        ("us", 1000, [FLASH]),
        ("uk", 100, [FLASH]),
        ("de", 300, [FLASH]),
    ],
)
def test_a_flash_survives_a_stall(
    code: str, ms: float, found: list[LineEvent], deadline_first: bool
) -> None:
    """Both edges and the deadline are late, in either order."""
    run = Run(code).answered().edges([2000])
    run.now = 3.8  # nothing ran since
    if deadline_first:
        run.machine.handle_deadline(run.now)
        assert run.machine.next_deadline() == run.now
    run.give(HookEdge(True, round((2000 + ms) * NS)))
    run.at(9000)
    assert run.events == found


def test_a_stall_does_not_merge_digits() -> None:
    run = Run().lifted()
    moves = train(2000, 3, 10, 60) + train(2700, 4, 10, 60)
    run.now = 4.0
    for n, ms in enumerate(moves):
        run.give(HookEdge(n % 2 == 1, round(ms * NS)))
    run.at(9000)
    assert run.events == [PulseDigit("3"), PulseDigit("4")]


def test_a_late_deadline_with_nothing_behind_it_hangs_up() -> None:
    run = Run().answered().edges([2000])
    run.now = 5.0
    run.machine.handle_deadline(run.now)
    assert run.events == []
    run.at(5000)
    assert run.events == [HUNG_UP]


def test_an_edge_that_comes_after_the_decision_is_counted() -> None:
    run = Run().answered().edges([2000]).at(4000)
    run.give(HookEdge(True, 2500 * NS)).at(9000)
    assert run.events == [HUNG_UP, OffHook(False)]
    assert run.machine.hook.late_edges == 1


@pytest.mark.parametrize("jitter", [0.0, 1.0, 1.9])
def test_an_edge_of_the_last_instant_beats_the_deadline(jitter: float) -> None:
    """The closing edge of a longest flash may reach the loop after the deadline's own time."""
    run = Run().answered().edges([2000]).at(3000 + jitter)
    run.give(HookEdge(True, 3000 * NS)).at(9000)
    assert run.events == [FLASH]


def test_keys_held_through_a_stall_keep_their_length() -> None:
    run = Run().answered()
    run.give(DtmfStart("5", 2000 * NS)).give(DtmfEnd("5", 2120 * NS))
    ended = run.events[-1]
    assert isinstance(ended, DigitEnded)
    assert ended.duration_ms == 120


def test_the_log_keeps_what_happened() -> None:
    run = Run().answered().edges(breaks(2000, (500, 0))).at(9000)
    path = [f"{t.before.value} > {t.after.value}" for t in run.machine.hook.transitions][-4:]
    assert path == [
        "off-hook > opening",
        "opening > open",
        "open > closing",
        "closing > off-hook",
    ]
