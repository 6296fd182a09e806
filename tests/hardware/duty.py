"""The interlock of the line circuit, on what a bell did."""

from __future__ import annotations

NS = 1_000_000_000


def check(bursts: list[tuple[int, int]]) -> None:
    """The most ring mode for its length has an interval from the start of a burst to an end."""
    for first, (start, _) in enumerate(bursts):
        high = 0
        for begin, end in bursts[first:]:
            high += end - begin
            assert 1000 * high <= 325 * (end - start) + 1400 * NS
    assert all(end - begin <= 2 * NS for begin, end in bursts)
