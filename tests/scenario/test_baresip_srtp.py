"""baresip and the gateway with SRTP: words and digits both ways, holds, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.peers import baresip_run
from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.certificates import Authority
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.hearing import assert_heard
from tests.scenario.phone import Phone
from tests.scenario.trunk import with_account

pytestmark = pytest.mark.skipif(not baresip_run.installed(), reason="apt install baresip-core")

SUITE = "AES_CM_128_HMAC_SHA1_80"
# baresip's first RTCP, a "PINGPONG" for NATs, comes before it has keys.
IN_THE_CLEAR = 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", name="gateway")
def _gateway(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[GatewayProcess]:
    """One that speaks SRTP only."""
    folder = tmp_path_factory.mktemp("gateway")
    required = 'srtp = "required"'
    with with_account(folder, "", authority=authority, rtp_more=required) as running:
        yield running
        assert running.running, running.log_text()
        assert "Traceback" not in running.log_text()


@pytest.fixture
def secured(authority: Authority) -> BaresipAccount:
    own = authority.issue("baresip", "DNS:localhost", "IP:127.0.0.1")
    return BaresipAccount(ca=authority.ca, certificate=own.with_suffix(".both.pem"), srtp=True)


def test_called_by_tls(
    gateway: GatewayProcess,
    phone: Phone,
    secured: BaresipAccount,
    speech: dict[str, Path],
    tmp_path: Path,
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"], secured) as peer:
        peer.command("dial", f"sip:alice@127.0.0.1:{gateway.tls_port};transport=tls")
        phone.await_state("ringing")
        recording = phone.record(tmp_path / "heard.wav")
        phone.lift()
        peer.wait_for("CALL_ESTABLISHED")
        phone.play(speech["phone"], wait=True)
        phone.dial("12")
        assert peer.digits(2) == "12"
        (call,) = phone.status()["calls"]
        assert call["rtp"]["srtp"] == SUITE
        phone.put_down()
        peer.wait_for("CALL_CLOSED")
        recording.wait()
    assert_heard(speech["caller"], recording.path, speech["phone"])
    assert_heard(speech["phone"], peer.heard(), speech["caller"])
    record = phone.await_record()
    assert (record["srtp"], record["codec"]) == (SUITE, "PCMU")
    assert record["srtp_failed"] <= IN_THE_CLEAR
    assert "SRTP keys went" not in gateway.log_text()


def test_calling_with_hold_and_digits(
    gateway: GatewayProcess,
    phone: Phone,
    secured: BaresipAccount,
    speech: dict[str, Path],
    tmp_path: Path,
) -> None:
    """By UDP: it works, and the journal says what it is worth."""
    with Baresip(tmp_path / "baresip", speech["caller"], secured) as peer:
        phone.lift()
        gateway.call("dial", peer.uri("udp"))
        peer.wait_for("CALL_INCOMING")
        peer.command("accept")
        peer.wait_for("CALL_ESTABLISHED")
        peer.press("42")
        phone.await_digits("42")
        peer.command("hold")
        phone.await_hold(True)
        peer.wait_for("CALL_REMOTE_SDP", param="answer")
        peer.command("resume")
        phone.await_hold(False)
        peer.press("8")
        phone.await_digits("428")
        phone.dial("7")
        assert peer.digits(1) == "7"
        peer.command("hangup")
        phone.await_calls(0)
    record = phone.await_record()
    assert (record["srtp"], record["reason"]) == (SUITE, "remote-hangup")
    assert gateway.log_text().count("SRTP keys went over UDP") == 1


def test_a_caller_without_srtp_is_refused(
    gateway: GatewayProcess,
    phone: Phone,
    secured: BaresipAccount,
    speech: dict[str, Path],
    tmp_path: Path,
) -> None:
    plain = replace(secured, srtp=False)
    with Baresip(tmp_path / "baresip", speech["caller"], plain) as peer:
        peer.command("dial", gateway.target)
        closed = peer.wait_for("CALL_CLOSED")
    assert "488" in closed["param"]
    assert phone.state() == "idle"
