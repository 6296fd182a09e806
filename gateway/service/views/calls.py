"""`tipring calls`: finished calls as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.table import Table

from gateway.service.since import parse_rfc3339
from gateway.service.views.status import console, figure, milliseconds, party, safe, table

Record = dict[str, Any]


def print_calls(records: list[Record]) -> None:
    """To stdout; oldest first, so that the newest stands above the prompt."""
    if not records:
        console().print("no finished calls", style="dim")
        return
    console().print(calls_view(records))


def calls_view(records: list[Record]) -> Table:
    """One row a call; times are local."""
    view = table("start", "call", "line", "party", "end", "seconds", "loss", "jitter", "MOS")
    for record in records:
        loss = record["loss"]
        view.add_row(
            _local(record["start"]),
            safe(record["call"]),
            safe(record.get("line") or "-"),
            safe(party(record)),
            _end(record),
            figure(record.get("duration_s") if record["answer"] else None),
            "-" if loss is None else f"{loss:.1f} %",
            milliseconds(record["jitter_ms"]),
            figure(record["mos"]),
        )
    return view


def _end(record: Record) -> str:
    """Why it ended, and the status of a call that was not answered."""
    status = "" if record["answer"] or not record["sip_status"] else f" ({record['sip_status']})"
    return safe(f"{record['reason']}{status}")


def _local(text: str) -> str:
    return datetime.fromtimestamp(parse_rfc3339(text)).strftime("%b %d %H:%M:%S")
