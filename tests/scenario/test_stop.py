"""The end of the service: a call that is up is ended with BYE, within five seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.driver import twilio_caller
from tests.peers.probe import Probe
from tests.scenario.gateway_process import GatewayProcess

PROMISED_S = 5.0


def test_sigterm_ends_the_call_with_bye(tmp_path: Path) -> None:
    with GatewayProcess.usual(tmp_path / "gateway") as gateway:
        with twilio_caller(gateway.target, tmp_path) as caller:
            caller.wait_for("response", status=180)
            gateway.phone.lift()
            caller.wait_for("first-rtp")
            assert gateway.stop() < PROMISED_S
            over = caller.over()
        assert gateway.exit_code == 0, gateway.log_text()
    assert over["faults"] == []
    assert over["why"] == "the gateway hung up"
    bye = caller.told("request", method="BYE")[0]
    assert bye["x"]["X-Gateway-Reason"]
    assert "Traceback" not in gateway.log_text()


def test_sigterm_while_it_rings_refuses_the_call(tmp_path: Path) -> None:
    with GatewayProcess.usual(tmp_path / "gateway") as gateway:
        with twilio_caller(gateway.target, tmp_path) as caller:
            caller.wait_for("response", status=180)
            assert gateway.stop() < PROMISED_S
            over = caller.over()
        assert gateway.exit_code == 0, gateway.log_text()
    assert over["why"] == "refused with 480"


def test_sigterm_while_the_peer_is_gone(tmp_path: Path) -> None:
    """Nobody answers the BYE: the promise holds all the same."""
    with GatewayProcess.usual(tmp_path / "gateway") as gateway:
        with twilio_caller(gateway.target, tmp_path) as caller:
            caller.wait_for("response", status=180)
            gateway.phone.lift()
            caller.wait_for("answered")
            caller.process.kill()
            caller.process.wait()
        assert gateway.stop() < PROMISED_S
        assert gateway.exit_code == 0, gateway.log_text()


@pytest.mark.parametrize("line_more", ["auto_answer_s = 0.2"])
def test_a_phone_that_lifts_itself(tmp_path: Path, line_more: str) -> None:
    with GatewayProcess.usual(tmp_path / "gateway", line_more=line_more) as gateway:
        with twilio_caller(gateway.target, tmp_path) as caller:
            caller.wait_for("first-rtp")
            caller.order("bye")
            assert caller.over()["faults"] == []
        gateway.phone.put_down()


def test_sigterm_before_the_ack_sends_bye_without_it(tmp_path: Path) -> None:
    with GatewayProcess.usual(tmp_path / "gateway") as gateway:
        with Probe(gateway.sip_port) as probe:
            probe.send(probe.request("INVITE", payloads="0 101"))
            gateway.phone.await_state("ringing")
            gateway.phone.lift()
            assert probe.final("INVITE").status == 200  # and no ACK follows
            assert gateway.stop() < PROMISED_S
            waiting = iter(lambda: probe.receive(0.1), None)
            methods = {each.method for each in waiting if each.status is None}
        assert methods == {"BYE"}
        assert gateway.exit_code == 0, gateway.log_text()
