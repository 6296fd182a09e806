"""Addresses between Python's `(host, port)` and the engine's tr_address."""

from __future__ import annotations

import ipaddress
from typing import Any

from gateway.media.lib import ffi


def fill(raw: Any, address: tuple[str, int]) -> None:
    """Write a numeric `(host, port)` into a tr_address. Raises ValueError for a host name."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    raw.family = host.version
    raw.port = address[1]
    ffi.memmove(raw.host, host.packed, len(host.packed))


def fill_network(raw: Any, cidr: str) -> None:
    """Write a network such as `168.86.128.0/18` into a tr_address. Raises ValueError."""
    network = ipaddress.ip_network(cidr, strict=False)
    raw.family = network.version
    raw.prefix = network.prefixlen
    ffi.memmove(raw.host, network.network_address.packed, network.max_prefixlen // 8)


def read(raw: Any) -> tuple[str, int]:
    """The `(host, port)` of a tr_address."""
    size = 4 if raw.family == 4 else 16
    return str(ipaddress.ip_address(bytes(ffi.buffer(raw.host, size)))), raw.port
