"""How a bell rings: bursts and pauses, repeated until someone answers.

Times are milliseconds. The bell's frequency belongs to the country, not to the cadence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cadence:
    """`steps` of (on_ms, off_ms), repeated. Each part is longer than zero."""

    name: str
    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.steps or any(on <= 0 or off <= 0 for on, off in self.steps):
            raise ValueError(f"cadence {self.name}: every step needs on_ms > 0 and off_ms > 0")

    @property
    def period_ms(self) -> int:
        """Length of one round."""
        return sum(on + off for on, off in self.steps)

    def bursts_by(self, elapsed_ms: float) -> int:
        """How many bursts have begun `elapsed_ms` after the first one began."""
        if elapsed_ms < 0:
            return 0
        rounds, rest = divmod(elapsed_ms, self.period_ms)
        return int(rounds) * len(self.steps) + sum(begin <= rest for begin, _ in self._bursts())

    def sounding_at(self, elapsed_ms: float) -> bool:
        """Whether a burst is under way `elapsed_ms` after the first one began."""
        rest = elapsed_ms % self.period_ms
        return elapsed_ms >= 0 and any(begin <= rest < end for begin, end in self._bursts())

    def pause_of(self, ms: int) -> tuple[int, int] | None:
        """The first pause of at least `ms`: when it begins, and its length; None without one."""
        ends = zip(self._bursts(), self.steps, strict=True)
        return next(((end, off_ms) for (_, end), (_, off_ms) in ends if off_ms >= ms), None)

    def _bursts(self) -> Iterator[tuple[int, int]]:
        """Begin and end of each burst of a round."""
        at = 0
        for on_ms, off_ms in self.steps:
            yield at, at + on_ms
            at += on_ms + off_ms


# Distinctive ringing by the names that SIP peers use in Alert-Info (Bellcore-dr1 ... Bellcore-dr9).
DISTINCTIVE: Final[Mapping[str, Cadence]] = {
    cadence.name: cadence
    for cadence in (
        Cadence("r1", ((2000, 4000),)),
        Cadence("r2", ((800, 400), (800, 4000))),
        Cadence("r3", ((400, 200), (400, 200), (800, 4000))),
        Cadence("r4", ((300, 200), (1000, 200), (300, 4000))),
        Cadence("r5", ((500, 500),)),
        Cadence("r6", ((200, 400), (200, 400), (200, 4000))),
        Cadence("r7", ((400, 200), (400, 200), (400, 4000))),
        Cadence("r8", ((250, 9750),)),
        Cadence("r9", ((400, 200), (400, 2000))),
    )
}

# <http://127.0.0.1/Bellcore-dr3>, ";info=Bellcore-r3" or the bare word: peers write all three.
_WISH: Final = re.compile(r"\bbellcore-d?r([1-9])\b", re.IGNORECASE)


def distinctive_cadence(alert_info: Iterable[str]) -> str | None:
    """The name of the cadence that the values of Alert-Info wish for; None for no known one."""
    wishes = (_WISH.search(value) for value in alert_info)
    return next((f"r{wish[1]}" for wish in wishes if wish), None)
