"""Transfers through the edge, blind, each way: who is transferred ends up talking to the third."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.hearing import assert_heard
from tests.scenario.phone import Phone

SECOND, THIRD = "600", "601"
TO_THIRD = f"sip:{THIRD}@example.test"


@pytest.fixture(scope="module", params=["udp", "tls"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def second(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Baresip]:
    yield from _registered(edge, SECOND, speech["phone"], tmp_path)


@pytest.fixture
def third(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Baresip]:
    yield from _registered(edge, THIRD, speech["caller"], tmp_path)


def _registered(edge: Kamailio, user: str, said: Path, folder: Path) -> Iterator[Baresip]:
    with Baresip(folder / user, said, BaresipAccount(user, edge.uri("inner"))) as running:
        edge.await_contacts(user, 1)
        yield running
    edge.await_contacts(user, 0)


def talk(phone: Phone, second: Baresip) -> None:
    second.command("dial", "sip:alice@example.test")
    phone.await_state("ringing")
    phone.lift()
    second.wait_for("CALL_ESTABLISHED")


def test_we_transfer(
    gateway: GatewayProcess, phone: Phone, second: Baresip, third: Baresip
) -> None:
    talk(phone, second)
    gateway.call("transfer", TO_THIRD)
    third.wait_for("CALL_INCOMING")
    third.command("accept")
    third.wait_for("CALL_ESTABLISHED")
    second.wait_for("CALL_CLOSED")
    phone.await_calls(0)
    assert phone.await_record()["reason"] == "transferred"
    third.command("sndcode", "7")
    assert second.digits(1) == "7"


def test_we_are_transferred(
    gateway: GatewayProcess,
    phone: Phone,
    second: Baresip,
    third: Baresip,
    speech: dict[str, Path],
    tmp_path: Path,
) -> None:
    talk(phone, second)
    second.command("transfer", TO_THIRD)
    third.wait_for("CALL_INCOMING")
    recording = phone.record(tmp_path / "heard.wav")
    third.command("accept")
    third.wait_for("CALL_ESTABLISHED")
    second.wait_for("CALL_CLOSED")
    phone.await_calls(1)
    phone.play(speech["phone"], wait=True)
    third.press("7")
    phone.await_digits("7")
    phone.put_down()
    recording.wait()
    third.wait_for("CALL_CLOSED")
    assert_heard(speech["phone"], third.heard(), speech["caller"])
    assert_heard(speech["caller"], recording.path, speech["phone"])


def test_a_transfer_to_nobody_leaves_the_call(
    gateway: GatewayProcess, phone: Phone, second: Baresip
) -> None:
    talk(phone, second)
    done = gateway.command("call", "phone1", "transfer", "sip:699@example.test")
    phone.await_calls(1)
    second.press("5")
    phone.await_digits("5")
    assert done.returncode in (0, 1)
