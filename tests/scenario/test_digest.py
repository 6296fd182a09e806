"""Inbound digest with sipp: the right password rings, a wrong or missing one never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.driver import twilio_caller
from tests.peers.probe import Probe
from tests.peers.sipp_run import Sipp
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

pytestmark = pytest.mark.usefixtures("sipp")

USER, PASSWORD = "carrier", "correct horse"


@pytest.fixture(scope="module", name="gateway")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A service that challenges."""
    folder = tmp_path_factory.mktemp("gateway")
    with GatewayProcess.usual(folder, auth=(USER, PASSWORD)) as running:
        yield running
        assert PASSWORD not in running.log_text()


def sipp(name: str, gateway: GatewayProcess, folder: Path, password: str) -> Sipp:
    # Left alone, sipp leaves the user out of the digest's uri, which must be the Request-URI.
    uri = gateway.target.removeprefix("sip:")
    options = ("-au", USER, "-ap", password, "-auth_uri", uri)
    return Sipp(name, gateway.sip_port, folder, options=options)


def test_right_password(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with sipp("digest", gateway, tmp_path, PASSWORD) as call:
        phone.await_state("ringing")
        phone.lift()
        call.finish()
    assert phone.await_record(call.call_id)["sip_status"] == 200


def test_wrong_password(gateway: GatewayProcess, phone: Phone, tmp_path: Path) -> None:
    with sipp("digest_wrong", gateway, tmp_path, "wrong") as call:
        call.finish()
    assert phone.state() == "idle"
    assert [r for r in phone.calls() if r["call_id"] == call.call_id] == []


@pytest.mark.parametrize("right", [True, False])
def test_the_twilio_like_edge(
    gateway: GatewayProcess, phone: Phone, tmp_path: Path, right: bool
) -> None:
    login = ("--user", USER, "--password", PASSWORD if right else "wrong")
    with twilio_caller(gateway.target, tmp_path, *login) as caller:
        if right:
            caller.wait_for("response", status=180)
            caller.order("cancel")
        over = caller.over()
    assert over["faults"] == []
    assert over["why"] == f"refused with {487 if right else 401}"
    statuses = [row["status"] for row in caller.told("response", method="INVITE")]
    assert [s for s in statuses if s > 100] == ([401, 180, 487] if right else [401, 401])


def test_no_password(gateway: GatewayProcess, phone: Phone) -> None:
    with Probe(gateway.sip_port) as probe:
        answer = probe.ask(probe.request("INVITE", payloads="0 101"))
    assert answer.status == 401
    challenge = answer.get("WWW-Authenticate")
    for part in ('realm="tipring"', "algorithm=MD5", 'qop="auth"', "nonce="):
        assert part in challenge
    assert phone.state() == "idle"


def test_options_need_no_password(gateway: GatewayProcess) -> None:
    with Probe(gateway.sip_port) as probe:
        assert probe.ask(probe.request("OPTIONS")).status == 200
