"""The service with a line card on a pseudo-terminal, all of it on the real clock."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.hardware.serial_card.card.line_card import LineCard
from tests.hardware.bench import Bench
from tests.scenario.gateway_process import GatewayProcess, configuration, free_sip_port

STEP_S = 0.001


class CardThread:
    """The reference card at the far end of a device that can be pulled out."""

    def __init__(self, device: Path) -> None:
        self.device = device
        self.board = Bench()
        self._halt = threading.Event()
        self.plug()

    def plug(self) -> None:
        master, slave = os.openpty()
        self.device.symlink_to(os.ttyname(slave))
        self._halt.clear()
        self._thread = threading.Thread(target=self._run, args=(master, slave), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        self.device.unlink()
        self._halt.set()
        self._thread.join(10)

    def _run(self, master: int, slave: int) -> None:
        begun = time.monotonic()
        card = LineCard(self.board, 0)
        while not self._halt.is_set():
            if select.select([master], [], [], STEP_S)[0]:
                card.receive(os.read(master, 4096))
            card.step(round((time.monotonic() - begun) * 1000))
            said = card.to_send()
            if said:
                os.write(master, said)
        os.close(slave)
        os.close(master)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[CardThread]:
    card = CardThread(tmp_path / "card")
    yield card
    if card.device.is_symlink():
        card.unplug()


@pytest.fixture
def gateway(card: CardThread, tmp_path: Path) -> Iterator[GatewayProcess]:
    port = free_sip_port()
    text = configuration(port, line_more=f'serial = "{card.device}"')
    text = text.replace('"simulated"', '"serial"')
    with GatewayProcess(tmp_path / "gateway", text, port, simulated=False) as running:
        yield running


def test_lifted_put_down_pulled_out_and_plugged_in(
    card: CardThread, gateway: GatewayProcess
) -> None:
    phone = gateway.phone
    phone.await_state("idle")
    card.board.off_hook = True
    phone.await_state("off-hook")
    card.board.off_hook = False
    phone.await_state("idle")
    card.unplug()
    phone.await_state("fault")
    broken = phone.status()["lines"][0]
    assert broken["fault"].endswith("it is gone; plug the card in again; it is tried for ever")
    assert broken["link"]["state"] == "absent"
    card.board.off_hook = True
    card.plug()
    phone.await_state("off-hook")
    line = phone.status()["lines"][0]
    link = line["link"]
    assert (line["fault"], link["state"], link["version"]) == ("", "up", "1.0")
    assert (link["device"], link["damaged"], link["reconnects"]) == (str(card.device), 0, 1)
    assert link["lines"] > 10
    assert "it is gone; plug the card in again" in gateway.log_text()
