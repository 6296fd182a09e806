"""The bell as the pins have it: frequency, cadence, parking, the interlock, and an answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import pairwise

import pytest

from gateway.line import Cadence, OffHook, Ringing
from gateway.line.cadence import DISTINCTIVE
from tests.line.traces import country
from tests.vm.guest.board import PINS, Board
from tests.vm.guest.hand import Hand
from tests.vm.guest.line import RESTED_S, Attended, gpio_rig, line_processes
from tests.vm.guest.ring import Burst, bursts, edges, worst_excess_s
from tests.vm.guest.watch import Watch

Record = Callable[[str, object], None]

ALLOWANCE_S = 1.4
LONGEST_S = 2.0
PARKING_S = 0.012

# Country, hertz, lengths of a round's bursts, and how long a round takes: the country's own, but
# where the line circuit has to rest for longer. A burst is whole cycles, and below 2 s.
ROUNDS = [
    ("us", 20, [1.9], 6.0),
    ("uk", 25, [0.4, 0.4], 3.0),
    ("au", 25, [0.4, 0.4], 3.0),
    ("de", 25, [1.0], 5.0),
    ("fr", 25, [1.52], 5.0),
    ("jp", 20, [1.0], 3.114),
]


def until_it_rings(line: Attended, board: Board) -> None:
    end = line.rig.now + 15
    while not board.value(PINS["RM"]):
        assert line.rig.now < end
        line.run_for(0.01)


def check(found: list[Burst], hertz: float) -> None:
    """What holds of every burst, and of all together."""
    assert found
    for burst in found:
        if len(burst.turns) > 2:  # and was not ended at once
            assert burst.frequency == pytest.approx(hertz, rel=0.01)
        assert 0.010 < burst.parked_s < 0.5
        assert burst.length_s <= LONGEST_S
    assert worst_excess_s(found) <= ALLOWANCE_S


@pytest.mark.parametrize(
    ("code", "hertz", "lengths", "round_s"), ROUNDS, ids=[r[0] for r in ROUNDS]
)
def test_a_country(
    board: Board,
    hand: Hand,
    code: str,
    hertz: float,
    lengths: list[float],
    round_s: float,
    record_property: Record,
) -> None:
    here = country(code)
    with Watch(board) as watch, gpio_rig(board, hand, {"ring_hz": here.ring_hz}) as rig:
        line = Attended(rig, here)
        line.start()
        line.run_for(RESTED_S)
        line.ring()
        line.run_for(3.5 * round_s)
        assert line.events == [Ringing()]
    found = bursts(watch.levels)
    check(found, hertz)
    for place, burst in enumerate(found[: 3 * len(lengths)]):
        assert burst.length_s == pytest.approx(lengths[place % len(lengths)] + PARKING_S, abs=0.005)
    starts = [burst.start_ns / 1e9 for burst in found[:: len(lengths)]]
    rounds = [b - a for a, b in pairwise(starts)]
    assert rounds == pytest.approx([round_s] * len(rounds), abs=0.01)
    assert len(rounds) == 3
    if len(lengths) > 1:  # two bursts of 400 ms, 200 ms between them
        assert (found[1].start_ns - found[0].start_ns) / 1e9 == pytest.approx(0.6, abs=0.01)
    record_property("hertz", min((b.frequency for b in found), key=lambda f: -abs(f - hertz)))
    record_property("longest_half_ms", max(b.longest_half_s for b in found) * 1e3)
    record_property("round_s", rounds[0])
    record_property("excess_s", worst_excess_s(found))


@pytest.mark.parametrize("hertz", [20.0, 25.0])
def test_the_interlock(board: Board, hand: Hand, hertz: float, record_property: Record) -> None:
    """All cadences one after another without a rest, calls that are answered, a process killed."""
    own = [Cadence(code, country(code).ring.steps) for code in ("us", "uk", "jp")]
    with Watch(board) as watch, gpio_rig(board, hand, {"ring_hz": hertz}) as rig:
        line = Attended(rig, country("us"))
        line.start()
        for cadence in [*own, *DISTINCTIVE.values()]:
            rig.port.ring(cadence, rig.now)
            line.run_for(7)
            rig.port.stop_ringing(rig.now)  # and the next one begins at once
        for _ in range(2):
            line.ring()
            line.run_for(5)
            rig.lift()
            line.run_for(0.5)
            rig.put_down()
            line.run_for(2)
        rig.port.ring(own[0], rig.now)
        until_it_rings(line, board)
        line.run_for(1)
        (pid,) = line_processes()
        # Its successor knows nothing of the burst. RM fell with the pin; it is set low by that one.
        os.kill(pid, signal.SIGKILL)
        line.run_for(1)
        rig.port.ring(own[0], rig.now)
        line.run_for(14)
    found = bursts(watch.levels)
    check(found, hertz)
    record_property("bursts", len(found))
    record_property("excess_s", worst_excess_s(found))


@pytest.mark.parametrize("after_ms", [5, 40, 333, 777])
def test_an_answer(board: Board, hand: Hand, after_ms: int, record_property: Record) -> None:
    """F/R at rest and RM low within 30 ms of a hook that holds for 10."""
    with Watch(board) as watch, gpio_rig(board, hand) as rig:
        line = Attended(rig, country("us"))
        line.start()
        line.run_for(RESTED_S)
        line.ring()
        until_it_rings(line, board)
        line.run_for(after_ms / 1e3)
        rig.lift()
        line.run_for(0.5)
        (lifted,) = hand.turned()
        assert line.events == [Ringing(), OffHook(True)]
    rest, low = edges(watch.levels, "FR")[-1], edges(watch.levels, "RM")[-1]
    assert (rest.level, low.level) == (1, 0)
    record_property("rm_low_after_ms", (low.t_ns - lifted.t_ns) / 1e6)
    assert (low.t_ns - lifted.t_ns) / 1e6 < 30
    assert rest.t_ns < low.t_ns - 10_000_000


def test_an_answer_stays_one_ring(board: Board, hand: Hand) -> None:
    """Nothing rings after it."""
    with Watch(board) as watch, gpio_rig(board, hand) as rig:
        line = Attended(rig, country("us"))
        line.start()
        line.run_for(RESTED_S)
        line.ring()
        line.run_for(0.5)
        rig.lift()
        line.run_for(8)
    assert len(bursts(watch.levels)) == 1
