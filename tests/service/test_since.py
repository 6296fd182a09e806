"""Times after --since, by rows. The tests' local time is UTC+2 without summer time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.service.since import parse_rfc3339, parse_since, rfc3339
from gateway.service.usage import UsageError

NOW = parse_rfc3339("2026-09-30T08:00:00Z")


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "TEST-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-09-30T07:00:00Z", "2026-09-30T07:00:00.000Z"),
        ("2026-09-30t07:00:00.25z", "2026-09-30T07:00:00.250Z"),
        ("2026-09-30T07:00:00+02:00", "2026-09-30T05:00:00.000Z"),
        ("2026-09-30 07:00", "2026-09-30T05:00:00.000Z"),
        ("2026-09-30", "2026-09-29T22:00:00.000Z"),
        ("today", "2026-09-29T22:00:00.000Z"),
        ("yesterday", "2026-09-28T22:00:00.000Z"),
        ("now", "2026-09-30T08:00:00.000Z"),
        ("2 hours ago", "2026-09-30T06:00:00.000Z"),
        ("1 minute ago", "2026-09-30T07:59:00.000Z"),
        ("90s", "2026-09-30T07:58:30.000Z"),
        ("-1.5h", "2026-09-30T06:30:00.000Z"),
        (" 3 Days Ago ", "2026-09-27T08:00:00.000Z"),
        ("1w", "2026-09-23T08:00:00.000Z"),
        ("3600", "2026-09-30T07:00:00.000Z"),
        ("@1700000000", "2023-11-14T22:13:20.000Z"),
        ("1700000000", "2023-11-14T22:13:20.000Z"),
    ],
)
def test_what_a_time_means(text: str, meant: str) -> None:
    assert rfc3339(parse_since(text, NOW)) == meant


@pytest.mark.parametrize(
    "text", ["", "soon", "5 parsecs ago", "2026-13-01", "@", "9" * 400, "99999999w"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no time; allowed are"):
        rfc3339(parse_since(text, NOW))


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_wrong_use(text: str) -> None:
    try:
        assert isinstance(parse_since(text, NOW), float)
    except UsageError:
        return
