"""`tipring handset LINE ...`: works a simulated phone. The client opens the files."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway.service.cli_context import Context, socket_option


@dataclass
class Handset:
    """One line's phone, as the sub-commands use it."""

    context: Context
    line: str

    def ask(self, command: str, file: int | None = None, **fields: object) -> None:
        """Ask the service and wait for as long as the gesture takes."""
        files = [] if file is None else [file]
        with self.context.client() as client:
            client.request(f"handset.{command}", files, patient=True, line=self.line, **fields)


@click.group()
@click.argument("line")
@socket_option
@click.pass_context
def handset(context: click.Context, line: str) -> None:
    """Work the simulated phone of LINE."""
    context.obj = Handset(context.find_root().ensure_object(Context), line)


@handset.command("off-hook")
@socket_option
@click.pass_obj
def off_hook(phone: Handset) -> None:
    """Lift the handset."""
    phone.ask("off-hook")


@handset.command("on-hook")
@socket_option
@click.pass_obj
def on_hook(phone: Handset) -> None:
    """Put the handset down."""
    phone.ask("on-hook")


@handset.command()
@click.option("--ms", type=click.IntRange(10, 5000), help="Length of the flash.")
@socket_option
@click.pass_obj
def flash(phone: Handset, ms: int | None) -> None:
    """Press the hook switch for a moment."""
    phone.ask("flash", **({} if ms is None else {"ms": ms}))


@handset.command()
@click.argument("digits")
@click.option("--pulse", is_flag=True, help="Dial by interrupting the loop, as a rotary phone.")
@click.option("--pps", type=click.FloatRange(1, 50), default=10, help="Pulses per second.")
@click.option(
    "--break",
    "break_percent",
    type=click.FloatRange(1, 99),
    default=60,
    help="Share of each pulse in which the loop is open, in percent.",
)
@click.option("--on-ms", type=click.IntRange(1, 60_000), default=100, help="Length of each tone.")
@click.option("--off-ms", type=click.IntRange(1, 60_000), default=100, help="Pause behind it.")
@socket_option
@click.pass_obj
def dial(
    phone: Handset,
    digits: str,
    *,
    pulse: bool,
    pps: float,
    break_percent: float,
    on_ms: int,
    off_ms: int,
) -> None:
    """Dial DIGITS (0-9 * # A-D; a comma waits for a second)."""
    how: dict[str, Any] = {
        "pulse": pulse,
        "pps": pps,
        "break": break_percent,
        "on_ms": on_ms,
        "off_ms": off_ms,
    }
    phone.ask("dial", digits=digits, **how)


@handset.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--no-wait", is_flag=True, help="Return at once, not when all is played.")
@socket_option
@click.pass_obj
def play(phone: Handset, file: Path, no_wait: bool) -> None:
    """Speak the WAV FILE into the handset."""
    with file.open("rb") as opened:
        phone.ask("play", opened.fileno(), wait=not no_wait)


@handset.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--stop", is_flag=True, help="End the recording that is going on.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Record so long.")
@socket_option
@click.pass_obj
def record(phone: Handset, file: Path | None, stop: bool, seconds: float | None) -> None:
    """Record what the handset plays into the WAV FILE, until on-hook, --stop or --seconds."""
    if stop:
        phone.ask("record-stop")
        return
    if seconds is not None and not math.isfinite(seconds):
        raise click.UsageError("--seconds takes a number of seconds")
    if file is None:
        raise click.UsageError("the FILE to record into is missing")
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        phone.ask("record", opened, **({} if seconds is None else {"seconds": seconds}))
    finally:
        os.close(opened)
