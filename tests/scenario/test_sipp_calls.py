"""Calls from sipp, in the layout of Twilio's edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.dtmf import digits_of
from tests.audio.g711 import ulaw_encode
from tests.audio.wav import read_wav
from tests.peers.pcap import write_pcap
from tests.peers.rtp_plan import RtpPlan, packet
from tests.peers.sipp_run import Sipp, received
from tests.scenario.conftest import SPEECH_S
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

pytestmark = pytest.mark.usefixtures("sipp")

DIGITS = "1590#"
SPEECH_SLOTS = int(SPEECH_S * 50)
# sipp does not pace its packets as a telephone would: the words and their order count here.
SIPP_PACED = Limits(correlation=0.8, pesq=2.5, level_db=2, dropout_ms=200, slip_ms=60)


def answer(phone: Phone) -> None:
    phone.await_state("ringing")
    phone.lift()


def test_speech_and_digits(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    pcap = tmp_path / "call.pcap"
    plan = RtpPlan(payload_type=0, event_type=101, timestamp=1000)
    plan.speak(ulaw_encode(read_wav(speech["caller"])), "speech")
    plan.wait(200)
    plan.press(DIGITS, 100)
    slots = (plan.next_slot() for _ in range(SPEECH_SLOTS + 12 + len(DIGITS) * 12))
    pcap_ms = write_pcap(pcap, (packet(slot, n, 77) for n, slot in enumerate(slots)))
    port, playing = gateway.sip_port, str(pcap_ms + 500)
    with Sipp("speech_digits", port, tmp_path, pcap=str(pcap), pcap_ms=playing) as sipp:
        phone.await_state("ringing")
        phone.lift()
        recording = phone.record(tmp_path / "heard.wav")
        sipp.finish()
        recording.stop()
    heard = read_wav(recording.path)
    verdict = compare(read_wav(speech["caller"]), heard, SIPP_PACED)
    assert verdict.passed, verdict.reasons
    assert digits_of(heard) == DIGITS
    record = phone.await_record(sipp.call_id)
    assert record["digits"]["received"] == DIGITS
    assert record["headers"]["X-Twilio-ApiVersion"] == "2010-04-01"
    assert record["codec"] == "PCMU"


@pytest.mark.parametrize("scenario", ["bye_from_caller", "delayed_offer", "cancelled_late"])
def test_ended_by_the_caller(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, scenario: str
) -> None:
    with Sipp(scenario, gateway.sip_port, tmp_path) as sipp:
        answer(phone)
        sipp.finish()
    record = phone.await_record(sipp.call_id)
    assert (record["sip_status"], record["direction"]) == (200, "incoming")
    assert record["answer"] is not None
    assert record["packets"]["sent"] > 5
    phone.await_calls(0)


@pytest.mark.parametrize("sid", ["", "too-short", "0" * 33, "zz" * 16])
def test_a_bad_call_sid_fails_nothing(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, sid: str
) -> None:
    with Sipp("bye_from_caller", gateway.sip_port, tmp_path, sid=sid, up_ms="10") as sipp:
        answer(phone)
        sipp.finish()
    record = phone.await_record(sipp.call_id)
    assert record["sip_status"] == 200
    assert record["headers"]["X-Twilio-CallSid"] == f"CA{sid}"


def test_ended_by_the_phone(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("bye_from_phone", gateway.sip_port, tmp_path) as sipp:
        answer(phone)
        phone.await_status(
            lambda s: bool(s["calls"]) and s["calls"][0]["rtp"]["sent"] > 5, 5, "RTP"
        )
        phone.put_down()
        sipp.finish()
    assert phone.await_record(sipp.call_id)["sip_status"] == 200


def test_a_lost_answer_is_sent_again(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("lost_answer", gateway.sip_port, tmp_path) as sipp:
        answer(phone)
        log = sipp.finish()
    # At 0, 0.5 and 1.5 s; then the ACK, and none at 3.5 s; the last is to the BYE.
    assert received(log, "SIP/2.0 200") == 4


@pytest.mark.slow
def test_a_lost_ack_ends_the_call(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("lost_ack", gateway.sip_port, tmp_path, limit_s=45) as sipp:
        answer(phone)
        log = sipp.finish()
    # RFC 3261 section 13.3.1.4: T1 doubling to T2, until 64*T1 = 32 s.
    assert received(log, "SIP/2.0 200") == 11
    phone.await_calls(0)


def test_cancelled_while_ringing(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("cancelled", gateway.sip_port, tmp_path) as sipp:
        phone.await_state("ringing")
        sipp.finish()
    phone.await_state("idle", 0.5)
    record = phone.await_record(sipp.call_id)
    assert (record["sip_status"], record["answer"]) == (487, None)


def test_busy_leaves_the_first_call_alone(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path
) -> None:
    with Sipp("bye_from_caller", gateway.sip_port, tmp_path, up_ms="2500") as first:
        answer(phone)
        phone.await_status(
            lambda s: bool(s["calls"]) and s["calls"][0]["rtp"]["sent"] > 5, 5, "RTP"
        )
        before = phone.status()["calls"]
        with Sipp("refused", gateway.sip_port, tmp_path, status="486") as second:
            second.finish()
        after = phone.status()["calls"]
        assert [call["call_id"] for call in after] == [first.call_id]
        assert after[0]["rtp"]["sent"] >= before[0]["rtp"]["sent"]
        assert phone.state() == "off-hook"
        first.finish()
    assert phone.await_record(first.call_id)["sip_status"] == 200
    assert phone.await_record(second.call_id)["sip_status"] == 486


def test_unknown_user(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("refused", gateway.sip_port, tmp_path, user="nobody", status="404") as sipp:
        sipp.finish()
    assert phone.state() == "idle"


@pytest.mark.parametrize(
    ("held", "answered"),
    [("sendonly", "recvonly"), ("inactive", "inactive"), ("recvonly", "sendonly")],
)
def test_hold_and_resume(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, held: str, answered: str
) -> None:
    with Sipp("hold", gateway.sip_port, tmp_path, held=held, answered=answered) as sipp:
        answer(phone)
        sipp.finish()
    assert phone.await_record(sipp.call_id)["sip_status"] == 200


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "ringing"])
def test_options(gateway: GatewayProcess, phone: Phone, tmp_path: Path, busy: bool) -> None:
    if not busy:
        with Sipp("options", gateway.sip_port, tmp_path) as sipp:
            sipp.finish()
        return
    with Sipp("cancelled", gateway.sip_port, tmp_path, up_ms="1500") as call:
        phone.await_state("ringing")
        with Sipp("options", gateway.sip_port, tmp_path) as sipp:
            sipp.finish()
        assert phone.state() == "ringing"
        call.finish()
