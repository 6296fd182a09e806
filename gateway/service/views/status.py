"""`tipring status`: lines and calls as tables."""

from __future__ import annotations

import sys
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

_PIPE_WIDTH = 200
STATE_STYLES = {"idle": "green", "ringing": "yellow", "off-hook": "cyan", "fault": "bold red"}


def print_status(answer: Answer) -> None:
    """Once, to stdout."""
    console().print(status_view(answer))


def watch_status(client: ControlClient, interval_s: float) -> None:
    """Until the owner presses Ctrl-C, which is raised. Without a terminal: one after another."""
    while not sys.stdout.isatty():
        print_status(client.request("status"))
        sys.stdout.flush()
        time.sleep(interval_s)
    with Live(status_view(client.request("status")), auto_refresh=False) as live:
        while True:
            time.sleep(interval_s)
            live.update(status_view(client.request("status")), refresh=True)


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
    view = table("line", "driver", "state")
    for line in lines:
        style = STATE_STYLES.get(line["state"], "")
        view.add_row(safe(line["name"]), safe(line["driver"]), Text(line["state"], style=style))
    return view


_CALL_COLUMNS = [
    "call",
    "line",
    "from",
    "state",
    "sent",
    "received",
    "lost",
    "jitter",
    "delay",
    "MOS",
]


def calls_table(calls: list[Answer]) -> Table:
    """Every call in progress with its figures."""
    view = table(*_CALL_COLUMNS)
    for call in calls:
        rtp = call["rtp"]
        view.add_row(
            *(safe(call.get(key, "")) for key in ("call", "line", "from", "state")),
            *(str(rtp[key]) for key in ("sent", "received", "lost")),
            milliseconds(rtp["jitter_ms"]),
            milliseconds(rtp.get("round_trip_ms")),
            figure(rtp.get("mos")),
        )
    return view


def milliseconds(value: float | None) -> str:
    """A time as a person reads it, a dash when it is not known."""
    return "-" if value is None else f"{value:.1f} ms"


def figure(value: float | None) -> str:
    """A number with one decimal, a dash when it is not known."""
    return "-" if value is None else f"{value:.1f}"


def safe(value: object) -> str:
    """Text that may come from a peer: no control characters, no markup of ours."""
    return escape(one_line(str(value)))


def console() -> Console:
    """stdout: as wide as the terminal, and wide enough to lose nothing where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


def table(*columns: str) -> Table:
    """A plain table. Where it is too wide, the texts in it are folded and the figures stay."""
    view = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        if column in _FOLDED:
            view.add_column(column, overflow="fold", min_width=8)
        else:
            view.add_column(column, no_wrap=True)
    return view


_FOLDED = {"from", "end"}
