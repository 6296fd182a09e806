"""The level of a watched pin, by its edges and by a look at it now and then.

An edge can get lost: the kernel's queue is not endless. A look at the pin finds out, soon after the
last edge, since that is when edges get lost, and slowly ever after. A level that was wrong so long
is a glitch to the hook machine, and no dialled digit.
"""

from __future__ import annotations

from typing import Final

LOOK_NS: Final = 200_000_000
SETTLED_NS: Final = 5_000_000
# An edge that is on its way makes the pin differ for a moment: it gets this long to arrive.
DOUBT_NS: Final = 5_000_000


class SensedPin:
    """`level`, and `since_ns`: the time of the edge that began it."""

    def __init__(self, level: bool, now_ns: int) -> None:
        self.level = level
        self.since_ns = now_ns
        self.lost = 0  # edges that were never told
        self._look_ns = now_ns + LOOK_NS
        self._doubt_ns: int | None = None

    @property
    def look_ns(self) -> int:
        """When `look` wants to be called next."""
        return self._look_ns

    def edge(self, level: bool, t_ns: int) -> None:
        """The pin changed to `level`; if that is no news, the edge between was lost."""
        self.level = level
        self.since_ns = t_ns
        self._doubt_ns = None
        self._look_ns = t_ns + SETTLED_NS

    def look(self, level: bool, now_ns: int) -> bool:
        """What the pin is at `now_ns`; True when this is news, because an edge was lost."""
        if level == self.level:
            self._doubt_ns = None
        elif self._doubt_ns is None:
            self._doubt_ns = now_ns
            self._look_ns = now_ns + DOUBT_NS
            return False
        elif now_ns - self._doubt_ns >= DOUBT_NS:
            self.level, self.since_ns, self._doubt_ns = level, self._doubt_ns, None
            self.lost += 1
            self._look_ns = now_ns + LOOK_NS
            return True
        self._look_ns = now_ns + LOOK_NS
        return False
