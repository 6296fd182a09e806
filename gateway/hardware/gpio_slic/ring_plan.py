"""A cadence as a line circuit can ring it: whole cycles, and pauses as long as they have to be.

A burst is RM high, F/R toggled at the ring frequency for whole cycles (its last half ends at the
level where F/R rests), then F/R parked for more than 10 ms and at most 500 ms, then RM low
(Ag1171S data sheet V1.6). Times are integer nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.hardware.ring_duty import LONGEST_BURST_NS, RESERVE_NS, DutyInterlock

MS: Final = 1_000_000
PARK_NS: Final = 12 * MS
SLOWEST_HZ: Final = 20.0
FASTEST_HZ: Final = 25.0
_SETTLING_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class Burst:
    """`cycles` of two halves; RM is high for `high_ns`, and low for `low_ns` or longer after it."""

    cycles: int
    half_ns: int
    low_ns: int

    @property
    def high_ns(self) -> int:
        """Cycles and parking."""
        return 2 * self.cycles * self.half_ns + PARK_NS


def rung_hz(hz: float) -> float:
    """The nearest to it that the line circuit rings at."""
    return min(max(hz, SLOWEST_HZ), FASTEST_HZ)


def plan(steps: Sequence[tuple[int, int]], hz: float) -> tuple[Burst, ...]:
    """One round of (on_ms, off_ms) at `hz`, as near to it as whole cycles come."""
    half_ns = round(500_000_000 / hz)
    most = (LONGEST_BURST_NS - RESERVE_NS - PARK_NS) // (2 * half_ns)
    bursts = []
    for on_ms, off_ms in steps:
        cycles = min(most, max(1, round(on_ms * MS / (2 * half_ns))))
        high_ns = 2 * cycles * half_ns + PARK_NS
        bursts.append(Burst(cycles, half_ns, max(0, (on_ms + off_ms) * MS - high_ns)))
    return tuple(bursts)


def period_ms(steps: Sequence[tuple[int, int]], hz: float) -> float:
    """How long a round really takes, once the interlock has had its say."""
    bursts = plan(steps, hz)
    duty, now, begun = DutyInterlock(0), 0, 0
    for _ in range(_SETTLING_ROUNDS):
        for index, burst in enumerate(bursts):
            at = duty.ready_ns(now, burst.high_ns, first=index == 0)
            duty.begin(at, burst.high_ns, first=index == 0)
            duty.end(at + burst.high_ns)
            if index == 0:
                last, begun = begun, at
            now = at + burst.high_ns + burst.low_ns
    return (begun - last) / MS
