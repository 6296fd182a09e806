"""The subnets this machine is connected to: what `lan` stands for in `allow_from`.

Read from the kernel's own tables, so that no helper program or library is needed. Loopback is not
among them: whoever means it writes 127.0.0.0/8.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

ROUTES = Path("/proc/net/route")
ADDRESSES_V6 = Path("/proc/net/if_inet6")

_FLAG_UP = 0x1
_FLAG_GATEWAY = 0x2


def connected_subnets(routes: Path = ROUTES, addresses: Path = ADDRESSES_V6) -> list[str]:
    """Networks in CIDR form, reachable without a gateway at this moment."""
    return [*parse_routes(_read(routes)), *parse_addresses(_read(addresses))]


def parse_routes(text: str) -> list[str]:
    """The directly connected networks of /proc/net/route (addresses in host byte order, hex)."""
    networks = []
    for line in text.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 8:
            continue
        destination, flags, mask = columns[1], int(columns[3], 16), columns[7]
        if flags & _FLAG_UP and not flags & _FLAG_GATEWAY and int(mask, 16):
            network = IPv4Network(
                (_address(destination), int.from_bytes(_address(mask)).bit_count())
            )
            networks.append(str(network))
    return sorted(set(networks))


def parse_addresses(text: str) -> list[str]:
    """The networks of /proc/net/if_inet6: address, index, prefix length, scope, flags, name."""
    networks = []
    for line in text.splitlines():
        columns = line.split()
        if len(columns) == 6 and columns[5] != "lo":
            packed = bytes.fromhex(columns[0])
            networks.append(str(IPv6Network((packed, int(columns[2], 16)), strict=False)))
    return sorted(set(networks))


def _address(word: str) -> bytes:
    return int(word, 16).to_bytes(4, sys.byteorder)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""  # no such table: no IPv6, or not Linux's /proc
