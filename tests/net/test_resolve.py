"""Names to addresses: what is an address already, what is refused, what is kept."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import SystemRefusal
from gateway.net.resolve import Resolver, is_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("example.com", False),
        ("1.2.3", False),
        ("", False),
    ],
)
def test_is_address(text: str, address: bool) -> None:
    assert is_address(text) is address


@pytest.mark.parametrize(
    ("host", "v6", "found"),
    [
        ("192.0.2.1", False, "192.0.2.1"),
        ("localhost", False, "127.0.0.1"),
        ("localhost", True, "::1"),
        ("phone.localhost", False, "127.0.0.1"),
    ],
)
def test_what_needs_no_server(host: str, v6: bool, found: str) -> None:
    assert asyncio.run(Resolver().address(host, v6=v6, now=0.0)) == found


@pytest.mark.parametrize("host", ["a" * 300, "..", "x.." + "y"])
def test_a_name_that_cannot_be_is_the_systems_refusal(host: str) -> None:
    with pytest.raises(SystemRefusal, match="cannot resolve"):
        asyncio.run(Resolver().address(host, v6=False, now=0.0))
