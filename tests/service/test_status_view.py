"""What `tipring status` shows of a line's sound cards and of its dial."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from gateway.service.views.status import status_view


def side(**more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("card", "rate", "channels", "period_ms", "delay_ms"))
    counts = dict.fromkeys(("xruns", "inserted", "dropped", "discarded"), 0)
    return {"device": "plughw:CARD=Device", "fault": "", **counts, **nothing, **more}


WORKS = side(card="USB Audio Device", rate=48000, channels=1, period_ms=5.0, delay_ms=4.5, xruns=2)


def shown(audio: dict[str, Any] | None, **more: Any) -> str:
    line: dict[str, Any] = {"name": "phone1", "driver": "gpio", "state": "idle", **more}
    if audio is not None:
        line["audio"] = audio
    answer = {"version": "1", "ready": True, "lines": [line], "registrations": [], "calls": []}
    console = Console(width=160)
    with console.capture() as capture:
        console.print(status_view(answer))
    return capture.get()


def test_a_line_without_a_card_has_no_table_of_cards() -> None:
    assert "xruns" not in shown(None)


@pytest.mark.parametrize(
    ("playback", "told"),
    [
        (
            WORKS,
            "playback  plughw:CARD=Device  USB Audio Device  48000 Hz  5.0 ms  4.5 ms  2      -",
        ),
        (
            side(fault="No such device"),
            "-                 -         -       -       0      No such",
        ),
        (side(card="A", rate=8000, period_ms=10.0), "8000 Hz   10.0 ms  -"),
    ],
)
def test_the_cards_of_a_line(playback: dict[str, Any], told: str) -> None:
    text = shown({"capture": WORKS, "playback": playback})
    assert " ".join(told.split()) in " ".join(text.split())
    assert text.count("phone1") == 3


def test_a_rotary_dial_that_is_known() -> None:
    told = shown(None, rotary={"pulses_s": 8.1, "break_percent": 74.2})
    assert "line phone1: rotary dial, 8.1 pulses a second, 74.2 % break" in told
    assert "rotary" not in shown(None)
