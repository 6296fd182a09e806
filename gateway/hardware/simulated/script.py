"""What a dialling script says: keys or pulses, and pauses, as events on a time line.

Times are nanoseconds after the script's beginning; the lengths that people give are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gateway.errors import TipringError
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, HookEdge, PortEvent

NS_PER_MS = 1_000_000
PAUSE_MS = 1000  # a comma
PULSE_PAUSE_MS = 200  # at least: a dial turns back before the next digit
KEYS = "0123456789*#ABCD"
PULSED = "0123456789"

Planned: TypeAlias = tuple[int, PortEvent]


class HandsetError(TipringError, ValueError):
    """The handset was asked for something that no telephone can do; the text says what instead."""

    fault = "configuration"


@dataclass(frozen=True, slots=True)
class Script:
    """Events in time order, and when the last one is over."""

    events: tuple[Planned, ...]
    length_ns: int


def keys(script: str, *, on_ms: int, off_ms: int) -> Script:
    """Press keys: each sounds `on_ms` and is followed by `off_ms` of silence."""
    _check(script, KEYS, "keys are 0-9, *, # and A-D, and a comma for a second's pause")
    _check_length("on_ms", on_ms, 1, 60_000)
    _check_length("off_ms", off_ms, 1, 60_000)
    events: list[Planned] = []
    t_ns = 0
    for character in script.upper():
        if character == ",":
            t_ns += PAUSE_MS * NS_PER_MS
            continue
        end_ns = t_ns + on_ms * NS_PER_MS
        events += [
            (t_ns, EarlyTone(True, t_ns)),
            (t_ns, DtmfStart(character, t_ns)),
            (end_ns, DtmfEnd(character, end_ns)),
            (end_ns, EarlyTone(False, end_ns)),
        ]
        t_ns = end_ns + off_ms * NS_PER_MS
    return Script(tuple(events), t_ns)


def pulses(
    script: str, *, pps: float, break_percent: float, pause_ms: int, bounce_ms: float = 0
) -> Script:
    """Turn a dial: `pps` pulses a second, the loop open for `break_percent` of each."""
    _check(script, PULSED, "a dial has 0-9 only, and a comma is a second's pause")
    if not 1 <= pps <= 30:
        raise HandsetError(f"pps is {pps:g}, but a dial makes 1 to 30 pulses a second")
    if not 10 <= break_percent <= 90:
        raise HandsetError(f"break is {break_percent:g}, but a dial breaks for 10 to 90 percent")
    period_ns = round(1e9 / pps)
    break_ns = round(period_ns * break_percent / 100)
    pause_ns = max(pause_ms, PULSE_PAUSE_MS) * NS_PER_MS
    events: list[Planned] = []
    t_ns = 0
    for character in script:
        if character == ",":
            t_ns += PAUSE_MS * NS_PER_MS
            continue
        for _ in range(int(character) or 10):
            events += transition(False, t_ns, bounce_ms)
            events += transition(True, t_ns + break_ns, bounce_ms)
            t_ns += period_ns
        t_ns += pause_ns
    return Script(tuple(events), t_ns)


def flash(ms: float, bounce_ms: float = 0) -> Script:
    """Open the loop for `ms`."""
    _check_length("flash", ms, 1, 60_000)
    end_ns = round(ms * NS_PER_MS)
    events = [*transition(False, 0, bounce_ms), *transition(True, end_ns, bounce_ms)]
    return Script(tuple(events), end_ns)


def transition(off_hook: bool, t_ns: int, bounce_ms: float) -> Iterator[Planned]:
    """The contact moves at `t_ns`, and bounces back once within `bounce_ms` before it settles."""
    bounce_ns = round(bounce_ms * NS_PER_MS)
    levels = (off_hook, not off_hook, off_hook) if bounce_ns else (off_hook,)
    for n, level in enumerate(levels):
        at = t_ns + n * bounce_ns // 2
        yield at, HookEdge(level, at)


def _check(script: str, allowed: str, hint: str) -> None:
    for character in script:
        if character != "," and character.upper() not in allowed:
            raise HandsetError(f"{character!r} cannot be dialled: {hint}")
    if not script:
        raise HandsetError(f"there is nothing to dial: {hint}")


def _check_length(what: str, ms: float, low: int, high: int) -> None:
    if not low <= ms <= high:
        raise HandsetError(f"{what} is {ms:g} ms, but it can be {low} to {high} ms")
