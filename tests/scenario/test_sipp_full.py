"""Calls from sipp with what the profile of Twilio leaves out: TCP, INFO, PRACK, UPDATE, timers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.sipp_callee import SippCallee
from tests.peers.sipp_run import Sipp
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone, Status
from tests.scenario.trunk import with_account

pytestmark = pytest.mark.usefixtures("sipp")

TCP = ("-t", "t1")
LOSSY = ("-lost", "20")
PATIENCE_S = 20


def talking(status: Status) -> bool:
    return [call["state"] for call in status["calls"]] == ["talking"]


@pytest.fixture(scope="module", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """With the profile "full", on UDP and TCP."""
    with with_account(tmp_path_factory.mktemp("gateway"), "") as running:
        yield running
        assert running.running, running.log_text()
        assert "Traceback" not in running.log_text()


def answer(phone: Phone) -> None:
    phone.await_state("ringing")
    phone.lift()


def digits(gateway: GatewayProcess, call_id: str) -> str:
    return str(gateway.phone.await_record(call_id)["digits"]["received"])


@pytest.mark.parametrize("options", [(), TCP], ids=["udp", "tcp"])
def test_digits_by_info(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with Sipp("uac_info", gateway.sip_port, tmp_path, options=options, in_answer="INFO") as sipp:
        answer(phone)
        sipp.finish()
    assert digits(gateway, sipp.call_id) == "57"


def test_a_call_by_tcp(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("bye_from_caller", gateway.sip_port, tmp_path, options=TCP) as sipp:
        answer(phone)
        sipp.finish()
    assert phone.await_record(sipp.call_id)["sip_status"] == 200


def test_every_fifth_message_is_lost(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    """Of those that sipp sends and of those that it gets, in calls each way.

    The called end hangs up, for sipp takes a BYE that overtakes its lost ACK for a fault.
    """
    with Sipp("lossy", gateway.sip_port, tmp_path, options=LOSSY) as sipp:
        phone.await_state("ringing", PATIENCE_S)
        phone.lift()
        phone.await_status(talking, PATIENCE_S, "the ACK")
        phone.put_down()
        sipp.finish()
    phone.await_calls(0, PATIENCE_S)
    assert phone.await_record(sipp.call_id)["reason"] == "local-hangup"
    with SippCallee("uas_hangs_up", tmp_path, options=LOSSY, limit_s=30) as callee:
        phone.lift()
        gateway.call("dial", callee.uri)
        callee.finish()
    assert phone.await_record()["reason"] == "remote-hangup"


def test_given_up_by_tcp(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("cancelled", gateway.sip_port, tmp_path, options=TCP) as sipp:
        phone.await_state("ringing")
        sipp.finish()
    assert phone.await_record(sipp.call_id)["sip_status"] == 487


def test_reliable_ringing(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("uac_prack", gateway.sip_port, tmp_path, more="Require: 100rel") as sipp:
        answer(phone)
        sipp.finish()


def test_update(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with Sipp("uac_update", gateway.sip_port, tmp_path, in_answer="UPDATE") as sipp:
        answer(phone)
        sipp.finish()


@pytest.mark.parametrize(
    "in_answer", ["Session-Expires: 1800;refresher=uac", "Require: timer", "Supported:.*timer"]
)
def test_a_session_timer_is_agreed(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, in_answer: str
) -> None:
    more = "Supported: timer\n      Session-Expires: 1800;refresher=uac"
    with Sipp("uac_up", gateway.sip_port, tmp_path, more=more, in_answer=in_answer) as sipp:
        answer(phone)
        sipp.finish()


def test_too_short_a_session_timer(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    more = "Supported: timer\n      Session-Expires: 30"
    least = (
        '<ereg regexp="90" search_in="hdr" header="Min-SE:" check_it="true" assign_to="reason"/>'
    )
    port = gateway.sip_port
    with Sipp("refused", port, tmp_path, more=more, status="422", check_reason=least) as sipp:
        sipp.finish()
    assert phone.state() == "idle"


def test_referred_to_a_third(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with SippCallee("uas_answers", tmp_path, ring_ms="200") as third:
        with Sipp(
            "uac_refer",
            gateway.sip_port,
            tmp_path,
            refer_to=third.uri,
            ended="200",
            in_answer="REFER",
        ) as sipp:
            answer(phone)
            sipp.finish()
        phone.await_calls(1)
        phone.put_down()
        third.finish()
