"""How many caller-ID messages a display reads through noise; spandsp's receiver is the judge."""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.table import Row
from tests.judges import adsi
from tests.judges.data_messages import understood

MESSAGES, TRIES = 192, 10
SNR_DB = 15.0
MOST_LOST = 1.0  # percent


def run(bench: Bench) -> list[Row]:
    """Both modems, white noise."""
    if adsi.LIBRARY is None:
        return [Row("caller ID not read", "%", MOST_LOST, None, note=adsi.MISSING)]
    messages = MESSAGES // 6 if bench.quick else MESSAGES
    return [_row(standard, messages) for standard in adsi.STANDARDS]


def _row(standard: str, messages: int) -> Row:
    right, of = understood(standard, messages, SNR_DB, tries=TRIES)
    note = f"{right} of {of} messages right at {SNR_DB:g} dB"
    return Row(
        f"caller ID not read, {standard}", "%", MOST_LOST, 100 * (of - right) / of, note=note
    )
