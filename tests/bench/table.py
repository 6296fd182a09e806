"""The rows of the result, and how they are shown."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["pass", "SHORT", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `limit` None: shown for information; otherwise `ours` must not exceed it."""

    figure: str
    unit: str
    limit: float | None
    ours: float | None
    baresip: float | None = None
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """SHORT also when there is no figure where one is wanted."""
        if self.limit is None:
            return ""
        good = self.ours is not None and not math.isnan(self.ours) and self.ours <= self.limit
        return "pass" if good else "SHORT"


def number(value: float | None, missing: str) -> str:
    """Three significant digits where it matters, whole numbers as they are."""
    if value is None or math.isnan(value):
        return missing
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def cells(row: Row, missing: str) -> list[str]:
    """A row as text."""
    limit = "" if row.limit is None else f"<= {number(row.limit, '')}"
    ours, theirs = number(row.ours, "none"), number(row.baresip, missing)
    return [row.figure, limit, ours, theirs, row.unit, row.verdict, row.note]


def text(rows: Sequence[Row], *, baresip: bool) -> str:
    """The table, aligned, in plain text."""
    missing = "-" if baresip else "not installed"
    head = ["figure", "target", "ours", "baresip", "unit", "", "note"]
    body = [head, *(cells(row, missing) for row in rows)]
    widths = [max(len(line[column]) for line in body) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in body
    )


def as_json(rows: Iterable[Row]) -> str:
    """The rows for machines; NaN becomes null."""
    found = [asdict(row) | {"verdict": row.verdict} for row in rows]
    for row in found:
        row |= {k: None for k, v in row.items() if isinstance(v, float) and math.isnan(v)}
    return json.dumps(found, indent=2) + "\n"
