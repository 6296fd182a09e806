"""What [sip.limits] turned away shows in status."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenario.gateway_process import GatewayProcess, configuration, free_sip_port

LIMITS = "\n[sip.limits]\nconnections = 3\nconnections_per_source = 2\nheaders = 32\n"


@pytest.mark.parametrize("sources", [1, 3])
def test_connections_that_are_too_many(tmp_path: Path, sources: int) -> None:
    """From one source, or from several; what is in use by the service is never given away."""
    port = free_sip_port()
    text = configuration(port, allow_from='["127.0.0.0/8"]', more=LIMITS)
    text = text.replace('listen = ["', f'listen = ["tcp:127.0.0.1:{port}", "')
    with GatewayProcess(tmp_path, text, port) as gateway, ExitStack() as opened:
        for number in range(4):
            client = opened.enter_context(socket.socket())
            client.bind((f"127.0.0.{2 + number % sources}", 0))
            client.connect(("127.0.0.1", port))
        wanted = {1: (2, 2, 0, 2), 3: (3, 0, 1, 0)}[sources]
        status = gateway.phone.await_status(
            lambda s: (
                (
                    s["limits"]["connections"]["now"],
                    s["limits"]["connections"]["refused"],
                    s["limits"]["connections"]["replaced"],
                    s["limits"]["connections_per_source"]["refused"],
                )
                == wanted
            ),
            5,
            f"connections, refused, replaced and refused by source: {wanted}",
        )
        assert status["limits"]["connections"]["limit"] == 3


def test_a_message_with_too_many_headers(tmp_path: Path) -> None:
    with GatewayProcess.usual(tmp_path, more=LIMITS) as gateway:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            head = b"OPTIONS sip:a@b SIP/2.0\r\n" + b"X-A: b\r\n" * 40
            client.sendto(head + b"\r\n", ("127.0.0.1", gateway.sip_port))
        gateway.phone.await_status(
            lambda s: bool(s["limits"]["headers"]["refused"] == 1), 5, "refused message"
        )
        shown = gateway.command("status").stdout
        assert "limit sip.limits.headers = 32: reached 1 times" in shown
