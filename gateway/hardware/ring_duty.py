"""The interlock of ringing: how long a line circuit may be in ring mode.

Ag1171S data sheet V1.6: RM is high for at most 33 % of the time, absolute maximum. Held here:

- in every interval of T seconds, RM is high for at most 0.325 T + 1.4 s;
- no burst is longer than 2 s;
- over every whole round of a cadence, RM is high for at most 32.5 % of it.

The first rule is a bucket that holds 1.4 s: ring mode takes from it, time fills it at 0.325 s a
second. What is taken between two instants is what was in it, plus what came in, minus what is left:
never more than the rule allows.

It begins empty. What was rung before this process began need not be known then, so no file has to
survive crashes: the first burst after a start waits until its time has come in, 4.2 s for one of
2 s. A process that was restarted in the middle of a cadence keeps every rule.

Times are integer nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from typing import Final

from gateway.errors import LocalProtocolError

SHARE_PER_MILLE: Final = 325
ALLOWANCE_NS: Final = 1_400_000_000
LONGEST_BURST_NS: Final = 2_000_000_000
# Kept back from every burst, for a process that is woken late: to park it, and to end it.
RESERVE_NS: Final = 40_000_000

_DRAIN: Final = 1000 - SHARE_PER_MILLE
_FULL: Final = 1000 * ALLOWANCE_NS


class DutyInterlock:
    """Says when a burst may begin, and is told what RM did. It knows of no cadence or setting."""

    def __init__(self, now_ns: int) -> None:
        self._level = 0  # thousandths of a nanosecond of ring mode; below zero after an overrun
        self._at_ns = now_ns
        self._since_ns: int | None = None  # RM is high since
        self._round_ns: int | None = None  # the round began
        self._round_high_ns = 0

    @property
    def high(self) -> bool:
        """RM is high."""
        return self._since_ns is not None

    def ready_ns(self, now_ns: int, length_ns: int, *, first: bool) -> int:
        """The earliest time, not before `now_ns`, for a burst of that length.

        `first`: it begins a round, of which the one before it has to be worth its ring mode.
        """
        level = self._level_at(now_ns)
        ready = now_ns + _divided(
            max(0, _DRAIN * (length_ns + RESERVE_NS) - level), SHARE_PER_MILLE
        )
        if first and self._round_ns is not None:
            worth_ns = _divided(1000 * self._round_high_ns, SHARE_PER_MILLE)
            ready = max(ready, self._round_ns + worth_ns)
        return ready

    def begin(self, now_ns: int, length_ns: int, *, first: bool) -> None:
        """RM goes high, for `length_ns`. LocalProtocolError when that is not allowed."""
        if self.high:
            raise LocalProtocolError("ring mode is on already")
        if not 0 < length_ns <= LONGEST_BURST_NS - RESERVE_NS:
            raise LocalProtocolError(f"a burst of {length_ns} ns is not allowed")
        if self.ready_ns(now_ns, length_ns, first=first) > now_ns:
            raise LocalProtocolError("too early for ring mode: the line circuit has to rest")
        self._rise(now_ns, first)

    def note(self, begin_ns: int, end_ns: int, *, first: bool) -> None:
        """A burst that has been, elsewhere: it is paid for, whether or not it was allowed."""
        self._rise(begin_ns, first)
        self.end(end_ns)

    def end(self, now_ns: int) -> None:
        """RM is low; harmless when it was. A burst that lasted too long is a debt."""
        if self._since_ns is None:
            return
        high_ns = now_ns - self._since_ns
        self._level -= _DRAIN * high_ns
        self._round_high_ns += high_ns
        self._at_ns, self._since_ns = now_ns, None

    def _rise(self, now_ns: int, first: bool) -> None:
        self._level, self._at_ns = self._level_at(now_ns), now_ns
        self._since_ns = now_ns
        if first or self._round_ns is None:
            self._round_ns, self._round_high_ns = now_ns, 0

    def _level_at(self, now_ns: int) -> int:
        return min(_FULL, self._level + SHARE_PER_MILLE * (now_ns - self._at_ns))


def _divided(number: int, by: int) -> int:
    """Rounded up."""
    return -(-number // by)
