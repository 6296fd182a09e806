"""Calls from the Twilio-like edge, which finds every fault in the gateway's messages itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.dtmf import digits_of
from tests.audio.wav import RATE, read_wav
from tests.peers.driver import JsonPeer, Row, twilio_caller
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

CLEAN = Limits(correlation=0.95, lag_ms=(0, 250))


def answered(caller: JsonPeer, phone: Phone) -> None:
    caller.wait_for("response", status=180)
    phone.lift()
    caller.wait_for("answered")


@pytest.mark.parametrize("codecs", ["0,8,101", "8,101", "101,8,0", "0"], ids=lambda c: c)
def test_speech_in_either_law(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path, codecs: str
) -> None:
    law = "PCMU" if "0" in codecs.split(",") else "PCMA"  # the first of ours that is offered
    with twilio_caller(gateway.target, tmp_path, "--codecs", codecs) as caller:
        answered(caller, phone)
        recording = phone.record(tmp_path / "phone.wav")
        caller.order(f"speak {speech['caller']}")
        begun = phone.play(speech["phone"], wait=False)
        said = caller.wait_for("speaking")["t"]
        spoken = caller.wait_for("spoken")["t"]
        caller.wait_until(lambda row: row["t"] > spoken + 0.3, 3, "time for the last words")
        recording.stop()
        caller.order("bye")
        over = caller.over()
    assert over["faults"] == []
    phone_side = (said - recording.begun) * RATE
    verdict = compare(
        read_wav(speech["caller"]), read_wav(recording.path), CLEAN, expected_offset=phone_side
    )
    assert verdict.passed, verdict.reasons
    caller_side = (begun - over["begin"]) * RATE
    verdict = compare(
        read_wav(speech["phone"]), read_wav(over["wav"]), CLEAN, expected_offset=caller_side
    )
    assert verdict.passed, verdict.reasons
    assert phone.await_record()["codec"] == law


IMPAIRED = [
    (),
    ("--duplicate", "20"),
    ("--reorder", "20"),
    ("--loss", "5"),
    ("--loss", "5", "--duplicate", "10", "--reorder", "10"),
]


@pytest.mark.parametrize("how", IMPAIRED, ids=lambda how: " ".join(how) or "clean")
def test_digits_arrive_once_and_in_order(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, how: tuple[str, ...]
) -> None:
    digits = "11223399##**00"
    with twilio_caller(gateway.target, tmp_path, *how) as caller:
        answered(caller, phone)
        recording = phone.record(tmp_path / "phone.wav")
        caller.order(f"digits {digits} 60")
        caller.wait_until(lambda _: len(caller.told("digit-sent")) == len(digits), 10, "all digits")
        phone.await_status(
            lambda s: bool(s["calls"]) and len(s["calls"][0]["digits"]["received"]) >= len(digits),
            5,
            "digits",
        )
        caller.order("wait 500")
        caller.order(f"digits {digits[:2]} 60")
        caller.wait_until(
            lambda _: len(caller.told("digit-sent")) == len(digits) + 2, 10, "two more"
        )
        phone.await_status(
            lambda s: (
                bool(s["calls"]) and len(s["calls"][0]["digits"]["received"]) >= len(digits) + 2
            ),
            5,
            "digits",
        )
        recording.stop()
        caller.order("bye")
        assert caller.over()["faults"] == []
    assert phone.await_record()["digits"]["received"] == digits + digits[:2]
    assert digits_of(read_wav(recording.path)).startswith(digits)


@pytest.mark.parametrize(
    ("way", "silent"),
    [("sendonly", True), ("inactive", True), ("zero", True), ("recvonly", False)],
)
def test_rtp_stops_on_hold_and_comes_back(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, way: str, silent: bool
) -> None:
    with twilio_caller(gateway.target, tmp_path) as caller:
        answered(caller, phone)
        caller.wait_until(lambda row: row["event"] == "live", 3, "RTP")
        caller.order(f"hold {way}")
        held = _next_answer(caller, 2)["t"]
        caller.wait_until(lambda row: row["t"] > held + 0.5, 5, "time")
        caller.order("resume")
        resumed = _next_answer(caller, 3)["t"]
        caller.wait_until(lambda row: row["t"] > resumed + 0.6, 5, "time")
        caller.order("bye")
        over = caller.over()
    assert over["faults"] == []
    lines = Path(over["log"]).read_text(encoding="ascii").splitlines()
    times = [json.loads(line)["t"] for line in lines]
    during = [t for t in times if held + 0.04 < t < resumed - 0.04]
    assert (during == []) == silent
    assert any(resumed < t < resumed + 0.2 for t in times)
    assert len([t for t in times if resumed < t < resumed + 0.5]) >= 20


def _next_answer(caller: JsonPeer, count: int) -> Row:
    caller.wait_until(lambda _: len(caller.told("answered")) >= count, 5, f"answer {count}")
    return caller.told("answered")[count - 1]


def test_a_new_call_begins_with_new_figures(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path
) -> None:
    """Streams come from a pool; the figures of the call before must not be seen again."""
    for _ in range(3):
        with twilio_caller(gateway.target, tmp_path) as caller:
            caller.wait_for("response", status=180)
            phone.lift()
            status = phone.await_status(
                lambda s: bool(s["calls"]) and s["calls"][0]["state"] == "talking", 5, "answer"
            )
            # A second or so; the call before had longer.
            assert status["calls"][0]["rtp"]["sent"] < 60
            assert status["calls"][0]["rtp"]["received"] < 60
            caller.wait_until(lambda row: row.get("received", 0) > 100, 5, "RTP")
            caller.order("bye")
            assert caller.over()["faults"] == []
        phone.put_down()
        phone.await_state("idle")


def test_a_very_long_caller_is_bounded(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path
) -> None:
    """The caller itself ends a call that nobody ends."""
    with twilio_caller(gateway.target, tmp_path, "--max-seconds", "1") as caller:
        answered(caller, phone)
        assert caller.over()["why"] == "time is up"
    phone.await_calls(0)


def test_bye_of_the_phone_after_busy_tone(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path
) -> None:
    """When the caller hangs up first, the phone is off-hook, free again once it is put down."""
    with twilio_caller(gateway.target, tmp_path) as caller:
        answered(caller, phone)
        caller.order("bye")
        over = caller.over()
    assert over["faults"] == []
    assert over["why"] == "we hung up"
    phone.await_calls(0)
    assert phone.state() == "off-hook"
    with twilio_caller(gateway.target, tmp_path / "again") as caller:
        assert caller.over()["why"] == "refused with 486"
    phone.put_down()
    phone.await_state("idle")
    with twilio_caller(gateway.target, tmp_path / "third") as caller:
        caller.wait_for("response", status=180)
        caller.order("cancel")
        assert caller.over()["why"] == "refused with 487"
