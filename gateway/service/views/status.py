"""`tipring status`: lines and calls as tables."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gateway.service.control_client import ControlClient
from gateway.service.text import one_line

Answer = dict[str, Any]

STATE_STYLES = {"idle": "green", "ringing": "yellow", "off-hook": "cyan", "fault": "bold red"}


def print_status(answer: Answer) -> None:
    """Once, to stdout."""
    Console().print(status_view(answer))


def watch_status(client: ControlClient, interval_s: float) -> None:
    """Until the owner presses Ctrl-C."""
    with Live(status_view(client.request("status")), auto_refresh=False) as live:
        try:
            while True:
                time.sleep(interval_s)
                live.update(status_view(client.request("status")), refresh=True)
        except KeyboardInterrupt:
            return


def status_view(answer: Answer) -> RenderableType:
    """The whole answer of `status`."""
    parts: list[RenderableType] = [_head(answer), lines_table(answer["lines"])]
    if answer["calls"]:
        parts.append(calls_table(answer["calls"]))
    else:
        parts.append(Text("no calls", style="dim"))
    return Group(*parts)


def _head(answer: Answer) -> Text:
    state = ("ready", "green") if answer["ready"] else ("not ready", "bold red")
    text = Text.assemble(f"tipring {answer['version']}: ", state)
    realtime = answer.get("realtime")
    if realtime and realtime["why_not"]:
        text.append(f"\nreal time: {one_line(realtime['why_not'])}", style="yellow")
    return text


def lines_table(lines: list[Answer]) -> Table:
    """Every line and its state."""
    table = _table("line", "driver", "state")
    for line in lines:
        style = STATE_STYLES.get(line["state"], "")
        table.add_row(safe(line["name"]), safe(line["driver"]), Text(line["state"], style=style))
    return table


def calls_table(calls: list[Answer]) -> Table:
    """Every call in progress with its figures."""
    table = _table("call", "line", "direction", "from", "state", "sent", "received", "lost")
    for name in ("jitter", "delay", "MOS"):
        table.add_column(name, justify="right")
    for call in calls:
        rtp = call["rtp"]
        table.add_row(
            *(safe(call.get(key, "")) for key in ("call", "line", "direction", "from", "state")),
            *(str(rtp[key]) for key in ("sent", "received", "lost")),
            milliseconds(rtp["jitter_ms"]),
            milliseconds(rtp.get("round_trip_ms")),
            figure(rtp.get("mos")),
        )
    return table


def milliseconds(value: float | None) -> str:
    """A time as a person reads it, a dash when it is not known."""
    return "-" if value is None else f"{value:.1f} ms"


def figure(value: float | None) -> str:
    """A number with one decimal, a dash when it is not known."""
    return "-" if value is None else f"{value:.1f}"


def safe(value: object) -> str:
    """Text that may come from a peer: no control characters, no markup of ours."""
    return escape(one_line(str(value)))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table
