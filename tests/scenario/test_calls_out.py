"""Calls that a phone places, to a second gateway: dialled, held, transferred, replaced, refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.scenario.control import Control, ControlError
from tests.scenario.gateway_process import GatewayProcess, configuration, free_sip_port

TRUNK = """
[[account]]
name = "peer"
register = false
registrar = ["sip:127.0.0.1:{port}"]
domain = "town.example"
username = "{user}"
"""


class Town(NamedTuple):
    """Three gateways; the first one's phone dials numbers of the second."""

    here: GatewayProcess
    there: GatewayProcess
    third: GatewayProcess

    def ask(self, gateway: GatewayProcess, command: str, **fields: object) -> Any:
        with Control(gateway.socket) as control:
            return control.ask(f"call.{command}", line="phone1", **fields)

    def call(self, number: str = "200#") -> None:
        """The phone here calls the one there, and both talk."""
        self.here.phone.lift()
        self.here.phone.await_state("off-hook")
        self.here.phone.dial(number)
        self.there.phone.await_state("ringing")
        await_call(self.here, "ringing")
        self.there.phone.lift()
        await_call(self.here, "talking")


def await_call(gateway: GatewayProcess, state: str) -> dict[str, Any]:
    """Until the one call of that gateway is in that state."""
    status = gateway.phone.await_status(
        lambda s: [call["state"] for call in s["calls"]] == [state], 5, f"{state} call"
    )
    return dict(status["calls"][0])


def await_digits(gateway: GatewayProcess, digits: str) -> None:
    """Until they have been heard there."""
    gateway.phone.await_status(
        lambda s: bool(s["calls"][0]["digits"]["received"] == digits), 5, digits
    )


def await_voice(gateway: GatewayProcess) -> None:
    """Until a fifth of a second more of the far end has been heard."""
    received = gateway.phone.status()["calls"][0]["rtp"]["received"]
    gateway.phone.await_status(
        lambda s: bool(s["calls"][0]["rtp"]["received"] >= received + 10), 5, "RTP"
    )


def user(config: str, number: str) -> str:
    return config.replace('"alice", "+15551234567"', f'"{number}"')


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    ports = [free_sip_port() for _ in range(3)]
    gateways = []
    for number, port, other in zip(
        (100, 200, 300), ports, (ports[1], ports[0], ports[0]), strict=True
    ):
        text = configuration(
            port,
            allow_from='["127.0.0.1/32"]\nprofile = "full"',
            more=TRUNK.format(port=other, user=number),
            line_more='account = "peer"',
        )
        folder = tmp_path_factory.mktemp(f"gateway{number}")
        gateways.append(GatewayProcess(folder, user(text, str(number)), port))
    with gateways[0] as here, gateways[1] as there, gateways[2] as third:
        yield Town(here, there, third)


@pytest.fixture
def town(running: Town) -> Iterator[Town]:
    """Every phone idle before and after."""
    yield running
    for gateway in running:
        gateway.phone.put_down()
        gateway.phone.await_calls(0, 8)
        gateway.phone.await_state("idle")


def test_a_number_is_dialled_and_digits_go_both_ways(town: Town) -> None:
    town.call()
    town.here.phone.dial("159")
    town.there.phone.dial("*#")
    await_digits(town.there, "159")
    await_digits(town.here, "*#")
    call = await_call(town.here, "talking")
    assert (call["direction"], call["from"], call["to"]) == (
        "outgoing",
        "sip:100@town.example",
        "sip:200@town.example",
    )
    town.here.phone.put_down()
    town.there.phone.await_calls(0)
    record = town.here.phone.await_record(call["call_id"])
    assert (record["direction"], record["reason"], record["sip_status"], record["codec"]) == (
        "outgoing",
        "local-hangup",
        200,
        "PCMU",
    )
    assert record["digits"] == {"sent": "159", "received": "*#"}
    assert record["headers"]["X-Gateway-Line"] == "phone1"
    assert town.there.phone.await_record(call["call_id"])["reason"] == "remote-hangup"


def test_a_rotary_phone_dials(town: Town) -> None:
    town.here.phone.lift()
    town.here.phone.await_state("off-hook")
    town.here.phone.dial("200", pulse=True, pps=20)
    town.there.phone.await_state("ringing", 8)  # four seconds without another digit


@pytest.mark.parametrize(
    ("number", "prepare", "status", "reason"),
    [("999#", "", 404, "number-unobtainable"), ("200#", "lifted", 486, "busy")],
)
def test_a_call_that_is_refused(
    town: Town, number: str, prepare: str, status: int, reason: str
) -> None:
    if prepare == "lifted":
        town.there.phone.lift()
        town.there.phone.await_state("off-hook")
    before = len(town.here.phone.calls())
    town.here.phone.lift()
    town.here.phone.await_state("off-hook")
    town.here.phone.dial(number)
    town.here.phone.await_calls(0)
    record = town.here.phone.calls()[-1]
    assert len(town.here.phone.calls()) == before + 1
    assert (record["sip_status"], record["reason"], record["answer"]) == (status, reason, None)
    assert record["headers"]["X-Gateway-Status"] == str(status)


def test_putting_it_down_while_it_rings_cancels(town: Town) -> None:
    town.here.phone.lift()
    town.here.phone.await_state("off-hook")
    town.here.phone.dial("200#")
    call = await_call(town.here, "ringing")
    town.here.phone.put_down()
    town.there.phone.await_state("idle")
    assert town.here.phone.await_record(call["call_id"])["reason"] == "abandoned"
    assert town.there.phone.await_record(call["call_id"])["sip_status"] == 487


def test_hold_and_resume(town: Town) -> None:
    town.call()
    town.ask(town.here, "hold")
    for gateway in (town.here, town.there):
        gateway.phone.await_status(lambda s: bool(s["calls"][0]["on_hold"]), 5, "hold")
    with pytest.raises(ControlError, match="on hold already"):
        town.ask(town.here, "hold")
    town.ask(town.here, "resume")
    for gateway in (town.here, town.there):
        gateway.phone.await_status(lambda s: not s["calls"][0]["on_hold"], 5, "resumed call")
        await_voice(gateway)


@pytest.mark.parametrize("who", ["here", "there"])
def test_a_transfer(town: Town, who: str) -> None:
    """One phone sends the other to the third."""
    town.call()
    sender, sent = (town.here, town.there) if who == "here" else (town.there, town.here)
    town.ask(sender, "transfer", to=f"sip:300@127.0.0.1:{town.third.sip_port}")
    town.third.phone.await_state("ringing")
    assert len(sent.phone.status()["calls"]) == 2  # the old call waits
    town.third.phone.lift()
    await_call(town.third, "talking")
    sender.phone.await_calls(0)
    talking = sent.phone.await_calls(1)["calls"][0]
    assert (talking["direction"], talking["state"]) == ("outgoing", "talking")
    await_voice(town.third)
    assert sender.phone.calls()[-1]["reason"] == "transferred"
    assert sent.phone.calls()[-1]["reason"] == "transferred"


def test_a_transfer_to_a_busy_phone_brings_the_call_back(town: Town) -> None:
    town.call()
    town.third.phone.lift()
    town.third.phone.await_state("off-hook")
    town.ask(town.there, "transfer", to=f"sip:300@127.0.0.1:{town.third.sip_port}")
    town.here.phone.await_status(lambda s: len(s["calls"]) == 1, 5, "the old call alone")
    failed = town.here.phone.await_record()
    assert (failed["reason"], failed["sip_status"]) == ("busy", 486)
    await_call(town.here, "talking")
    await_voice(town.there)


@pytest.mark.parametrize(
    ("lifted", "to", "text"),
    [
        (False, "200", "lift the handset first"),
        (True, "sip:", "cannot call sip:: URI without a usable host and port"),
    ],
)
def test_a_command_that_cannot_be(town: Town, lifted: bool, to: str, text: str) -> None:
    if lifted:
        town.here.phone.lift()
        town.here.phone.await_state("off-hook")
    with pytest.raises(ControlError, match=text):
        town.ask(town.here, "dial", to=to)


def test_a_uri_is_called_by_command_and_hung_up(town: Town) -> None:
    town.here.phone.lift()
    town.here.phone.await_state("off-hook")
    call = town.ask(town.here, "dial", to=f"sip:300@127.0.0.1:{town.third.sip_port}")["call"]
    town.third.phone.await_state("ringing")
    town.third.phone.lift()
    await_call(town.here, "talking")
    town.ask(town.here, "hang-up")
    town.third.phone.await_calls(0)
    record = next(r for r in town.here.phone.calls() if r["call"] == call)
    assert (record["reason"], record["sip_status"]) == ("local-hangup", 200)


def test_a_ringing_call_is_declined_by_command(town: Town) -> None:
    town.here.phone.lift()
    town.here.phone.await_state("off-hook")
    town.here.phone.dial("200#")
    call = await_call(town.here, "ringing")
    town.ask(town.there, "hang-up")
    record = town.here.phone.await_record(call["call_id"])
    assert (record["sip_status"], record["reason"]) == (603, "declined")
