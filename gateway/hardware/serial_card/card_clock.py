"""The card's millisecond counter as CLOCK_MONOTONIC.

Nothing tells when the card's zero was; each event is one measurement of it: arrival minus counter,
too large by what the event spent on its way. The smallest measurement is the best one, but an old
one is worth less the longer ago it was, since the card's clock drifts: a crystal by 50 parts in a
million, a ceramic resonator by half a percent. So the offset falls at once, and rises by no more
than `DRIFT` of the time since the event before. Within a dialled digit, what counts, single late
lines change nothing; after a pause the arrival itself is the time.

Times are those of the fastest line: a constant delay stays in, and is the same for all.
"""

from __future__ import annotations

from typing import Final

NS_PER_MS: Final = 1_000_000
TURN: Final = 1 << 32
DRIFT: Final = 100  # 1/100
NONSENSE_NS: Final = 3_000_000_000  # no line is on its way so long: the counter jumped


class CardClock:
    """Times go forward, and none is later than its event's arrival."""

    def __init__(self) -> None:
        self._t_ms: int | None = None  # of the last event, unwrapped
        self._offset_ns = 0

    def reset(self) -> None:
        """The counter has begun again."""
        self._t_ms = None

    def when(self, t_ms: int, arrival_ns: int) -> int:
        """CLOCK_MONOTONIC, nanoseconds, of the card's `t_ms` that arrived at `arrival_ns`."""
        last = self._t_ms
        if last is None:
            return self._begin(t_ms, arrival_ns)
        elapsed_ms = (t_ms - last + TURN // 2) % TURN - TURN // 2
        if elapsed_ms < 0:
            return self._begin(t_ms, arrival_ns)
        now_ms = last + elapsed_ms
        measured = arrival_ns - now_ms * NS_PER_MS
        offset = min(measured, self._offset_ns + elapsed_ms * NS_PER_MS // DRIFT)
        if measured - offset > NONSENSE_NS:
            return self._begin(t_ms, arrival_ns)
        self._t_ms, self._offset_ns = now_ms, offset
        return now_ms * NS_PER_MS + offset

    def _begin(self, t_ms: int, arrival_ns: int) -> int:
        self._t_ms = t_ms
        self._offset_ns = arrival_ns - t_ms * NS_PER_MS
        return arrival_ns
