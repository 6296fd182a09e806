"""Registering at a provider's edge: challenged, refused, hurried, restarted, left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.host import free_port
from tests.peers.kamailio_run import Edge, Kamailio
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.trunk import (
    account,
    await_registration,
    edge_uri,
    registration,
    with_account,
)

SHORT_S = 10  # what a hasty edge grants: refreshed after 5 s


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """An edge of these tests alone: short grants, shorter nonces, OPTIONS to those registered."""
    how = Edge(max_expires=SHORT_S, nonce_expire=1, ping=1)
    with Kamailio(tmp_path_factory.mktemp("hasty"), how) as running:
        yield running


def test_it_is_registered(gateway: GatewayProcess, edge: Kamailio, transport: str) -> None:
    """Challenged by 407 (Twilio's), with a Request-URI without a user (Twilio refuses others)."""
    status = registration(gateway.phone)
    assert status["error"] == ""
    assert status["account"] == "trunk"
    assert 500 < status["expires_s"] <= 600
    (contact,) = edge.await_contacts("alice", 1)
    port = gateway.tls_port if transport == "tls" else gateway.sip_port
    assert re.match(rf"sips?:alice@127\.0\.0\.1:{port}\b", contact["Address"])
    assert contact["Address"] in status["contact"]
    rows = edge.told(method="REGISTER", call_id=contact["Call-ID"])
    assert len(rows) == 2
    assert {row["proto"] for row in rows} == {transport}
    assert [int(row["cseq"]) for row in rows] == [int(rows[0]["cseq"]), int(rows[0]["cseq"]) + 1]


@pytest.mark.parametrize("domain", ["www.example.test", "routed.example.test", "nat.example.test"])
def test_other_ways_of_registrars(edge: Kamailio, tmp_path: Path, domain: str) -> None:
    """401 instead of 407; Path and Service-Route; an edge that keeps to where we came from."""
    text = account(edge_uri(edge, "udp"), domain=domain)
    with with_account(tmp_path, text) as gateway:
        assert await_registration(gateway.phone, "registered")["error"] == ""


def test_a_longer_interval_is_wanted(edge: Kamailio, tmp_path: Path) -> None:
    """423 with Min-Expires: 900; we would have asked for 600."""
    text = account(edge_uri(edge, "udp"), domain="brief.example.test")
    with with_account(tmp_path, text) as gateway:
        assert await_registration(gateway.phone, "registered")["expires_s"] > 800


def test_a_wrong_password_is_told_and_not_tried_on(edge: Kamailio, tmp_path: Path) -> None:
    text = account(edge_uri(edge, "udp"), domain="wrong.example.test", password="wrong")
    with with_account(tmp_path, text) as gateway:
        status = await_registration(gateway.phone, "waiting")
        assert "password" in status["error"]
        assert status["next_try_s"] > 5
        assert len(edge.told(method="REGISTER", to="sip:alice@wrong.example.test")) == 2
        assert "wrong" not in status["error"].replace("wrong.example.test", "")
        assert gateway.running


def test_refreshed_with_nonces_that_die(hasty: Kamailio, tmp_path: Path) -> None:
    """Each refresh meets a stale nonce; the binding stays one, and OPTIONS have their answers."""
    with with_account(tmp_path, account(edge_uri(hasty, "udp"))) as gateway:
        await_registration(gateway.phone, "registered")
        (first,) = hasty.await_contacts("alice", 1)
        hasty.await_ping("alice")
        hasty.await_told(SHORT_S, 4, method="REGISTER", call_id=first["Call-ID"])
        (last,) = hasty.await_contacts("alice", 1)
        assert last["Address"] == first["Address"]
        assert registration(gateway.phone)["state"] in {"registered", "refreshing"}
        numbers = [int(row["cseq"]) for row in hasty.told(call_id=first["Call-ID"])]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        gateway.stop()
        assert hasty.await_contacts("alice", 0, 2) == []
    assert "expires=0" in hasty.told(call_id=first["Call-ID"])[-1]["contact"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_the_registrar_is_restarted(hasty: Kamailio, tmp_path: Path, transport: str) -> None:
    """It has forgotten everybody: in service again with the next refresh at the latest."""
    text = account(edge_uri(hasty, transport))
    with with_account(tmp_path, text, authority=hasty.authority) as gateway:
        await_registration(gateway.phone, "registered")
        hasty.await_contacts("alice", 1)
        hasty.restart()
        hasty.await_contacts("alice", 1, SHORT_S)
        await_registration(gateway.phone, "registered")


def test_the_first_registrar_is_gone(edge: Kamailio, tmp_path: Path) -> None:
    """The second in the list takes over."""
    dead = f"sip:127.0.0.1:{free_port()};transport=tcp"
    with with_account(tmp_path, account(dead, edge_uri(edge, "udp"))) as gateway:
        status = await_registration(gateway.phone, "registered")
        assert str(edge.ports["edge"]) in status["registrar"]


def test_no_registrar_answers(tmp_path: Path) -> None:
    dead = f"sip:127.0.0.1:{free_port()};transport=tcp"
    with with_account(tmp_path, account(dead)) as gateway:
        status = await_registration(gateway.phone, "waiting")
        assert "refused" in status["error"].lower()
        assert status["next_try_s"] > 0
        assert gateway.stop() < 5


@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_a_certificate_that_is_not_right(
    edge: Kamailio, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, wrong: str
) -> None:
    """Nothing is said to a server that cannot show it is the one we mean."""
    authority = edge.authority
    uri = edge.uri("wrong_tls", "tls")
    if wrong == "authority":
        authority = type(authority)(tmp_path_factory.mktemp("others"), "others")
        uri = edge.uri("edge_tls", "tls")
    before = len(edge.told(method="REGISTER", proto="tls"))
    with with_account(tmp_path, account(uri), authority=authority) as gateway:
        status = await_registration(gateway.phone, "waiting")
        assert "certificate" in status["error"]
    assert len(edge.told(method="REGISTER", proto="tls")) == before
