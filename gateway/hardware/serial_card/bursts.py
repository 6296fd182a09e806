"""A cadence as RING commands: what the bell is to do now, and when it is to do something else.

The card repeats one burst and its pause by itself. A RING while it rings changes what follows the
present pause, so a cadence of several bursts is sent one burst ahead, in the middle of the one
before: half a burst and pause of time for a line that is lost.

Bursts are cut, pauses are stretched and beginnings put off as the line circuit's ring duty wants
it. A bell of which nothing is known (another card, a link that failed) is stopped first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from gateway.hardware.serial_card.bell_budget import LONGEST_ON_MS, MS, BellBudget, Repeated
from gateway.hardware.serial_card.commands import Command
from gateway.line.cadence import Cadence

_SETTLING_ROUNDS: Final = 8

Steps: TypeAlias = tuple[tuple[int, int], ...]
Confirmation: TypeAlias = Literal["first", "again", "late"]
"""Of a RING: the first since `start`, one more of it, or too late to be the next burst."""


class Bursts:
    """Rings by a cadence from `start` until `stop`. `hz` is the country's."""

    def __init__(self, hz: float, now: float) -> None:
        self._hz = hz
        self._budget = BellBudget(_ns(now))
        self._steps: Steps = ()
        self._index = 0  # of the burst that was sent last
        self._due: float | None = None
        self._told = False  # the first burst of this cadence was confirmed
        self._known = False  # what the card's bell does
        self._sounding = False
        self._pending = False

    @property
    def ringing(self) -> bool:
        """The bell is wanted."""
        return bool(self._steps)

    @property
    def sounding(self) -> bool:
        """The card was told to ring, and does so, pauses included."""
        return self._sounding

    def start(self, cadence: Cadence, now: float) -> None:
        """From the first burst on, as soon as that may be. A bell that sounds is to be stopped."""
        self._steps, self._told, self._pending = fitted(cadence.steps), False, False
        if self._sounding:
            self.again()
        self._put_off(now)

    def again(self) -> None:
        """Nobody knows what the card does: nothing is due before `silent`."""
        self._known, self._due = False, None

    def stop(self) -> None:
        """Silence: STOP is to be sent."""
        self._steps = ()
        self.again()

    def silent(self, now: float) -> None:
        """The card has obeyed a STOP, or has stopped by itself."""
        self._budget.silent(_ns(now))
        self._known, self._sounding = True, False
        self._put_off(now)

    def next_deadline(self) -> float | None:
        """When `command` is due; None for a cadence that the card repeats by itself."""
        return self._due

    def command(self, now: float) -> Command:
        """The burst that is due, to be sent now."""
        self._index = (self._index + 1) % len(self._steps) if self._sounding else 0
        burst = shaped(self._steps, self._index, self._budget, _ns(now))
        self._budget.rings(burst)
        self._due, self._sounding = None, True
        return Command("RING", (str(burst.on_ms), str(burst.off_ms), f"{self._hz:g}"))

    def confirmed(self, now: float) -> Confirmation:
        """The card has taken the RING. Too late for its turn, it is to be stopped."""
        if not (self._known and self.ringing):
            return "again"
        if not self._budget.confirmed(_ns(now)):
            self.again()
            return "late"
        if len(self._steps) > 1:
            self._due = self._budget.middle_ns() / 1e9
        first, self._told = not self._told, True
        return "first" if first else "again"

    def put_off(self, now: float) -> bool:
        """Whether the bell has to rest before it rings; said once for each `start`."""
        waits = self._due is not None and self._due > now and not self._sounding
        told, self._pending = self._pending, self._pending or waits
        return waits and not told and not self._told

    def _put_off(self, now: float) -> None:
        if self._steps and self._known:
            ready_ns = self._budget.ready_ns(_ns(now), self._steps[0][0])
            self._due = ready_ns / 1e9 if ready_ns > _ns(now) else now


def fitted(steps: Sequence[tuple[int, int]]) -> Steps:
    """Bursts as long as a line circuit stands them; the pause takes what is cut off."""
    cut = ((on_ms, off_ms, min(on_ms, LONGEST_ON_MS)) for on_ms, off_ms in steps)
    return tuple((short_ms, off_ms + on_ms - short_ms) for on_ms, off_ms, short_ms in cut)


def shaped(steps: Steps, index: int, budget: BellBudget, now_ns: int) -> Repeated:
    """THE place where a burst is fitted to the ring duty: its pause is as long as it has to be."""
    following = (index + 1) % len(steps)
    burst = budget.after(now_ns, steps[index], first=index == 0)
    pause_ms = budget.pause_ms(burst, steps[following][0], next_first=following == 0)
    return replace(burst, off_ms=pause_ms)


def period_ms(steps: Sequence[tuple[int, int]]) -> float:
    """How long a round really takes, once the ring duty has had its say."""
    short, budget, begun = fitted(steps), BellBudget(0), list[int]()
    now_ns = budget.ready_ns(0, short[0][0])
    for n in range(_SETTLING_ROUNDS * len(short)):
        burst = shaped(short, n % len(short), budget, now_ns)
        budget.rings(burst)
        budget.confirmed(now_ns)
        now_ns = burst.begin_ns
        if burst.first:
            begun.append(now_ns)
    return (begun[-1] - begun[-2]) / MS


def _ns(now: float) -> int:
    return round(now * 1e9)
