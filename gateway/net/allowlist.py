"""Which source addresses are answered at all: networks, and named, dated lists of them.

Everything outside gets not one byte, so this is asked for every datagram: the networks are merged
into sorted ranges once, and a question is one address conversion and one binary search.
"""

from __future__ import annotations

import socket
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import TypeAlias

from gateway.errors import ConfigError

Network: TypeAlias = IPv4Network | IPv6Network

LISTS_FOLDER = Path(__file__).parent / "lists"
LAN = "lan"
"""The name of the one list that is no file: the subnets this machine is connected to."""

_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2: ::ffff:0:0/96 carries IPv4


@dataclass(frozen=True, slots=True)
class NamedList:
    """A published set of networks, as it was at `date` (year-month)."""

    name: str
    date: str
    source: str
    networks: tuple[str, ...]


def list_names(folder: Path = LISTS_FOLDER) -> tuple[str, ...]:
    """The names that `allow_from` may use beside networks, `lan` included."""
    return (LAN, *sorted(file.stem for file in folder.glob("*.toml")))


def read_list(name: str, folder: Path = LISTS_FOLDER) -> NamedList:
    """The named list from its dated file; ConfigError when there is none or it is broken."""
    file = folder / f"{name}.toml"
    if file not in folder.glob("*.toml"):
        raise ConfigError(f"no list is named {name!r}; there are: {', '.join(list_names(folder))}")
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        networks = tuple(text for part in data["networks"].values() for text in part)
        for text in networks:
            parse_network(text)
        return NamedList(data["name"], data["date"], data["source"], networks)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ConfigError(f"{file}: not a list of networks: {error}") from error


def parse_network(text: str) -> Network:
    """A network in CIDR form, or one address; ConfigError says what is wrong."""
    try:
        network = ip_network(text)
    except ValueError:
        raise ConfigError(_why_no_network(text)) from None
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        packed = network.network_address.packed
        if packed.startswith(_MAPPED):
            return IPv4Network((packed[12:], network.prefixlen - 96))
    return network


def _why_no_network(text: str) -> str:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        return f"{text!r} is neither a network (as 192.0.2.0/24) nor an address"
    return f"{text!r} has bits set behind its prefix length; the network is {meant}"


class AllowList:
    """The addresses that `allow_from` covers. Immutable: a reload makes a new one.

    `entries` are networks, addresses and names; `connected` are the networks that `lan` stands for.
    Raises ConfigError for an entry that is none of them.
    """

    def __init__(
        self,
        entries: Iterable[str],
        *,
        connected: Iterable[str] = (),
        folder: Path = LISTS_FOLDER,
    ) -> None:
        named: Mapping[str, Iterable[str]] = {LAN: tuple(connected)}
        networks = [
            parse_network(text) for entry in entries for text in _expand(entry, named, folder)
        ]
        self._v4 = _Ranges(n for n in networks if isinstance(n, IPv4Network))
        self._v6 = _Ranges(n for n in networks if isinstance(n, IPv6Network))

    def contains(self, address: str) -> bool:
        """Is this address, as a socket reports it, inside? Anything else is outside."""
        try:
            if ":" not in address:
                return self._v4.holds(socket.inet_pton(socket.AF_INET, address))
            packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
        except (OSError, ValueError):
            return False
        if packed.startswith(_MAPPED):
            return self._v4.holds(packed[12:])
        return self._v6.holds(packed)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks covered, merged and in order, in CIDR form."""
        return (*self._v4.texts, *self._v6.texts)


def _expand(entry: str, named: Mapping[str, Iterable[str]], folder: Path) -> Iterable[str]:
    if entry in named:
        return named[entry]
    if entry[:1].isalpha() and ":" not in entry:
        return read_list(entry, folder).networks
    return (entry,)


class _Ranges:
    """Networks of one family as sorted, disjoint ranges of packed addresses (bytes sort right)."""

    def __init__(self, networks: Iterable[Network]) -> None:
        merged = list(collapse_addresses(networks))  # type: ignore[type-var]
        self.texts = tuple(str(network) for network in merged)
        self._first = [network.network_address.packed for network in merged]
        self._last = [network.broadcast_address.packed for network in merged]

    def holds(self, packed: bytes) -> bool:
        index = bisect_right(self._first, packed)
        return index > 0 and packed <= self._last[index - 1]
