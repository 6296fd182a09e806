"""What a card's bell has used of the line circuit's ring duty, as far as the host can know.

A RING that was sent counts as obeyed, burst and pause over and over, until silence is confirmed.
Of two that may have been obeyed, and of two times at which a burst may have begun, the worse
counts. So a link that fails makes the account too dark, never too bright. The card guards its line
circuit itself; what is asked of it here keeps the interlock's rules already, so that its bell rings
when the host thinks so.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Final

from gateway.hardware.ring_duty import LONGEST_BURST_NS, RESERVE_NS, DutyInterlock

MS: Final = 1_000_000
PARK_MS: Final = 20  # a card parks F/R for more than 10 ms before RM falls
LONGEST_ON_MS: Final = (LONGEST_BURST_NS - RESERVE_NS) // MS - PARK_MS


@dataclass(frozen=True, slots=True)
class Repeated:
    """A burst that begins at `begin_ns`, and every `on_ms` + `off_ms` again. `first` of a round.

    It may have begun up to `slack_ns` earlier: no later than it was confirmed, no earlier than it
    was sent.
    """

    begin_ns: int
    on_ms: int
    off_ms: int
    first: bool
    slack_ns: int = 0

    @property
    def earliest_ns(self) -> int:
        """It has not begun before."""
        return self.begin_ns - self.slack_ns

    @property
    def low_ns(self) -> int:
        """RM is low again."""
        return self.begin_ns + (self.on_ms + PARK_MS) * MS

    @property
    def next_ns(self) -> int:
        """The burst after it begins."""
        return self.begin_ns + (self.on_ms + self.off_ms) * MS


class BellBudget:
    """Times are nanoseconds of CLOCK_MONOTONIC. It begins empty: what was before is not known."""

    def __init__(self, now_ns: int) -> None:
        self._duty = DutyInterlock(now_ns)
        self._rung: list[Repeated] = []  # under way, and to follow; the last one repeats
        self._sent: Repeated | None = None  # not confirmed yet
        self._in_turn = False  # it was sent to a bell that rang

    def ready_ns(self, now_ns: int, on_ms: int) -> int:
        """The earliest time for the first burst of a cadence on a silent bell."""
        self._settle(now_ns)
        return self._duty.ready_ns(now_ns, (on_ms + PARK_MS) * MS, first=True)

    def after(self, now_ns: int, step: tuple[int, int], *, first: bool) -> Repeated:
        """The burst that is sent now: it begins after the present pause, or at once."""
        self._settle(now_ns)
        if not self._rung:
            return Repeated(now_ns, *step, first)
        last = self._rung[-1]
        return Repeated(last.next_ns, *step, first, last.slack_ns)

    def pause_ms(self, burst: Repeated, next_on_ms: int, *, next_first: bool) -> int:
        """How long the pause after a burst has to be, at least its own, for the next one."""
        duty = copy(self._duty)
        for each in (*self._rung, burst):
            duty.note(each.begin_ns, each.low_ns, first=each.first)
        next_ns = (next_on_ms + PARK_MS) * MS
        ready_ns = duty.ready_ns(burst.next_ns, next_ns, first=next_first)
        return burst.off_ms - (burst.next_ns - ready_ns) // MS

    def rings(self, burst: Repeated) -> None:
        """It was sent. Until it is confirmed, the burst before it may be the one that repeats."""
        self._sent, self._in_turn = burst, bool(self._rung)
        if self._rung:
            last = self._rung[-1]
            on_ms, off_ms = max(burst.on_ms, last.on_ms), min(burst.off_ms, last.off_ms)
            burst = replace(burst, on_ms=on_ms, off_ms=off_ms)
        self._rung.append(burst)

    def confirmed(self, now_ns: int) -> bool:
        """What was sent last was obeyed as late as this; False if that may have been too late."""
        self._settle(now_ns)
        if self._sent is None or not self._rung:
            return False
        last, sent, self._sent = self._rung[-1], self._sent, None
        if not self._in_turn:
            self._rung[-1] = replace(last, begin_ns=now_ns, slack_ns=now_ns - last.earliest_ns)
        elif now_ns < sent.earliest_ns:
            self._rung[-1] = sent
        else:
            return False
        return True

    def middle_ns(self) -> int:
        """The middle of the last burst that was sent, with its pause."""
        last = self._rung[-1]
        return (last.begin_ns + last.next_ns) // 2

    def silent(self, now_ns: int) -> None:
        """The card has confirmed silence: a burst under way is being parked."""
        self._settle(now_ns)
        parked_ns = now_ns + PARK_MS * MS
        for burst in self._rung:
            if burst.earliest_ns < now_ns:
                low_ns = min(parked_ns, burst.low_ns)
                high_ns = min((burst.on_ms + PARK_MS) * MS, parked_ns - burst.earliest_ns)
                self._duty.note(low_ns - high_ns, low_ns, first=burst.first)
        self._rung.clear()
        self._sent = None

    def _settle(self, now_ns: int) -> None:
        while self._rung and self._rung[0].next_ns <= now_ns:
            burst = self._rung.pop(0)
            self._duty.note(burst.begin_ns, burst.low_ns, first=burst.first)
            if not self._rung:
                self._rung.append(replace(burst, begin_ns=burst.next_ns))
