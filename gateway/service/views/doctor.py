"""`tipring doctor`: findings as a list, the worst last, where it stands above the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from gateway.service.doctor.examination import Diagnosis
from gateway.service.text import one_line
from gateway.service.views.status import console

LEVELS = ("ok", "warning", "failure")
_STYLES = {"ok": "green", "warning": "yellow", "failure": "bold red"}


def print_diagnoses(diagnoses: Sequence[Diagnosis]) -> None:
    """To stdout, with a verdict at the end."""
    to = console()
    to.print(_table(sorted(diagnoses, key=lambda each: LEVELS.index(each.level))))
    to.print(verdict(diagnoses))


def verdict(diagnoses: Sequence[Diagnosis]) -> Text:
    """How many of each kind, the worst first."""
    counts = {level: sum(each.level == level for each in diagnoses) for level in LEVELS}
    words = [
        f"{count} {level}{'' if count == 1 or level == 'ok' else 's'}"
        for level, count in reversed(counts.items())
        if count
    ]
    worst = next((level for level in reversed(LEVELS) if counts[level]), "ok")
    return Text(", ".join(words) or "nothing was checked", style=_STYLES[worst])


def _table(diagnoses: Sequence[Diagnosis]) -> Table:
    view = Table.grid(padding=(0, 2, 0, 0))
    view.add_column(no_wrap=True)
    view.add_column(overflow="fold")
    for each in diagnoses:
        text = Text.assemble((one_line(each.subject), "bold"), f": {one_line(each.text)}")
        if each.fix:
            text.append(f"\n{one_line(each.fix)}", style="italic")
        view.add_row(Text(each.level, style=_STYLES[each.level]), text)
    return view
