"""Our own end of a flow, by the kernel's routes of the loopback interface."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway.net.paths import Paths, source_for


@dataclass
class Listener:
    transport: str
    host: str
    port: int
    wildcard: bool = False


ANY = Listener("udp", "0.0.0.0", 5060, wildcard=True)
ANY6 = Listener("udp", "::", 5060, wildcard=True)
ONE = Listener("udp", "127.0.0.5", 5070)
TLS = Listener("tls", "0.0.0.0", 5071, wildcard=True)


@pytest.mark.parametrize(
    ("remote", "prefer", "source"),
    [
        ("127.0.0.9", "", "127.0.0.1"),
        ("127.0.0.9", "127.0.0.7", "127.0.0.7"),
        ("127.0.0.9", "::1", "127.0.0.1"),
        ("127.0.0.9", "192.0.2.1", "127.0.0.1"),
        ("::1", "", "::1"),
        ("::1", "127.0.0.7", "::1"),
    ],
)
def test_source(remote: str, prefer: str, source: str) -> None:
    assert source_for(remote, prefer) == source


@pytest.mark.parametrize("remote", ["0.1.2.3:x", "fe80::1%nowhere0"])
def test_no_route(remote: str) -> None:
    assert source_for(remote) is None


@pytest.mark.parametrize(
    ("listeners", "transport", "remote", "prefer", "local"),
    [
        ([ANY], "udp", "127.0.0.9", "", ("127.0.0.1", 5060)),
        ([ANY], "udp", "127.0.0.9", "127.0.0.3", ("127.0.0.3", 5060)),
        ([ANY6, ANY], "udp", "127.0.0.9", "", ("127.0.0.1", 5060)),
        ([ANY, ANY6], "udp", "::1", "", ("::1", 5060)),
        ([ANY], "udp", "::1", "", None),
        ([], "udp", "127.0.0.9", "", None),
        ([ONE], "udp", "127.0.0.9", "", ("127.0.0.5", 5070)),
        ([ONE, ANY], "udp", "127.0.0.9", "", ("127.0.0.1", 5060)),
        ([ONE], "tcp", "127.0.0.9", "", ("127.0.0.1", 5060)),
        ([ONE], "tls", "127.0.0.9", "", ("127.0.0.1", 5061)),
        ([ONE, TLS], "tls", "127.0.0.9", "", ("127.0.0.1", 5071)),
        ([], "tcp", "::1", "", ("::1", 5060)),
    ],
)
def test_local_end(
    listeners: list[Listener],
    transport: str,
    remote: str,
    prefer: str,
    local: tuple[str, int] | None,
) -> None:
    assert Paths(listeners).local(transport, remote, prefer) == local


def test_a_listener_on_loopback_leads_nowhere_else() -> None:
    assert Paths([ONE]).local("udp", "192.0.2.1") is None
