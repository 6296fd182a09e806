"""Calls through the edge, by UDP, TCP and TLS; at the other end is baresip, by UDP.

The edge bridges and records its route twice, so the ACK and the BYE that we send prove that our
route set is right.
"""

from __future__ import annotations

from pathlib import Path

from tests.audio.tones import await_tone
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.scenario.edge.conftest import NUMBER
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.hearing import assert_heard
from tests.scenario.phone import Phone
from tests.scenario.trunk import PORTS


def digits_both_ways(phone: Phone, peer: Baresip) -> None:
    phone.dial("159#")
    assert peer.digits(4) == "159#"
    peer.press("24")
    phone.await_digits("24")


def hold_both_ways(gateway: GatewayProcess, edge: Kamailio, peer: Baresip, call_id: str) -> None:
    """Each holds and resumes; what follows shows whether the voice is back."""
    before = len(edge.told(method="INVITE", kind="request", call_id=call_id))
    gateway.call("hold")
    gateway.phone.await_hold(True)
    gateway.call("resume")
    gateway.phone.await_hold(False)
    edge.await_told(5, before + 2, method="INVITE", kind="request", call_id=call_id)
    for what in ("hold", "resume"):
        acks = len(edge.told(method="ACK", call_id=call_id))
        peer.command(what)
        edge.await_told(5, acks + 1, method="ACK", call_id=call_id)


def ours_within(edge: Kamailio, method: str, call_id: str, transport: str) -> None:
    """Our requests inside the call: to the peer's own Contact, along both hops of the edge."""
    port = str(edge.ports[PORTS[transport]])
    rows = edge.await_told(5, method=method, call_id=call_id, port=port)
    for row in rows:
        assert row["routes"] == "2", row
        assert row["uri"].startswith(f"sip:{NUMBER}-"), row


def test_called(
    gateway: GatewayProcess,
    phone: Phone,
    edge: Kamailio,
    peer: Baresip,
    speech: dict[str, Path],
    tmp_path: Path,
    transport: str,
) -> None:
    peer.command("dial", "sip:alice@example.test")
    phone.await_state("ringing")
    recording = phone.record(tmp_path / "heard.wav")
    phone.lift()
    peer.wait_for("CALL_ESTABLISHED")
    call_id = str(phone.status()["calls"][0]["call_id"])
    phone.play(speech["phone"], wait=True)
    digits_both_ways(phone, peer)
    hold_both_ways(gateway, edge, peer, call_id)
    phone.dial("0")
    assert peer.digits(5) == "159#0"
    peer.press("8")
    phone.await_digits("248")
    recording.stop()
    phone.put_down()
    peer.wait_for("CALL_CLOSED")
    ours_within(edge, "BYE", call_id, transport)
    record = phone.await_record(call_id)
    assert (record["direction"], record["reason"]) == ("incoming", "local-hangup")
    assert record["headers"]["X-Twilio-ApiVersion"] == "2010-04-01"
    assert_heard(speech["caller"], recording.path, speech["phone"])
    assert_heard(speech["phone"], peer.heard(), speech["caller"])


def test_calling(
    gateway: GatewayProcess,
    phone: Phone,
    edge: Kamailio,
    peer: Baresip,
    speech: dict[str, Path],
    tmp_path: Path,
    transport: str,
) -> None:
    phone.lift()
    recording = phone.record(tmp_path / "heard.wav")
    await_tone(recording.path, "dial", told=gateway.log_text)
    phone.dial(f"{NUMBER}#")
    peer.wait_for("CALL_INCOMING")
    await_tone(recording.path, "ringback", told=gateway.log_text)
    peer.command("accept")
    peer.wait_for("CALL_ESTABLISHED")
    call_id = str(phone.status()["calls"][0]["call_id"])
    phone.play(speech["phone"], wait=True)
    digits_both_ways(phone, peer)
    hold_both_ways(gateway, edge, peer, call_id)
    peer.press("8")
    phone.await_digits("248")
    peer.command("hangup")
    await_tone(recording.path, "busy", told=gateway.log_text)
    recording.stop()
    ours_within(edge, "ACK", call_id, transport)
    record = phone.await_record(call_id)
    assert (record["direction"], record["reason"]) == ("outgoing", "remote-hangup")
    assert record["to"].startswith(f"sip:{NUMBER}@example.test")
    assert_heard(speech["caller"], recording.path, speech["phone"])
    assert_heard(speech["phone"], peer.heard(), speech["caller"])
