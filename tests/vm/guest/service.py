"""The shipped service with its line on the simulated pins and the loopback card."""

from __future__ import annotations

from pathlib import Path

from tests.scenario.gateway_process import GatewayProcess, configuration, free_sip_port
from tests.vm.guest.board import Board
from tests.vm.guest.sound import LINE


def gateway(folder: Path, more: str = "", line_more: str = "") -> GatewayProcess:
    """One line, phone1, at rest; `more` is of the configuration, `line_more` of its line."""
    Board().rest()
    port = free_sip_port()
    audio = f'audio = {{ capture = "{LINE}", playback = "{LINE}" }}\n'
    text = configuration(port, more=more, line_more=audio + line_more)
    text = text.replace('"simulated"', '"gpio"')
    return GatewayProcess(folder, text, port, simulated=False)
