"""`lan`, from the kernel's tables as text."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from gateway.service.subnets import connected_subnets, parse_addresses, parse_routes

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wlan0\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
tun0\t0000A8C0\t0102A8C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
down0\t0000FE0A\t00000000\t0000\t0\t0\t0\t0000FFFF\t0\t0\t0
"""

ADDRESSES = """\
00000000000000000000000000000001 01 80 10 80       lo
fe800000000000000000000000000001 02 40 20 80     eth0
20010db8000000000000000000000005 02 40 00 80     eth0
"""


def test_what_is_reached_without_a_gateway() -> None:
    assert parse_routes(ROUTES) == ["10.0.0.0/16", "192.168.2.0/24"]
    assert parse_addresses(ADDRESSES) == ["2001:db8::/64", "fe80::/64"]


def test_tables_that_are_not_there(tmp_path: Path) -> None:
    assert connected_subnets(tmp_path / "none", tmp_path / "none") == []


def test_this_machine() -> None:
    assert all(ip_network(text) for text in connected_subnets())
