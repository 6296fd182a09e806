"""Bouncing traces turned on the pins: those that tests/line knows, as the hand can play them."""

from __future__ import annotations

from collections.abc import Callable

from gateway.line import LineMachine
from tests.line.bouncing import COUNT, Story, story
from tests.line.traces import country
from tests.vm.guest.board import Board
from tests.vm.guest.gestures import Gesture, Turn
from tests.vm.guest.hand import Hand
from tests.vm.guest.line import Attended, gpio_rig

PLAYED = range(0, COUNT, 8)


def gesture(told: Story) -> Gesture:
    return [Turn(ms / 1e3, "SHK", (n + 1) % 2) for n, ms in enumerate(told.moves)]


def test_traces(board: Board, hand: Hand, record_property: Callable[[str, object], None]) -> None:
    wrong = []
    moves = 0
    with gpio_rig(board, hand) as rig:
        line = Attended(rig, country("us"))
        line.start()
        for seed in PLAYED:
            told = story(seed)
            line.machine = LineMachine(country(told.code))
            line.forget()
            begin = rig.now
            hand.play(gesture(told))
            line.run_for(told.lifted_ms / 1e3)
            line.machine.talking(told.in_call)
            line.run_for(begin + told.end_ms / 1e3 - rig.now)
            if line.events != told.meaning:
                wrong.append((seed, line.events, told.meaning))
            moves += len(told.moves)
    record_property("traces", len(PLAYED))
    record_property("moves", moves)
    assert wrong == []
