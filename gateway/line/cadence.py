"""How a bell rings: bursts and pauses, repeated until someone answers.

Times are milliseconds. The bell's frequency belongs to the country, not to the cadence.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


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
        begun = int(rounds) * len(self.steps)
        for on_ms, off_ms in self.steps:
            if rest < 0:
                break
            begun += 1
            rest -= on_ms + off_ms
            if rest < 0:
                break
        return begun

    def sounding_at(self, elapsed_ms: float) -> bool:
        """Whether a burst is under way `elapsed_ms` after the first one began."""
        if elapsed_ms < 0:
            return False
        rest = elapsed_ms % self.period_ms
        for on_ms, off_ms in self.steps:
            if rest < on_ms:
                return True
            rest -= on_ms + off_ms
            if rest < 0:
                return False
        return False


def _cadence(name: str, *steps: tuple[int, int]) -> tuple[str, Cadence]:
    return name, Cadence(name, steps)


# Distinctive ringing by the names that SIP peers use in Alert-Info (Bellcore-dr1 ... Bellcore-dr9).
DISTINCTIVE: MappingProxyType[str, Cadence] = MappingProxyType(
    dict(
        (
            _cadence("r1", (2000, 4000)),
            _cadence("r2", (800, 400), (800, 4000)),
            _cadence("r3", (400, 200), (400, 200), (800, 4000)),
            _cadence("r4", (300, 200), (1000, 200), (300, 4000)),
            _cadence("r5", (500, 500)),
            _cadence("r6", (200, 400), (200, 400), (200, 4000)),
            _cadence("r7", (400, 200), (400, 200), (400, 4000)),
            _cadence("r8", (250, 9750)),
            _cadence("r9", (400, 200), (400, 2000)),
        )
    )
)
