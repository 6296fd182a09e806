"""Repeated, crossing and looping messages, from a bare socket."""

from __future__ import annotations

import pytest

from tests.peers.probe import Probe
from tests.peers.sip_text import SipText, tag_of
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

OFFER = "0 101"


def test_an_invite_sent_again_rings_once(gateway: GatewayProcess, phone: Phone) -> None:
    """RFC 3261 section 17.2.1: the same INVITE gets the last provisional response again."""
    with Probe(gateway.sip_port) as probe:
        invite = probe.request("INVITE", payloads=OFFER, branch="z9hG4bKonce")
        probe.send(invite)
        assert [probe.status(), probe.status()] == [100, 180]
        phone.await_state("ringing")
        probe.send(invite)
        assert probe.status() == 180
        assert len(phone.status()["calls"]) == 1
        phone.lift()
        answer = probe.final("INVITE")
        probe.send(invite)
        assert probe.final("INVITE") == answer
        tag = tag_of(answer.get("To"))
        probe.send(probe.request("ACK", to_tag=tag))
        assert probe.ask(probe.request("BYE", cseq=2, to_tag=tag)).status == 200
    assert [r["call_id"] for r in phone.calls()].count(probe.call_id) == 1


@pytest.mark.parametrize("round_", range(8))
def test_cancel_racing_the_answer(gateway: GatewayProcess, phone: Phone, round_: int) -> None:
    """Whoever wins, both sides agree: 487 and an idle gateway, or 200 and a call until BYE."""
    with Probe(gateway.sip_port) as probe:
        probe.send(probe.request("INVITE", payloads=OFFER, branch="z9hG4bKrace"))
        phone.await_state("ringing")
        cancel = probe.request("CANCEL", branch="z9hG4bKrace")
        if round_ % 2:
            phone.lift()
            probe.send(cancel)
        else:
            probe.send(cancel)
            phone.lift()
        finals = _finals(probe)
        assert finals["CANCEL"].status == 200
        answer = finals["INVITE"]
        tag = tag_of(answer.get("To"))
        if answer.status == 200:
            probe.send(probe.request("ACK", to_tag=tag))
            assert probe.ask(probe.request("BYE", cseq=2, to_tag=tag)).status == 200
        else:
            assert answer.status == 487
            assert answer.get("X-Gateway-Reason")
            probe.send(probe.request("ACK", branch="z9hG4bKrace", to_tag=tag))
        phone.await_calls(0)
    assert phone.await_record(probe.call_id)["sip_status"] == answer.status


def _finals(probe: Probe) -> dict[str, SipText]:
    found: dict[str, SipText] = {}
    while len(found) < 2:
        message = probe.receive()
        assert message is not None, f"only {found}"
        if (message.status or 0) >= 200:
            found.setdefault(message.method, message)
    return found


def test_the_same_call_by_another_way_is_a_loop(gateway: GatewayProcess, phone: Phone) -> None:
    """RFC 3261 section 8.2.2.2: same Call-ID, From tag and CSeq, another branch."""
    with Probe(gateway.sip_port) as probe:
        probe.send(probe.request("INVITE", payloads="0 101", branch="z9hG4bKfirst"))
        phone.await_state("ringing")
        probe.send(probe.request("INVITE", payloads="0 101", branch="z9hG4bKsecond"))
        answer = probe.final("INVITE")
        assert answer.status == 482
        assert "branch=z9hG4bKsecond" in answer.get("Via")
        assert phone.state() == "ringing"
        probe.send(probe.request("CANCEL", branch="z9hG4bKfirst"))
        assert probe.final("CANCEL").status == 200


def test_a_bye_sent_again_gets_the_same_answer(gateway: GatewayProcess, phone: Phone) -> None:
    with Probe(gateway.sip_port) as probe:
        probe.send(probe.request("INVITE", payloads="0 101"))
        phone.await_state("ringing")
        phone.lift()
        tag = tag_of(probe.final("INVITE").get("To"))
        probe.send(probe.request("ACK", to_tag=tag))
        bye = probe.request("BYE", cseq=2, to_tag=tag)
        first, again = probe.ask(bye), probe.ask(bye)
        assert first == again
        assert first.status == 200
        assert first.get("X-Gateway-Reason")
        late = probe.ask(probe.request("BYE", cseq=3, to_tag=tag))
        assert late.status == 481
