"""Times as people write them after `--since`, and as records write them (RFC 3339, UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.service.usage import UsageError

ALLOWED: Final = (
    'allowed are as 2026-09-30T08:00:00Z, "2026-09-30 08:00", today, yesterday,'
    ' "2 hours ago", or a number of seconds back'
)

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGO: Final = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?"
)
_NUMBER: Final = re.compile(r"@?\d+(?:\.\d+)?")
_EPOCH_FROM: Final = 1e9  # seconds back from now reach 32 years at most; above this they are a date


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as UTC with milliseconds: 2026-09-30T08:00:00.000Z."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_rfc3339(text: str) -> float:
    """Seconds since the epoch; a time without zone is local. ValueError when it is no time."""
    return datetime.fromisoformat(text).timestamp()


def parse_since(text: str, now: float) -> float:
    """Seconds since the epoch that `text` means when the clock shows `now`. UsageError."""
    word = text.strip().lower()
    try:
        meant = _parse(word, now)
        rfc3339(meant)  # a time that no calendar holds is refused here, not later
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text!r} is no time; {ALLOWED}") from None
    return meant


def _parse(word: str, now: float) -> float:
    if word in {"today", "yesterday"}:
        midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - timedelta(days=word == "yesterday")).timestamp()
    if word == "now":
        return now
    if ago := _AGO.fullmatch(word.removeprefix("-")):
        return now - float(ago[1]) * _UNITS[ago[2][0]]
    if _NUMBER.fullmatch(word):
        number = float(word.removeprefix("@"))
        is_date = word.startswith("@") or number >= _EPOCH_FROM
        return number if is_date else now - number
    return parse_rfc3339(word.upper())
