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
REGISTRATION_STYLES = {"registered": "green", "trying": "yellow", "waiting": "bold red"}
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
    for line in answer["lines"]:
        parts.extend(_remarks(line))
    if any(line.get("audio") for line in answer["lines"]):
        parts.append(sound_table(answer["lines"]))
    if answer["registrations"]:
        parts.append(registrations_table(answer["registrations"]))
    if answer["calls"]:
        parts.append(calls_table(answer["calls"]))
    else:
        parts.append(Text("no calls", style="dim"))
    parts.extend(_reached(answer.get("limits") or {}))
    return Group(*parts)


def _reached(limits: Answer) -> list[RenderableType]:
    """The limits that turned somebody away; the others are nobody's business."""
    return [
        Text(
            f"limit sip.limits.{name} = {one['limit']}: reached {one['refused']} times so far",
            style="yellow",
        )
        for name, one in limits.items()
        if one["refused"]
    ]


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


def _remarks(line: Answer) -> list[RenderableType]:
    """Why a line is out of service, how the link to its card does, and its rotary dial."""
    remarks: list[RenderableType] = []
    if line.get("fault"):
        remarks.append(Text(f"line {line['name']}: {one_line(line['fault'])}", style="bold red"))
    if line.get("link"):
        link = line["link"]
        text = f"line {line['name']}: card {link['version'] or '?'} {link['state']}, {counts(link)}"
        remarks.append(Text(one_line(text), style="dim"))
    if line.get("rotary"):
        dial = line["rotary"]
        text = (
            f"line {line['name']}: rotary dial, {dial['pulses_s']} pulses a second,"
            f" {dial['break_percent']} % break"
        )
        remarks.append(Text(one_line(text), style="dim"))
    return remarks


def counts(link: Answer) -> str:
    """What a link has counted since the start."""
    return (
        f"{link['lines']} lines heard, {link['damaged']} damaged, {link['retries']} commands sent"
        f" again, {link['reconnects']} reconnects, {link['resets']} restarts of the card"
    )


def sound_table(lines: list[Answer]) -> Table:
    """The sound cards, a row for each direction."""
    view = table("line", "sound", "device", "card", "rate", "period", "delay", "xruns", "fault")
    for line in lines:
        for kind, side in (line.get("audio") or {}).items():
            view.add_row(
                safe(line["name"]),
                kind,
                safe(side["device"]),
                safe(side["card"] or "-"),
                "-" if side["rate"] is None else f"{side['rate']} Hz",
                milliseconds(side["period_ms"]),
                milliseconds(side["delay_ms"]),
                str(side["xruns"]),
                Text(one_line(side["fault"]) or "-", style="bold red" if side["fault"] else ""),
            )
    return view


def registrations_table(registrations: list[Answer]) -> Table:
    """Every account, with its last error and when it is tried again."""
    view = table("account", "registration", "registrar", "next try", "last error")
    for each in registrations:
        style = REGISTRATION_STYLES.get(each["state"], "")
        view.add_row(
            safe(each["account"]),
            Text(each["state"], style=style),
            safe(each["registrar"] or "-"),
            seconds(each["next_try_s"]),
            safe(each["error"] or "-"),
        )
    return view


_CALL_COLUMNS = [
    "call",
    "line",
    "party",
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
            *(safe(text) for text in (call["call"], call["line"], party(call), call_state(call))),
            *(str(rtp[key]) for key in ("sent", "received", "lost")),
            milliseconds(rtp["jitter_ms"]),
            milliseconds(rtp.get("round_trip_ms")),
            figure(rtp.get("mos")),
        )
    return view


def party(call: Answer) -> str:
    """The far end: who called, or who was called."""
    if call["direction"] == "outgoing":
        return f"to {call.get('to', '?')}"
    return f"from {call.get('from', '?')}"


def call_state(call: Answer) -> str:
    """The state, and whether somebody waits."""
    return f"{call['state']}, on hold" if call.get("on_hold") else str(call["state"])


def seconds(value: float | None) -> str:
    """A time to come, a dash when there is none."""
    return "-" if value is None else f"{value:.0f} s"


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


_FOLDED = {"party", "end", "last error", "device", "card", "fault"}
