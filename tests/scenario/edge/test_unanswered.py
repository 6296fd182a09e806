"""Calls through the edge that come to nothing, whoever gives up; by TLS, which has most parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audio.tones import await_tone, tones_of
from tests.audio.wav import read_wav
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.scenario.edge.conftest import NUMBER
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone


@pytest.fixture(scope="module", params=["tls"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_other_gives_up(
    gateway: GatewayProcess, phone: Phone, edge: Kamailio, peer: Baresip
) -> None:
    peer.command("dial", "sip:alice@example.test")
    phone.await_state("ringing")
    peer.command("hangup")
    phone.await_state("idle")
    assert phone.await_record()["sip_status"] == 487


def test_we_give_up(
    gateway: GatewayProcess, phone: Phone, edge: Kamailio, peer: Baresip, tmp_path: Path
) -> None:
    phone.lift()
    recording = phone.record(tmp_path / "heard.wav")
    phone.dial(f"{NUMBER}#")
    peer.wait_for("CALL_INCOMING")
    await_tone(recording.path, "ringback")
    phone.put_down()
    peer.wait_for("CALL_CLOSED")
    assert phone.await_record()["reason"] == "abandoned"


@pytest.mark.parametrize(("number", "status"), [(NUMBER, 486), ("699", 404)])
def test_refused(
    gateway: GatewayProcess,
    phone: Phone,
    edge: Kamailio,
    peer: Baresip,
    tmp_path: Path,
    number: str,
    status: int,
) -> None:
    phone.lift()
    recording = phone.record(tmp_path / "heard.wav")
    phone.dial(f"{number}#")
    if number == NUMBER:
        peer.wait_for("CALL_INCOMING")
        peer.command("hangup")
        await_tone(recording.path, "busy", told=gateway.log_text)
    record = phone.await_record()
    assert record["sip_status"] == status
    recording.stop()
    assert "ringback" not in tones_of(read_wav(recording.path)) or status == 486
