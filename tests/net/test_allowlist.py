"""Which addresses are inside, by rows."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.net.allowlist import AllowList, list_names, parse_network, read_list

TWILIO_EDGES = (
    "54.172.60.0",
    "54.244.51.0",
    "54.171.127.192",
    "35.156.191.128",
    "54.65.63.192",
    "54.169.127.128",
    "54.252.254.64",
    "177.71.206.192",
)


@pytest.mark.parametrize(
    ("entries", "address", "inside"),
    [
        (["192.0.2.0/24"], "192.0.2.0", True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.0/24"], "192.0.1.255", False),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["0.0.0.0/0"], "255.255.255.255", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["::/0"], "2001:db8::1", True),
        (["2001:db8::/32"], "2001:db8:ffff::", True),
        (["2001:db8::/32"], "2001:db9::", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["::ffff:192.0.2.0/120"], "192.0.2.9", True),
        (["192.0.2.0/25", "192.0.2.128/25"], "192.0.2.200", True),
        (["twilio-media"], "168.86.191.255", True),
        (["twilio-media"], "168.86.192.0", False),
        (["lan"], "10.1.2.3", True),
        (["lan"], "10.2.2.3", False),
        ([], "127.0.0.1", False),
        (["127.0.0.0/8"], "", False),
        (["127.0.0.0/8"], "127.1", False),
        (["127.0.0.0/8"], "localhost", False),
        (["::/0"], "not:an:address", False),
        (["127.0.0.0/8"], "127.0.0.1\0", False),
    ],
)
def test_contains(entries: list[str], address: str, inside: bool) -> None:
    assert AllowList(entries, connected=["10.1.0.0/16"]).contains(address) is inside


@pytest.mark.parametrize("edge", TWILIO_EDGES)
def test_the_twilio_list_is_the_four_addresses_of_each_edge(edge: str) -> None:
    allow = AllowList(["twilio"])
    first = int(ip_address(edge))
    inside = [allow.contains(str(ip_address(first + step))) for step in range(-1, 5)]
    assert inside == [False, True, True, True, True, False]


def test_every_shipped_list_is_dated_and_says_where_it_is_from() -> None:
    for name in list_names():
        if name == "lan":
            continue
        found = read_list(name)
        assert found.name == name
        assert datetime.strptime(found.date, "%Y-%m")
        assert found.source.startswith("https://")
        assert found.networks


def test_networks_are_merged() -> None:
    allow = AllowList(["192.0.2.128/25", "192.0.2.0/25", "192.0.2.4", "::1"])
    assert allow.networks == ("192.0.2.0/24", "::1/128")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("192.0.2.1/24", "the network is 192.0.2.0/24"),
        ("300.1.1.1", "neither a network"),
        ("", "neither a network"),
        ("twillio", "there are: lan, twilio, twilio-media"),
        ("../lists/twilio", "neither a network"),
        ("a/../twilio", "no list is named"),
    ],
)
def test_a_bad_entry_says_what_is_wrong(entry: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AllowList([entry])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["networks = 5", "name = 'x'", "[networks]\nall = ['nonsense']", "= 1", "[networks]\nall = 7"],
)
def test_a_broken_list_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        read_list("mine", tmp_path)


@given(
    st.lists(st.ip_addresses(v=4).map(str), max_size=8),
    st.integers(8, 32),
    st.ip_addresses(v=4).map(str),
)
def test_the_search_agrees_with_looking_at_every_network(
    bases: list[str], prefix: int, address: str
) -> None:
    from ipaddress import ip_network

    networks = [ip_network(f"{base}/{prefix}", strict=False) for base in bases]
    expected = any(ip_address(address) in network for network in networks)
    assert AllowList(map(str, networks)).contains(address) is expected
    assert all(parse_network(str(network)) == network for network in networks)
