"""Hook traces as people write them, and a machine run over them on virtual time.

A trace is a list of milliseconds at which the contact moves, beginning with the loop closed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import gateway.line
from gateway.line import Country, LineEvent, LineMachine
from gateway.line.events import HookEdge, PortEvent

COUNTRIES = Path(gateway.line.__file__).parent / "countries"
CODES = sorted(path.stem for path in COUNTRIES.glob("*.toml"))
NS = 1_000_000


@cache
def country(code: str) -> Country:
    file = COUNTRIES / f"{code}.toml"
    return Country.from_mapping(tomllib.loads(file.read_text()), file=file.name)


class Run:
    """One line machine, and what it decided: (event, milliseconds when the loop learnt it)."""

    def __init__(self, code: str = "us") -> None:
        self.machine = LineMachine(country(code))
        self.found: list[tuple[LineEvent, float]] = []
        self.now = 0.0

    @property
    def events(self) -> list[LineEvent]:
        return [event for event, _ in self.found]

    def at(self, ms: float) -> Run:
        """Let the time come, every deadline called in time."""
        target = ms / 1e3
        while (due := self.machine.next_deadline()) is not None and due <= target:
            self.now = max(self.now, due)
            self.machine.handle_deadline(self.now)
            self._collect()
        self.now = max(self.now, target)
        return self

    def give(self, event: PortEvent) -> Run:
        self.machine.receive(event, self.now)
        self._collect()
        return self

    def edge(self, off_hook: bool, ms: float) -> Run:
        self.at(ms)
        return self.give(HookEdge(off_hook, round(ms * NS)))

    def edges(self, moves: Iterable[float], *, first_off_hook: bool = False) -> Run:
        """The contact moves at these times, alternating."""
        level = first_off_hook
        for ms in moves:
            self.edge(level, ms)
            level = not level
        return self

    def lifted(self) -> Run:
        """Off-hook for long, with a clean sheet."""
        self.edge(True, 0).at(1000)
        self.found.clear()
        return self

    def answered(self) -> Run:
        """In a call that came in."""
        self.machine.ring(self.now)
        self.lifted()
        self.machine.effects()
        return self

    def _collect(self) -> None:
        while (event := self.machine.next_event()) is not None:
            self.found.append((event, round(self.now * 1e3, 3)))


def breaks(start: float, *lengths: tuple[float, float]) -> list[float]:
    """Moves of a contact that opens for each (break, then make) milliseconds in turn."""
    moves: list[float] = []
    t = start
    for opened, closed in lengths:
        moves += [t, t + opened]
        t += opened + closed
    return moves


def train(start: float, pulses: int, pps: float, break_percent: float) -> list[float]:
    """Moves of one dialled digit."""
    period = 1000 / pps
    opened = period * break_percent / 100
    return breaks(start, *[(opened, period - opened)] * pulses)


def bounced(moves: Iterable[float], bounce: float) -> list[float]:
    """Every move followed by a spring back and forth within `bounce` milliseconds."""
    return [t for move in moves for t in (move, move + bounce / 2, move + bounce)]
