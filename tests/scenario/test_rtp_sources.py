"""Whose RTP is heard: strangers at the port, a peer that moves, a cluster's other machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone
from tests.scenario.rtp_call import RtpCall, Talker

ROOT = Path(__file__).parents[2]


def rtp_ports(gateway: GatewayProcess) -> list[int]:
    """All even ports of the range: which of them a call gets is the gateway's choice."""
    line = next(x for x in gateway.config.read_text().splitlines() if x.startswith("ports"))
    first, last = (int(word) for word in line.partition("[")[2].rstrip("]").split(","))
    return list(range(first, last, 2))


def test_a_stranger_at_the_port_while_it_rings(gateway: GatewayProcess, phone: Phone) -> None:
    with RtpCall(gateway) as call, closing(Talker("127.0.0.9")) as stranger:
        call.ring()
        for port in rtp_ports(gateway):
            for _ in range(6):
                stranger.send(("127.0.0.1", port))
        phone.lift()
        call.answered()
        assert call.speak(call.talker, 20) == 20
        assert stranger.drain() == 0


def test_a_stranger_who_speaks_first_is_put_out(gateway: GatewayProcess, phone: Phone) -> None:
    """Until the caller speaks it might be behind a NAT; then there is no doubt any more."""
    with RtpCall(gateway) as call, closing(Talker("127.0.0.9")) as stranger:
        call.ring()
        phone.lift()
        call.answered()
        while stranger.next(0) is None:
            stranger.send(call.to)
            call.talker.next(0.02)
        call.talker.send(call.to)
        call.tick()
        assert call.speak(call.talker, 10) == 10
        stranger.drain()
        assert call.speak(stranger, 10) == 0
        assert stranger.drain() == 0


def test_late_packets_after_a_move(gateway: GatewayProcess, phone: Phone) -> None:
    with RtpCall(gateway) as call:
        call.ring()
        phone.lift()
        call.answered()
        old, new = call.talker, Talker()
        with closing(old):
            assert call.speak(old, 25) == 25
            call.move(new)
            call.tick()
            old.drain()
            assert call.speak(old, 8) == 0
            assert old.drain() == 0
            new.go_on_from(old)
            assert call.speak(new, 20) == 20


def test_elsewhere_nobody_replaces_a_silent_caller(gateway: GatewayProcess, phone: Phone) -> None:
    with RtpCall(gateway) as call, closing(Talker("127.0.0.4")) as other:
        call.ring()
        phone.lift()
        call.answered()
        assert call.speak(call.talker, 10) == 10
        other.go_on_from(call.talker)
        assert call.speak(other, 15) == 0
        call.talker.go_on_from(other)
        assert call.speak(call.talker, 10) == 10


@pytest.mark.parametrize(("codec", "fill"), [("PCMU", b"\xff"), ("PCMA", b"\xd5")])
def test_g711_under_a_dynamic_payload_type(
    gateway: GatewayProcess, phone: Phone, codec: str, fill: bytes
) -> None:
    with RtpCall(gateway, Talker(payload_type=97), codec) as call:
        call.ring()
        phone.lift()
        call.answered()
        packet = call.tick()
        assert (packet.payload_type, packet.payload) == (97, fill * 160)
        assert call.speak(call.talker, 10) == 10
    assert phone.await_record()["codec"] == codec


def test_a_machine_of_twilios_takes_over(tmp_path: Path) -> None:
    """With the default configuration and Twilio's addresses, in a network of their own."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("unshare (util-linux) or ip (iproute2) is missing")
    network = "ip link set lo up && ip address add local 168.86.128.1/18 dev lo"
    network += " && ip address add local 168.86.191.7/18 dev lo || exit 77"
    script = f'{network}; exec "$@"'
    command = [sys.executable, "-m", "tests.scenario.cluster_jump", str(tmp_path)]
    done = subprocess.run(
        ["unshare", "-Urn", "sh", "-c", script, "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"needs root, for a network of its own: {done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
