"""Calls to sipp: what it answers in a case, by UDP and TCP, and what is heard of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.g711 import ulaw_encode
from tests.audio.tones import await_tone
from tests.audio.wav import read_wav
from tests.peers.callee import Callee
from tests.peers.pcap import write_pcap
from tests.peers.rtp_plan import RtpPlan, packet
from tests.peers.sip_text import tag_of
from tests.peers.sipp_callee import SippCallee
from tests.peers.sipp_run import received
from tests.scenario.conftest import SPEECH_S
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone
from tests.scenario.trunk import account, await_registration, with_account

pytestmark = pytest.mark.usefixtures("sipp")

SIPP_PACED = Limits(correlation=0.8, pesq=2.5, level_db=2, dropout_ms=200, slip_ms=60)
PRIVATE = "sip:callee@10.11.12.13:5060"  # as Twilio's media servers: never reached, never changed
NO_EVENTS = """\
v=0
      o=sipp 1 1 IN IP4 [media_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000"""
ROUTES = (
    "Record-Route: <sip:[local_ip]:[local_port];lr;r2=on>\n"
    "      Record-Route: <sip:[local_ip]:[local_port];transport=[transport];lr;r2=on>"
)


@pytest.fixture(scope="module", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """It has no account: the cases dial whole URIs."""
    with with_account(tmp_path_factory.mktemp("gateway"), "") as running:
        yield running
        assert running.running, running.log_text()
        assert "Traceback" not in running.log_text()


def dial(gateway: GatewayProcess, uri: str) -> None:
    gateway.phone.lift()
    gateway.call("dial", uri)


def answered(gateway: GatewayProcess) -> None:
    """Until the voice of the only call flows."""
    gateway.phone.await_status(
        lambda s: [c["rtp"]["sent"] > 3 for c in s["calls"]] == [True], 8, "RTP to the callee"
    )


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_answers(gateway: GatewayProcess, phone: Phone, tmp_path: Path, transport: str) -> None:
    with SippCallee("uas_answers", tmp_path, transport=transport) as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        phone.put_down()
        sipp.finish()
    record = phone.await_record()
    assert (record["direction"], record["sip_status"]) == ("outgoing", 200)
    assert record["reason"] == "local-hangup"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_private_contact_behind_two_hops(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, transport: str
) -> None:
    """ACK and BYE carry that Contact as their URI, and go where the route says."""
    with SippCallee(
        "uas_answers", tmp_path, transport=transport, contact=PRIVATE, record=ROUTES, aim=PRIVATE
    ) as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        phone.put_down()
        log = sipp.finish()
    assert log.count(f"BYE {PRIVATE} SIP/2.0") == 1
    assert log.count("Route: <sip:127.0.0.1:") >= 2


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_hangs_up(gateway: GatewayProcess, phone: Phone, tmp_path: Path, transport: str) -> None:
    with SippCallee("uas_hangs_up", tmp_path, transport=transport) as sipp:
        dial(gateway, sipp.uri)
        sipp.finish()
    assert phone.await_record()["reason"] == "remote-hangup"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("486", "busy"), ("603", "declined"), ("404", "number-unobtainable"), ("503", "failed")],
)
def test_it_refuses(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, status: str, reason: str
) -> None:
    with SippCallee("uas_refuses", tmp_path, status=status) as sipp:
        dial(gateway, sipp.uri)
        log = sipp.finish()
    assert received(log, "INVITE") == 1
    record = phone.await_record()
    assert (record["sip_status"], record["reason"]) == (int(status), reason)


def test_it_is_given_up(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with SippCallee("uas_cancelled", tmp_path) as sipp:
        phone.lift()
        recording = phone.record(tmp_path / "heard.wav")
        gateway.call("dial", sipp.uri)
        await_tone(recording.path, "ringback", told=gateway.log_text)
        phone.put_down()
        sipp.finish()
    assert phone.await_record()["reason"] == "abandoned"


def test_it_speaks_before_it_answers(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    pcap = tmp_path / "early.pcap"
    plan = RtpPlan(payload_type=0, event_type=101, timestamp=1000)
    plan.speak(ulaw_encode(read_wav(speech["caller"])), "speech")
    slots = (plan.next_slot() for _ in range(int(SPEECH_S * 50)))
    pcap_ms = write_pcap(pcap, (packet(slot, n, 77) for n, slot in enumerate(slots)))
    with SippCallee("uas_early", tmp_path, pcap=str(pcap), pcap_ms=str(pcap_ms + 500)) as sipp:
        phone.lift()
        recording = phone.record(tmp_path / "heard.wav")
        gateway.call("dial", sipp.uri)
        phone.await_status(
            lambda s: [c["state"] for c in s["calls"]] == ["talking"], 10, "the answer"
        )
        recording.stop()
        phone.put_down()
        sipp.finish()
    verdict = compare(read_wav(speech["caller"]), read_wav(recording.path), SIPP_PACED)
    assert verdict.passed, verdict.reasons


def test_it_asks_for_a_password(tmp_path: Path) -> None:
    """By 401, as a callee does; sipp cannot verify what answers a 407, but the edge does."""
    asks = 'WWW-Authenticate: Digest realm="sipp", nonce="abc123", algorithm=MD5, qop="auth"'
    with SippCallee(
        "uas_challenges", tmp_path, status="401", more=asks, user="alice", password="secret"
    ) as sipp:
        text = account(f"sip:127.0.0.1:{sipp.port}", register=False)
        with with_account(tmp_path / "gateway", text) as gateway:
            gateway.phone.lift()
            gateway.phone.dial("600#")
            answered(gateway)
            gateway.phone.put_down()
            sipp.finish()
            assert gateway.phone.await_record()["sip_status"] == 200


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_is_the_registrar(tmp_path: Path, transport: str) -> None:
    """It verifies our digest, and is told at the stop that we are gone."""
    asks = 'WWW-Authenticate: Digest realm="sipp", nonce="abc123", algorithm=MD5, qop="auth"'
    with SippCallee(
        "uas_registrar", tmp_path, transport=transport, more=asks, user="alice", password="secret"
    ) as sipp:
        registrar = f"sip:127.0.0.1:{sipp.port};transport={transport}"
        with with_account(tmp_path / "gateway", account(registrar)) as gateway:
            assert await_registration(gateway.phone, "registered")["error"] == ""
            gateway.stop()
            sipp.finish()


def test_keys_and_flash_go_by_info(tmp_path: Path) -> None:
    """Where the owner wants that, to a peer that knows no telephone-event."""
    wanted = 'profile = "full"\ninfo_dtmf = true'
    with (
        SippCallee("uas_keys", tmp_path, sdp=NO_EVENTS) as sipp,
        with_account(tmp_path / "gateway", "", sip_more=wanted) as gateway,
    ):
        phone = gateway.phone
        dial(gateway, sipp.uri)
        answered(gateway)
        phone.dial("5")
        phone.flash()
        phone.dial("#")
        phone.await_status(lambda s: s["calls"][0]["digits"]["sent"] == "5#", 5, "the keys")
        phone.put_down()
        sipp.finish()


def test_it_makes_the_offer(tmp_path: Path) -> None:
    with SippCallee("uas_offers", tmp_path) as sipp:
        text = account(f"sip:127.0.0.1:{sipp.port}", register=False, more="late_offer = true\n")
        with with_account(tmp_path / "gateway", text) as gateway:
            gateway.phone.lift()
            gateway.phone.dial("600#")
            answered(gateway)
            gateway.phone.put_down()
            sipp.finish()
            assert gateway.phone.await_record()["codec"] == "PCMU"


def test_two_phones_answer(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    """Forking: both 200 get their ACK, the second its BYE, and the first keeps the call."""
    with SippCallee("uas_forks", tmp_path, up_ms="500") as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        sipp.finish()
    assert phone.await_record()["reason"] == "remote-hangup"


def test_each_answer_that_comes_again_is_acknowledged(
    gateway: GatewayProcess, phone: Phone
) -> None:
    with Callee() as callee:
        dial(gateway, callee.uri)
        invite = callee.expect("INVITE")
        answer = callee.reply(invite, "200 OK", tag="one", media=True)
        acks = [callee.expect("ACK")]
        for _ in range(3):
            callee.send(answer)
            acks.append(callee.expect("ACK"))
        assert {ack.get("CSeq") for ack in acks} == {invite.get("CSeq").replace("INVITE", "ACK")}
        assert len({ack.get("Via") for ack in acks}) == 1
        phone.put_down()
        callee.reply(callee.expect("BYE"), "200 OK")


def test_an_answer_that_crosses_our_cancel(gateway: GatewayProcess, phone: Phone) -> None:
    """It was lifted the moment we gave up: the call is acknowledged and ended at once."""
    with Callee() as callee:
        dial(gateway, callee.uri)
        invite = callee.expect("INVITE")
        callee.reply(invite, "180 Ringing", tag="one")
        phone.await_status(lambda s: [c["state"] for c in s["calls"]] == ["ringing"], 5, "180")
        phone.put_down()
        cancel = callee.expect("CANCEL")
        callee.reply(cancel, "200 OK", tag="one")
        callee.reply(invite, "200 OK", tag="one", media=True)
        assert tag_of(callee.expect("ACK").get("To")) == "one"
        callee.reply(callee.expect("BYE"), "200 OK")
    assert phone.await_record()["reason"] == "abandoned"


def test_no_cancel_before_the_first_response(gateway: GatewayProcess, phone: Phone) -> None:
    """RFC 3261 section 9.1: it waits for a 1xx."""
    with Callee() as callee:
        dial(gateway, callee.uri)
        invite = callee.expect("INVITE")
        phone.put_down()
        again = callee.next(2)
        assert again is None or again.method == "INVITE"
        callee.reply(invite, "100 Trying")
        callee.reply(callee.expect("CANCEL"), "200 OK", tag="one")
        callee.reply(invite, "487 Request Terminated", tag="one")
        assert callee.expect("ACK").uri == invite.uri


def test_it_rings_reliably(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with SippCallee("uas_prack", tmp_path) as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        phone.put_down()
        sipp.finish()


@pytest.mark.parametrize("scenario", ["uas_holds", "uas_updates"])
@pytest.mark.parametrize(
    ("held", "answered_as"), [("sendonly", "recvonly"), ("inactive", "inactive")]
)
def test_it_holds(
    gateway: GatewayProcess,
    phone: Phone,
    tmp_path: Path,
    scenario: str,
    held: str,
    answered_as: str,
) -> None:
    with SippCallee(scenario, tmp_path, held=held, answered_as=answered_as) as sipp:
        dial(gateway, sipp.uri)
        sipp.finish()
    assert phone.await_record()["sip_status"] == 200


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_is_held(gateway: GatewayProcess, phone: Phone, tmp_path: Path, transport: str) -> None:
    with SippCallee("uas_held", tmp_path, transport=transport) as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        gateway.call("hold")
        phone.await_hold(True)
        gateway.call("resume")
        phone.await_hold(False)
        phone.put_down()
        sipp.finish()


@pytest.mark.parametrize("third", ["uas_answers", "uas_refuses"])
def test_it_refers_us(gateway: GatewayProcess, phone: Phone, tmp_path: Path, third: str) -> None:
    """We call whom it names and say how that went; it hangs up, or we still have it."""
    ended = "200" if third == "uas_answers" else "486"
    # sipp is lost when the news of one NOTIFY overtakes its answer to the one before.
    with SippCallee(third, tmp_path, status=ended, ring_ms="200") as other:
        with SippCallee("uas_refers", tmp_path, refer_to=other.uri, ended=ended) as sipp:
            dial(gateway, sipp.uri)
            log = sipp.finish()
        if third == "uas_answers":
            answered(gateway)
            phone.put_down()
        other.finish()
    assert received(log, "NOTIFY") >= 2


def test_it_is_referred(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with SippCallee("uas_referred", tmp_path, refer_to="sip:699@127.0.0.1", ended="200") as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        gateway.call("transfer", "sip:699@127.0.0.1")
        sipp.finish()
    assert phone.await_record()["reason"] == "transferred"


def test_it_wants_a_longer_interval(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    """422 with Min-SE (RFC 4028): asked again with what it wants, which it then grants."""
    with SippCallee("uas_interval", tmp_path, interval="4000") as sipp:
        dial(gateway, sipp.uri)
        answered(gateway)
        phone.put_down()
        sipp.finish()


def test_it_has_moved(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    """302: not followed unless the owner wants that; the call has failed."""
    with SippCallee("uas_answers", tmp_path, limit_s=5) as other:
        with SippCallee("uas_moved", tmp_path, contact=other.uri) as sipp:
            dial(gateway, sipp.uri)
            sipp.finish()
        assert phone.await_record()["sip_status"] == 302
