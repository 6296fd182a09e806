"""baresip calls the gateway: words and digits both ways, judged by what each side recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audio.compare import Limits, compare
from tests.audio.dtmf import digits_of
from tests.audio.wav import read_wav
from tests.peers import baresip_run
from tests.peers.baresip_run import Baresip
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

pytestmark = pytest.mark.skipif(not baresip_run.installed(), reason="apt install baresip-core")

# baresip paces its packets within 5-20 ms, and its jitter buffer may cut: words and order count.
LIMITS = Limits(correlation=0.8, pesq=2.5, level_db=2, dropout_ms=200, slip_ms=60)


def established(peer: Baresip, gateway: GatewayProcess, phone: Phone) -> None:
    peer.command("dial", gateway.target)
    phone.await_state("ringing")
    phone.lift()
    peer.wait_for("CALL_ESTABLISHED")


def test_both_hear_the_others_words(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"]) as peer:
        peer.command("dial", gateway.target)
        phone.await_state("ringing")
        recording = phone.record(tmp_path / "heard.wav")
        phone.lift()
        peer.wait_for("CALL_ESTABLISHED")
        phone.play(speech["phone"], wait=True)
        phone.put_down()
        peer.wait_for("CALL_CLOSED")
        recording.wait()
    for said, heard in (("caller", recording.path), ("phone", peer.heard())):
        verdict = compare(read_wav(speech[said]), read_wav(heard), LIMITS)
        assert verdict.passed, (said, verdict.reasons)
        other = "phone" if said == "caller" else "caller"
        assert compare(read_wav(speech[other]), read_wav(heard), LIMITS).correlation < 0.5


def test_digits_both_ways(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"]) as peer:
        established(peer, gateway, phone)
        recording = phone.record(tmp_path / "heard.wav")
        phone.dial("1590*#")
        assert peer.digits(6) == "1590*#"
        peer.press("2468")
        phone.await_status(
            lambda s: bool(s["calls"]) and s["calls"][0]["digits"]["received"] == "2468",
            5,
            "2468 received",
        )
        recording.stop()
        peer.command("hangup")
        phone.await_calls(0)
    record = phone.await_record()
    assert record["digits"] == {"sent": "1590*#", "received": "2468"}
    assert record["reason"] == "remote-hangup"
    assert digits_of(read_wav(recording.path)) == "2468"


def test_it_gives_up_while_the_phone_rings(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"]) as peer:
        peer.command("dial", gateway.target)
        phone.await_state("ringing")
        peer.wait_for("CALL_RINGING")
        peer.command("hangup")
        phone.await_state("idle")
    assert phone.await_record()["sip_status"] == 487


def test_it_is_refused(
    gateway: GatewayProcess, phone: Phone, speech: dict[str, Path], tmp_path: Path
) -> None:
    with Baresip(tmp_path / "baresip", speech["caller"]) as peer:
        peer.command("dial", gateway.target.replace("alice", "nobody"))
        assert "404" in peer.wait_for("CALL_CLOSED")["param"]
    assert phone.state() == "idle"
