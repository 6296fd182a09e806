"""`tipring calls`: finished calls as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from gateway.service.since import parse_rfc3339
from gateway.service.views.status import figure, milliseconds, safe


def print_calls(records: list[dict[str, Any]]) -> None:
    """To stdout; oldest first, so that the newest stands above the prompt."""
    console = Console()
    if not records:
        console.print("no finished calls", style="dim")
        return
    console.print(calls_view(records))


def calls_view(records: list[dict[str, Any]]) -> Table:
    """One row a call; times are local."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("start", "call", "line", "from", "to", "reason", "status", "codec"):
        table.add_column(name)
    for name in ("seconds", "loss", "jitter", "MOS"):
        table.add_column(name, justify="right")
    for record in records:
        loss = record["loss"]
        table.add_row(
            _local(record["start"]),
            *(_text(record.get(key)) for key in ("call", "line", "from", "to", "reason")),
            _text(record["sip_status"]),
            _text(record["codec"]),
            figure(record.get("duration_s")),
            "-" if loss is None else f"{loss:.1f} %",
            milliseconds(record["jitter_ms"]),
            figure(record["mos"]),
        )
    return table


def _text(value: object) -> str:
    return "-" if value is None else safe(value)


def _local(text: str) -> str:
    return datetime.fromtimestamp(parse_rfc3339(text)).strftime("%Y-%m-%d %H:%M:%S")
