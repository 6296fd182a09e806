"""linphone at the same edge: an offer of many codecs, its own way with digits, hold and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.tones import await_tone
from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.peers.linphone_run import DEAF_CALLER, Linphone, LinphoneAccount, version
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.hearing import LINPHONE, assert_heard
from tests.scenario.phone import Phone

NUMBER, THIRD = "610", "601"


@pytest.fixture(scope="module", params=["udp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def peer(
    edge: Kamailio, speech: dict[str, Path], tmp_path: Path, peer_by: str
) -> Iterator[Linphone]:
    """linphone, registered at the edge as 610; by TLS under a name, for it checks that."""
    registrar = edge.uri("inner")
    if peer_by == "tls":
        registrar = edge.uri("inner_tls", "tls", "localhost")
    who = LinphoneAccount(registrar, NUMBER, ca=edge.authority.ca)
    with Linphone(tmp_path / "linphone", speech["caller"], who) as running:
        edge.await_contacts(NUMBER, 1)
        yield running
    edge.await_contacts(NUMBER, 0)


@pytest.fixture
def third(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Baresip]:
    who = BaresipAccount(THIRD, edge.uri("inner"))
    with Baresip(tmp_path / "third", speech["caller"], who) as running:
        edge.await_contacts(THIRD, 1)
        yield running
    edge.await_contacts(THIRD, 0)


def words_and_digits(phone: Phone, peer: Linphone, said: Path) -> None:
    peer.speak()
    phone.play(said, wait=True)
    phone.dial("159#")
    assert peer.digits(4) == "159#"
    peer.press("24")
    phone.await_digits("24")


def hold_both_ways(gateway: GatewayProcess, peer: Linphone) -> None:
    peer.order("pause")
    peer.wait_for("is now paused")
    peer.order("resume")
    peer.wait_for("Media streams established", count=2)
    gateway.call("hold")
    gateway.phone.await_hold(True)
    gateway.call("resume")
    gateway.phone.await_hold(False)
    gateway.phone.dial("0")
    assert peer.digits(5) == "159#0"


@pytest.mark.parametrize("peer_by", ["udp"])
def test_called(
    gateway: GatewayProcess, phone: Phone, peer: Linphone, speech: dict[str, Path], tmp_path: Path
) -> None:
    peer.record()
    peer.order("call sip:alice@example.test")
    phone.await_state("ringing")
    recording = phone.record(tmp_path / "heard.wav")
    phone.lift()
    peer.wait_for("Media streams established")
    words_and_digits(phone, peer, speech["phone"])
    hold_both_ways(gateway, peer)
    phone.put_down()
    recording.wait()
    peer.wait_for("Call 1 .* ended")
    assert phone.await_record()["codec"] == "PCMU"
    assert_heard(speech["caller"], recording.path, speech["phone"], LINPHONE)
    if version() < DEAF_CALLER:
        assert_heard(speech["phone"], peer.recording, speech["caller"], LINPHONE)


@pytest.mark.parametrize("peer_by", ["tls"])
def test_calling(
    gateway: GatewayProcess, phone: Phone, peer: Linphone, speech: dict[str, Path], tmp_path: Path
) -> None:
    peer.record()
    phone.lift()
    recording = phone.record(tmp_path / "heard.wav")
    phone.dial(f"{NUMBER}#")
    peer.wait_for("Receiving new incoming call")
    await_tone(recording.path, "ringback", told=gateway.log_text)
    peer.order("answer")
    peer.wait_for("Media streams established")
    words_and_digits(phone, peer, speech["phone"])
    hold_both_ways(gateway, peer)
    peer.order("terminate")
    await_tone(recording.path, "busy", told=gateway.log_text)
    recording.stop()
    assert phone.await_record()["reason"] == "remote-hangup"
    assert_heard(speech["caller"], recording.path, speech["phone"], LINPHONE)
    assert_heard(speech["phone"], peer.recording, speech["caller"], LINPHONE)


@pytest.mark.parametrize("peer_by", ["udp"])
def test_it_transfers_us(
    gateway: GatewayProcess, phone: Phone, edge: Kamailio, peer: Linphone, tmp_path: Path
) -> None:
    """To a number that nobody has: it hears of that, and the call is still there."""
    peer.order("call sip:alice@example.test")
    phone.await_state("ringing")
    phone.lift()
    peer.wait_for("Media streams established")
    peer.order("transfer sip:699@example.test")
    edge.await_told(method="REFER")
    edge.await_told(method="NOTIFY")
    phone.await_calls(1)
    phone.put_down()
    peer.wait_for("ended")


@pytest.mark.parametrize("peer_by", ["udp", "tls"])
def test_we_transfer_it(
    gateway: GatewayProcess,
    phone: Phone,
    edge: Kamailio,
    peer: Linphone,
    third: Baresip,
    tmp_path: Path,
) -> None:
    """It calls whom we name, tells us of it, and has a call with the third when we are gone."""
    phone.lift()
    phone.dial(f"{NUMBER}#")
    peer.wait_for("Receiving new incoming call")
    peer.order("answer")
    peer.wait_for("Media streams established")
    gateway.call("transfer", f"sip:{THIRD}@example.test")
    third.wait_for("CALL_INCOMING")
    third.command("accept")
    third.wait_for("CALL_ESTABLISHED")
    peer.wait_for("Media streams established", count=2)
    phone.await_calls(0)
    assert phone.await_record()["reason"] == "transferred"
    third.press("7")  # baresip does not hear linphone's keys
    assert peer.digits(1) == "7"
    third.command("hangup")
    peer.wait_for("ended", count=2)
