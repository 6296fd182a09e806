"""Shows the call as it happens: a timeline, and a last line with live figures on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.audio.compare import Check
from tests.demo.evidence import Row
from tests.scenario.phone import Status

PLAIN_LIVE_S = 3.0  # how often a log without a terminal gets the live figures

_STYLES = {"caller": "cyan", "phone": "magenta", "tipring": "green", "live": "dim"}
_WORDS = {
    "sent": "sends {what}",
    "repeated": "repeats {what}",
    "response": "gets {status} {phrase} to its {method}",
    "request": "gets a {method}",
    "answered": "is answered, media at {media}, payload type {codec}",
    "first-rtp": "hears the first sound",
    "speaking": "speaks",
    "spoken": "has finished speaking",
    "digit-sent": "presses {what}",
    "digit-heard": "receives the digit {what}",
    "fault": "finds a fault: {what}",
    "over": "is done: {why}",
}


class Screen:
    """An audience for people. Its methods may be called on any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._figures: dict[str, str] = {}
        self._plain_due = self._begun + PLAIN_LIVE_S
        self._live = Live(Text(), console=console, refresh_per_second=5, transient=True)

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    # --- the audience --------------------------------------------------------------------------

    def caller(self, row: Row) -> None:
        if row["event"] == "live":
            text = f"caller: received {row['received']}, lost {row['lost']}, "
            self._figure("caller", text + f"jitter {row['jitter_ms']:.2f} ms")
        text = _story(row)
        if text:
            self._line(row["t"], "caller", text)

    def phone(self, t: float, text: str) -> None:
        self._line(t, "phone", text)

    def service(self, t: float, text: str) -> None:
        self._line(t, "tipring", text)

    def live(self, status: Status) -> None:
        for call in status["calls"]:
            rtp = call["rtp"]
            text = f"tipring: {call['state']}, sent {rtp['sent']}, received {rtp['received']}, "
            self._figure("tipring", text + f"lost {rtp['lost']}, jitter {rtp['jitter_ms']:.2f} ms")

    # --- results -------------------------------------------------------------------------------

    def checks(self, checks: Sequence[Check]) -> None:
        """Each on a line of its own, measured value beside its bound."""
        self._title("What was checked")
        wide = max(len(check.name) for check in checks)
        for check in checks:
            mark = ("ok    ", "green") if check.passed else ("FAILED", "bold red")
            value, bound = check.value, (f"   ({check.bound})", "dim")
            self._print(Text.assemble(mark, f"  {check.name:{wide}}  ", (value, "bold"), bound))

    def record(self, record: Row) -> None:
        self._title("The record of the call (tipring calls --json)")
        for key, value in record.items():
            self._print(Text(f"  {key:20}{_plain(value)}"))

    def _title(self, text: str) -> None:
        self._print(Text(f"\n{text}", "bold"))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _figure(self, who: str, text: str) -> None:
        with self._lock:
            self._figures[who] = text
            joined = "   ".join(self._figures[name] for name in sorted(self._figures))
        if self._console.is_terminal:
            self._live.update(Text(joined, "dim", no_wrap=True, overflow="ellipsis"))
        elif time.monotonic() >= self._plain_due:
            self._plain_due = time.monotonic() + PLAIN_LIVE_S
            self._line(time.monotonic(), "live", joined)

    def _line(self, t: float, who: str, text: str) -> None:
        when = f"{max(0.0, t - self._begun):7.3f} s"
        line = Text.assemble((when, "dim"), "  ", (f"{who:8}", _STYLES[who]), text)
        self._print(line)


def _story(row: Row) -> str:
    """A row of the caller in words; empty for what is not worth a line."""
    x = ", ".join(f"{name}: {value}" for name, value in row.get("x", {}).items())
    words = _WORDS.get(row["event"], "").format_map(row)
    return f"{words}  ({x})" if words and x else words


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {inner}" for name, inner in value.items())
    return "-" if value is None else str(value)
