"""The judges of the benchmarks: what counts as short, wrong, broken."""

from __future__ import annotations

import json
import math

import pytest

from tests.bench import speech, table
from tests.bench.figures import digits, stall
from tests.bench.table import Row


@pytest.mark.parametrize(
    ("limit", "ours", "verdict"),
    [
        (2.0, 2.0, "pass"),
        (2.0, 2.001, "SHORT"),
        (0, 0, "pass"),
        (2.0, None, "SHORT"),
        (2.0, math.nan, "SHORT"),
        (None, 5.0, ""),
    ],
)
def test_verdict(limit: float | None, ours: float | None, verdict: str) -> None:
    assert Row("a", "ms", limit, ours).verdict == verdict


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (math.nan, "-"), (0, "0"), (30.0, "30"), (0.1234, "0.123"), (40.25, "40.2")],
)
def test_number(value: float | None, shown: str) -> None:
    assert table.number(value, "-") == shown


def test_json_has_no_nan() -> None:
    (row,) = json.loads(table.as_json([Row("a", "ms", 1.0, math.nan)]))
    assert row["ours"] is None
    assert row["verdict"] == "SHORT"


@pytest.mark.parametrize(
    ("pressed", "heard", "count"),
    [
        ("1234", "1234", 0),
        ("1234", "124", 1),
        ("1234", "12234", 1),
        ("1234", "1324", 2),
        ("1234", "1254", 1),
        ("1234", "", 4),
    ],
)
def test_wrong_digits(pressed: str, heard: str, count: int) -> None:
    assert digits.wrong(pressed, heard) == count


SPOKEN = speech.mulaw(3)


@pytest.mark.parametrize(
    ("heard", "limits"),
    [
        (SPOKEN, (0, 0)),
        (b"\xff" * 333 + SPOKEN + b"\xff" * 99, (0, 0)),
        (SPOKEN.replace(b"\xff", b"\x7f"), (0, 0)),
        (SPOKEN[:16_000], (8_000, 8_000)),
        (SPOKEN[:12_000] + b"\xff" * 160 + SPOKEN[12_000:], (5_000, 12_000)),
        (b"\xff" * 24_000, (24_000, 24_000)),
    ],
)
def test_misplaced_samples(heard: bytes, limits: tuple[int, int]) -> None:
    low, high = limits
    assert low <= stall.misplaced(heard, SPOKEN) <= high
