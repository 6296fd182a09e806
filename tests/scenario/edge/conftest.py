"""Kamailio, started once for all; a gateway for each transport, registered there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers import baresip_run, kamailio_run, linphone_run
from tests.peers.baresip_account import BaresipAccount
from tests.peers.baresip_run import Baresip
from tests.peers.kamailio_run import Kamailio
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.trunk import account, await_registration, edge_uri, with_account

PROGRAMS = {
    "kamailio": kamailio_run.installed,
    "baresip-core": baresip_run.installed,
    "linphone-cli": linphone_run.installed,
}

NUMBER = "600"


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    missing = [name for name, installed in PROGRAMS.items() if not installed()]
    if missing:
        pytest.skip(f"apt install {' '.join(missing)}")


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """A provider's edge, with nobody registered but who a test registers."""
    with Kamailio(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module", params=["udp", "tcp", "tls"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", name="gateway")
def _gateway(
    tmp_path_factory: pytest.TempPathFactory, edge: Kamailio, transport: str
) -> Iterator[GatewayProcess]:
    """Registered at the edge by the transport of the case."""
    text = account(edge_uri(edge, transport))
    folder = tmp_path_factory.mktemp("gateway")
    with with_account(folder, text, authority=edge.authority) as running:
        await_registration(running.phone, "registered")
        yield running
        assert running.running, running.log_text()
        assert "Traceback" not in running.log_text()


@pytest.fixture
def peer(edge: Kamailio, speech: dict[str, Path], tmp_path: Path) -> Iterator[Baresip]:
    """baresip, registered at the edge as 600."""
    who = BaresipAccount(NUMBER, edge.uri("inner"))
    with Baresip(tmp_path / "baresip", speech["caller"], who) as running:
        edge.await_contacts(NUMBER, 1)
        yield running
    edge.await_contacts(NUMBER, 0)
