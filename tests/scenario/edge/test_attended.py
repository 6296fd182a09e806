"""Attended transfers (REFER with Replaces) among two linphones and the gateway, in each role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.kamailio_run import Kamailio
from tests.peers.linphone_run import Linphone, LinphoneAccount
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone

WHO_TRANSFERS, OTHER = "610", "611"


@pytest.fixture(scope="module", params=["udp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def registered(edge: Kamailio, user: str, said: Path, folder: Path) -> Iterator[Linphone]:
    with Linphone(folder / user, said, LinphoneAccount(edge.uri("inner"), user)) as running:
        edge.await_contacts(user, 1)
        yield running
    edge.await_contacts(user, 0)


@pytest.fixture
def secretary(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Linphone]:
    with registered(edge, WHO_TRANSFERS, speech["phone"], tmp_path) as running:
        yield running


@pytest.fixture
def other(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Linphone]:
    with registered(edge, OTHER, speech["caller"], tmp_path) as running:
        yield running


def call_us(secretary: Linphone, phone: Phone, established: int) -> None:
    secretary.order("call sip:alice@example.test")
    phone.await_state("ringing")
    phone.lift()
    secretary.wait_for("Media streams established", count=established)


def call_other(secretary: Linphone, other: Linphone, established: int) -> None:
    secretary.order(f"call sip:{OTHER}@example.test")
    other.wait_for("Receiving new incoming call")
    other.order("answer")
    secretary.wait_for("Media streams established", count=established)


def pause(secretary: Linphone) -> None:
    secretary.order("pause")
    secretary.wait_for("is now paused")


def joined(phone: Phone, other: Linphone) -> None:
    """The two who are left hear each other's keys."""
    other.press("7")
    phone.await_digits("7")
    phone.dial("9")
    assert other.digits(1) == "9"


def test_we_are_joined_to_the_other(
    gateway: GatewayProcess, phone: Phone, edge: Kamailio, secretary: Linphone, other: Linphone
) -> None:
    """REFER comes to us: our INVITE with Replaces takes the place of the secretary's call."""
    call_us(secretary, phone, 1)
    pause(secretary)
    call_other(secretary, other, 2)
    secretary.order("transfer 1 --to-call 2")
    other.wait_for("Media streams established", count=2)
    secretary.wait_for("ended", count=2)
    phone.await_calls(1)
    joined(phone, other)
    phone.put_down()
    other.wait_for("ended", count=2)


def test_the_other_is_joined_to_us(
    gateway: GatewayProcess, phone: Phone, edge: Kamailio, secretary: Linphone, other: Linphone
) -> None:
    """Its INVITE with Replaces comes to us: the call changes while the handset stays up."""
    call_other(secretary, other, 1)
    pause(secretary)
    call_us(secretary, phone, 2)
    secretary.order("transfer 1 --to-call 2")
    other.wait_for("Media streams established", count=2)
    phone.await_calls(1)
    assert phone.state() == "off-hook"
    joined(phone, other)
    phone.put_down()
    assert "replaced" in {record["reason"] for record in phone.calls()[-2:]}
