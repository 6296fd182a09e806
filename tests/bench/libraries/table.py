"""The tables of the comparison, and what makes a line pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.libraries.rounds import Rate


@dataclass(frozen=True, slots=True)
class Line:
    """One library's cells; `verdict` is "" for the others' lines."""

    cells: tuple[str, ...]
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, names of columns, lines."""

    title: str
    head: tuple[str, ...]
    lines: Sequence[Line]

    @classmethod
    def of_rates(
        cls,
        title: str,
        rates: Mapping[str, Rate | None],
        versions: Mapping[str, str],
        notes: Mapping[str, str],
        target: float,
    ) -> Table:
        """Ours passes when its median reaches the target and no other's is higher."""
        head = ("library", "version", "a second", "rounds", "of ours", "target", "", "note")
        ours = rates.get("ours")
        best = max((rate.median for rate in rates.values() if rate is not None), default=0.0)
        lines = []
        for name, rate in sorted(rates.items(), key=_fastest_first):
            verdict = wanted = ""
            if name == "ours":
                good = rate is not None and rate.median >= target and rate.median >= best
                verdict, wanted = "pass" if good else "SHORT", f">= {target:,.0f}"
            share = "" if rate is None or ours is None else f"{rate.median / ours.median:.0%}"
            cells = (name, versions[name], *_figures(rate), share, wanted, verdict, notes[name])
            lines.append(Line(cells, verdict))
        return cls(title, head, lines)

    @property
    def passed(self) -> bool:
        """Whether no line is short."""
        return all(line.verdict != "SHORT" for line in self.lines)

    def text(self) -> str:
        """Aligned, in plain text."""
        rows = [self.head, *(line.cells for line in self.lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.head))]
        shown = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([self.title, *shown])

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def _fastest_first(item: tuple[str, Rate | None]) -> float:
    return 0.0 if item[1] is None else -item[1].median


def _figures(rate: Rate | None) -> tuple[str, str]:
    if rate is None:
        return "-", ""
    return f"{rate.median:,.0f}", f"{rate.lowest:,.0f}-{rate.highest:,.0f}"
