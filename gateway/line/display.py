"""How a country's exchanges show the caller on a telephone's display: the data of its file.

Three ways to place it (EN 300 659-1 section 6, Bellcore GR-30): in the pause after the first ring;
before the first ring, behind a reversal of the line, an alerting tone or both; behind a short pulse
of the bell. Two languages: a data message by modem, or the number in DTMF (EN 300 659-1 annex B).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from gateway.line.table import Table

Standard: TypeAlias = Literal["bell202", "v23", "dtmf", "none"]
Placement: TypeAlias = Literal["after-ring", "before-ring", "ring-pulse"]
Format: TypeAlias = Literal["mdmf", "sdmf"]

STANDARDS: Final = ("bell202", "v23", "dtmf", "none")
PLACEMENTS: Final = ("after-ring", "before-ring", "ring-pulse")
FORMATS: Final = ("mdmf", "sdmf")
_KEYS: Final = frozenset("0123456789*#ABCD")
MOST_KEYS: Final = 12  # in place of a number


@dataclass(frozen=True, slots=True)
class DtmfWords:
    """What stands around a number in DTMF, and what stands in place of one."""

    start: str = "A"
    end: str = "C"
    private: str = "B10C"
    unavailable: str = "B00C"


@dataclass(frozen=True, slots=True)
class CallerIdScheme:
    """Times are milliseconds. `source` says where this was read, or why there is none.

    `lead_ms` is from the reversal to what follows it, `wait_ms` from the first ring, the pulse or
    the alerting tone to the data, `ring_wait_ms` from the data to the next ring (200 at least).
    """

    standard: Standard
    source: str
    placement: Placement = "after-ring"
    message: Format = "mdmf"
    reversal: bool = False
    alerting_tone: bool = False
    lead_ms: int = 150
    wait_ms: int = 550
    pulse_ms: int = 250
    ring_wait_ms: int = 300
    seizure_bits: int = 300
    mark_bits: int = 180
    level_dbm: float = -13.5
    dtmf: DtmfWords = DtmfWords()

    @property
    def by_modem(self) -> bool:
        """Data messages, which can say more than a number."""
        return self.standard in ("bell202", "v23")


NO_CALLER_ID: Final = CallerIdScheme("none", "the owner's wish")


def read_scheme(table: Table) -> CallerIdScheme:
    """Check and convert. Raises ConfigError naming file, key and what is allowed."""
    standard = cast("Standard", table.choice("standard", STANDARDS))
    source = table.text("source")
    if standard == "none":
        table.no_more()
        return CallerIdScheme(standard, source)
    placement = cast("Placement", table.choice("placement", PLACEMENTS))
    wanted: dict[str, Any] = {"placement": placement}
    wanted |= _alert(table) if placement == "before-ring" else {}
    if placement == "ring-pulse":
        wanted["pulse_ms"] = table.milliseconds("pulse_ms", 200, 300, 250)
    wanted |= _words(table) if standard == "dtmf" else _modem(table)
    wait_ms = table.milliseconds("wait_ms", 45, 2000, _usual_wait_ms(placement))
    ring_wait_ms = table.milliseconds("ring_wait_ms", 200, 500, 300)
    table.no_more()
    return CallerIdScheme(standard, source, wait_ms=wait_ms, ring_wait_ms=ring_wait_ms, **wanted)


def _usual_wait_ms(placement: Placement) -> int:
    """After the first ring 500 to 1500 ms (GR-30), after a pulse 500 to 800, after an alerting tone
    45 at least (EN 300 659-1 section 6.1)."""
    return {"after-ring": 550, "ring-pulse": 600, "before-ring": 75}[placement]


def _alert(table: Table) -> dict[str, Any]:
    return {
        "reversal": table.flag("reversal", default=False),
        "alerting_tone": table.flag("alerting_tone", default=False),
        "lead_ms": table.milliseconds("lead_ms", 100, 1000, 150),
    }


def _modem(table: Table) -> dict[str, Any]:
    return {
        "message": table.choice("message", FORMATS, "mdmf"),
        "seizure_bits": int(table.number("seizure_bits", 96, 315, 300)),
        "mark_bits": int(table.number("mark_bits", 55, 205, 180)),
        "level_dbm": table.number("level_dbm", -30, 0, -13.5),
    }


def _words(table: Table) -> dict[str, Any]:
    usual = DtmfWords()
    return {
        "dtmf": DtmfWords(
            start=_keys(table, "start", usual.start),
            end=_keys(table, "end", usual.end),
            private=_keys(table, "private", usual.private),
            unavailable=_keys(table, "unavailable", usual.unavailable),
        )
    }


def _keys(table: Table, key: str, default: str) -> str:
    text = table.text(key, default)
    if len(text) > MOST_KEYS or not _KEYS.issuperset(text):
        raise table.wrong(key, f"at most {MOST_KEYS} of the keys 0-9, *, # and A-D")
    return text
