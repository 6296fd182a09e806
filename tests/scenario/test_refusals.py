"""Requests that the gateway refuses, byte by byte; and strangers, who get no byte at all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.peers.probe import Probe
from tests.peers.sip_text import tag_of
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone


@dataclass(frozen=True)
class Row:
    """A request, the status of its answer, and headers that the answer must have."""

    name: str
    method: str
    status: int
    user: str = "alice"
    to_tag: str = ""
    more: tuple[tuple[str, str], ...] = ()
    payloads: str = ""
    has: tuple[tuple[str, str], ...] = ()


REASON = ("X-Gateway-Reason", "")
ROWS = [
    Row("unknown user", "INVITE", 404, user="nobody", payloads="0 101", has=(REASON,)),
    Row("no user", "INVITE", 404, user="", payloads="0 101", has=(REASON,)),
    Row("no common codec", "INVITE", 488, payloads="3 18", has=(REASON, ("Warning", ""))),
    Row("BYE outside a call", "BYE", 481, to_tag="nobody1"),
    Row("CANCEL of nothing", "CANCEL", 481),
    Row("INFO", "INFO", 405, to_tag="nobody1", has=(("Allow", "INVITE"),)),
    Row("MESSAGE", "MESSAGE", 405, has=(("Allow", "INVITE"),)),
    Row("SUBSCRIBE", "SUBSCRIBE", 405, has=(("Allow", "INVITE"),)),
    Row("REGISTER", "REGISTER", 405, has=(("Allow", "INVITE"),)),
    Row("an unknown method", "FROBNICATE", 405, has=(("Allow", "INVITE"),)),
    Row(
        "an unknown extension",
        "INVITE",
        420,
        more=(("Require", "frobnication"),),
        payloads="0 101",
        has=(("Unsupported", "frobnication"),),
    ),
    Row("re-INVITE outside a call", "INVITE", 481, to_tag="nobody1", payloads="0 101"),
    Row("OPTIONS", "OPTIONS", 200, has=(("Allow", "INVITE"), ("Accept", "application/sdp"))),
    Row("OPTIONS without a user", "OPTIONS", 200, user="", has=(("Allow", "BYE"),)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_answers(gateway: GatewayProcess, phone: Phone, row: Row) -> None:
    with Probe(gateway.sip_port) as probe:
        request = probe.request(
            row.method, user=row.user, to_tag=row.to_tag, more=row.more, payloads=row.payloads
        )
        answer = probe.ask(request)
    assert answer.status in ({row.status, 501} if row.status == 405 else {row.status})
    for name, part in row.has:
        assert part in answer.get(name), f"{name}: {answer.get(name)!r}"
        assert answer.all(name), f"no {name}"
    assert tag_of(answer.get("To"))
    assert phone.state() == "idle"


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE"])
def test_a_stranger_gets_no_byte(gateway: GatewayProcess, phone: Phone, method: str) -> None:
    payloads = "0 101" if method == "INVITE" else ""
    with Probe(gateway.sip_port, local="127.0.0.9") as stranger, Probe(gateway.sip_port) as friend:
        stranger.send(stranger.request(method, payloads=payloads))
        stranger.send(b"\r\n\r\n")
        stranger.send(b"no SIP at all")
        # Whatever the stranger would get has been sent before a later question is answered.
        assert friend.ask(friend.request("OPTIONS")).status == 200
        assert friend.ask(friend.request("OPTIONS", cseq=2)).status == 200
        assert stranger.receive(0.05) is None
    assert phone.state() == "idle"
