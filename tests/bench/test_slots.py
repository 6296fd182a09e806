"""Slots and losses of made-up recordings, over wraps and key presses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench import slots
from tests.bench.rtp import Packet, Unwrapper

START = 7_000_000_000


def packet(
    n: int, late_ms: float = 0.0, payload_type: int = 0, timestamp: int | None = None
) -> Packet:
    """The n-th packet of a stream that wraps both counters early."""
    stamp = ((1 << 32) - 400 + 160 * n) & 0xFFFFFFFF if timestamp is None else timestamp
    when = START + 20_000_000 * n + round(late_ms * 1e6)
    return Packet(when, (65_530 + n) & 0xFFFF, stamp, payload_type, False, 1, b"\xff" * 160)


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([packet(n) for n in range(20)], list(range(20))),
        ([packet(n, late_ms=15.0 * (n == 5)) for n in range(10)], list(range(10))),
        ([packet(n) for n in range(10) if n != 4], [0, 1, 2, 3, 5, 6, 7, 8, 9]),
        (
            [
                packet(n, payload_type=101 if n in (3, 4) else 0, late_ms=2.0 * (n == 4))
                for n in range(8)
            ],
            list(range(8)),
        ),
        # Timestamps that stand still cannot count slots: the sequence does.
        ([packet(n, timestamp=5) for n in range(50)], list(range(50))),
    ],
)
def test_slots(packets: list[Packet], expected: list[int]) -> None:
    assert slots.assign(packets) == expected


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (lambda n: True, 0),
        (lambda n: n not in (3, 4, 17), 3),
        (lambda n: n > 10, 0),
    ],
)
def test_lost(keep: Callable[[int], bool], expected: int) -> None:
    assert slots.lost([packet(n) for n in range(30) if keep(n)]) == expected


def test_a_duplicate_makes_up_for_no_loss() -> None:
    recording = [packet(n) for n in range(10) if n != 4] + [packet(8)]
    assert slots.lost(recording) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([65_534, 65_535, 0, 1], [65_534, 65_535, 65_536, 65_537]),
        ([65_535, 0, 65_534, 1], [65_535, 65_536, 65_534, 65_537]),
        ([3, 2, 4], [3, 2, 4]),
    ],
)
def test_unwrapper(values: list[int], expected: list[int]) -> None:
    counter = Unwrapper(16)
    assert [counter.feed(value) for value in values] == expected
