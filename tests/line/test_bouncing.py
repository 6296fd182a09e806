"""Two hundred bouncing traces: no hang-up, flash or digit that nobody made, and none missing."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.line import HookFlash, OffHook, OnHook, PulseDigit
from tests.line.bouncing import COUNT, story
from tests.line.traces import Run


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_bouncing_trace(seed: int) -> None:
    told = story(seed)
    run = Run(told.code)
    lifting = [move for move in told.moves if move < told.lifted_ms]
    run.edges(lifting, first_off_hook=True).at(told.lifted_ms)
    run.machine.talking(told.in_call)
    run.edges(told.moves[len(lifting) :]).at(told.end_ms)
    assert run.events == told.meaning


def test_they_are_what_they_should_be() -> None:
    """Everything comes up often, and the contact moves a lot more than was meant."""
    told = [story(seed) for seed in range(COUNT)]
    kinds = Counter(type(event) for each in told for event in each.meaning)
    assert kinds[OffHook] == kinds[OnHook] == COUNT
    assert min(kinds[HookFlash], kinds[PulseDigit]) > COUNT / 2
    assert sum(len(each.moves) for each in told) > 50 * COUNT
