"""A peer whose RTP stops is gone: the call ends by itself, but not while it is held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.driver import twilio_caller
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

TIMEOUT_S = 1


@pytest.fixture(scope="module", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("gateway")
    with GatewayProcess.usual(folder, timeout_s=TIMEOUT_S) as running:
        yield running


def test_a_peer_that_died(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with twilio_caller(gateway.target, tmp_path) as caller:
        caller.wait_for("response", status=180)
        phone.lift()
        caller.wait_for("first-rtp")
        caller.process.kill()
    record = phone.await_record(seconds=TIMEOUT_S + 3)
    assert record["reason"] == "rtp-timeout"
    assert phone.state() == "off-hook"


@pytest.mark.parametrize("way", ["inactive", "recvonly"])
def test_a_peer_that_holds(gateway: GatewayProcess, phone: Phone, tmp_path: Path, way: str) -> None:
    """Neither direction makes the peer send, so its silence means nothing."""
    with twilio_caller(gateway.target, tmp_path) as caller:
        caller.wait_for("response", status=180)
        phone.lift()
        caller.wait_for("first-rtp")
        caller.order(f"hold {way}")
        caller.wait_until(lambda _: len(caller.told("answered")) == 2, 5, "the hold's answer")
        held = caller.told("answered")[1]["t"]
        caller.wait_until(lambda row: row["t"] > held + TIMEOUT_S + 1, 5, "time")
        assert len(phone.status()["calls"]) == 1
        caller.order("resume")
        caller.wait_until(lambda _: len(caller.told("answered")) == 3, 5, "the resumption")
        caller.order("bye")
        over = caller.over()
    assert over["faults"] == []
    assert over["why"] == "we hung up"
