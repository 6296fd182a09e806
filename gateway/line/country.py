"""A country's telephone habits, from the mapping that its file holds.

The service reads `countries/<code>.toml` and hands the mapping over; this module reads no file.
Every error names the file, the key and what is allowed there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.line.cadence import DISTINCTIVE, Cadence
from gateway.line.display import CallerIdScheme, read_scheme
from gateway.line.pulse import NUMBERINGS, HookTimings
from gateway.line.table import Table
from gateway.line.tones import MAX_SEGMENTS, TONE_NAMES, Tone, ToneSegment, parse_frequencies

# What a tone does after its last segment: begin again, repeat that segment, or end.
REPEATS = ("all", "last", "never")


@dataclass(frozen=True, slots=True)
class DtmfLevels:
    """Key tones played to the phone, dBm of each frequency group."""

    high_dbm: float
    low_dbm: float


@dataclass(frozen=True, slots=True)
class Country:
    """Everything that differs between national networks. `unverified` lists keys from memory."""

    name: str
    source: str
    tones: Mapping[str, Tone]
    ring: Cadence
    cadences: Mapping[str, Cadence]
    ring_hz: float
    hook: HookTimings
    dtmf: DtmfLevels
    pulse_numbering: str
    caller_id: CallerIdScheme
    unverified: tuple[str, ...]

    @staticmethod
    def from_mapping(data: Mapping[str, Any], *, file: str = "country") -> Country:
        """Check and convert. Raises ConfigError naming `file`, the key and what is allowed."""
        return _country(Table(data, file, ""))

    def cadence(self, name: str | None) -> Cadence:
        """A ring cadence by name; the country's own for None and for names nobody knows.

        The name comes from a peer's Alert-Info, which is a wish and never an error.
        """
        return self.ring if name is None else self.cadences.get(name, self.ring)


def _country(root: Table) -> Country:
    ring, dtmf, hook = root.table("ring"), root.table("dtmf"), root.table("hook")
    country = Country(
        name=root.text("name"),
        source=root.text("source"),
        tones=_tones(root.table("tones")),
        ring=Cadence("country", ring.pairs("cadence")),
        cadences=DISTINCTIVE,
        ring_hz=ring.number("hz", 15, 70),
        hook=_hook(hook),
        dtmf=DtmfLevels(dtmf.number("high_dbm", -30, 0), dtmf.number("low_dbm", -30, 0)),
        pulse_numbering=hook.choice("numbering", tuple(NUMBERINGS), "standard"),
        caller_id=read_scheme(root.table("caller_id")),
        unverified=root.texts("unverified"),
    )
    for table in (root, ring, dtmf, hook):
        table.no_more()
    return country


def _hook(table: Table) -> HookTimings:
    flash_min, flash_max = table.pair("flash_ms")
    if flash_min > flash_max:
        raise table.wrong("flash_ms", "[shortest, longest] with the shorter one first")
    pulse_max = table.milliseconds("pulse_max_ms", 60, 200, 120)
    shortest = max(flash_max, pulse_max)
    hang_up = table.milliseconds("hang_up_ms", shortest, 5000, shortest)
    try:
        return HookTimings(flash_min, flash_max, hang_up, pulse_max_ms=pulse_max)
    except ValueError as error:
        raise table.wrong("flash_ms", str(error)) from None


def _tones(table: Table) -> Mapping[str, Tone]:
    for key in table.names():
        if key not in TONE_NAMES:
            raise table.wrong(key, "one of " + ", ".join(TONE_NAMES))
    if "dial" not in table or "busy" not in table or "ringback" not in table:
        raise table.wrong("", "a table with at least dial, ringback and busy")
    return MappingProxyType({key: _tone(table.table(key)) for key in table.names()})


def _tone(table: Table) -> Tone:
    level = table.number("level_dbm", -60, 3)
    segments = tuple(s for row in table.tables("segments") for s in _segments(row, level))
    repeat = table.choice("repeat", REPEATS, "all" if segments[-1].on_ms else "never")
    table.no_more()
    repeat_from = {"all": 0, "last": len(segments) - 1, "never": None}[repeat]
    try:
        return Tone(segments, repeat_from)
    except ValueError as error:
        raise table.wrong("segments", f"a playable tone: {error}") from None


def _segments(row: Table, tone_level: float) -> tuple[ToneSegment, ...]:
    text = row.text("f")
    on_ms, off_ms = row.milliseconds("on", 0, 60_000, 0), row.milliseconds("off", 0, 60_000, 0)
    level = row.number("level_dbm", -60, 3, tone_level)
    times = int(row.number("times", 1, MAX_SEGMENTS, 1))
    row.no_more()
    try:
        frequencies, modulated_by = parse_frequencies(text)
        segment = ToneSegment(frequencies, modulated_by, level, on_ms, off_ms)
    except ValueError as error:
        raise row.wrong("f", f"hertz as 350, 350+440 or 400*16 ({error})") from None
    return (segment,) * times
