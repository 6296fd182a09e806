"""RFC 3263 against a real DNS server on loopback: which flows, in which order, and why none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from gateway.errors import SystemRefusal
from gateway.net.names import Names
from gateway.net.paths import Paths
from gateway.net.resolve import Resolver, is_address
from gateway.sip.wire import Lookup, Target
from tests.fakes.dns_server import SERVFAIL, SILENCE, DnsServer, Zone

T = TypeVar("T")


@dataclass
class Listener:
    """As much of a listener as a path needs."""

    transport: str
    host: str = "0.0.0.0"
    port: int = 5060
    wildcard: bool = True


def rows(table: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The rows of a table; the first column is the name."""
    return [pytest.param(*rest, id=name) for name, *rest in table]


UDP, TCP, TLS = Listener("udp"), Listener("tcp"), Listener("tls", port=5061)
UDP6 = Listener("udp", "::")
ALL = (UDP, TCP, TLS)


def no_names(_: str) -> list[str]:
    return []


def with_dns(
    zone: Zone,
    work: Callable[[Resolver, DnsServer], Awaitable[T]],
    *,
    listeners: tuple[Listener, ...] = ALL,
    chance: float = 0.0,
    local_names: Callable[[str], list[str]] = no_names,
) -> T:
    """Run `work` with a resolver that asks a server of this zone."""

    async def run() -> T:
        async with asyncio.timeout(10), DnsServer(zone) as server:
            names = Names(server.resolver, lifetime_s=0.2, try_s=0.05)
            paths = Paths(listeners)
            resolver = Resolver(paths, names, random=lambda: chance, local_names=local_names)
            return await work(resolver, server)

    return asyncio.run(run())


def flows(
    zone: Zone,
    target: Target,
    *,
    listeners: tuple[Listener, ...] = ALL,
    chance: float = 0.0,
    prefer: str = "",
) -> list[str]:
    """The flows to a target, written as transport:host:port."""

    async def work(resolver: Resolver, _: DnsServer) -> list[str]:
        found = await resolver.flows(Lookup(target, None, prefer), 0.0)
        assert all(flow.local[0] in {"127.0.0.1", "::1"} for flow in found)
        assert all(not flow.accepted for flow in found)
        return [f"{flow.transport}:{flow.remote[0]}:{flow.remote[1]}" for flow in found]

    return with_dns(zone, work, listeners=listeners, chance=chance)


def refusal(zone: Zone, target: Target, **options: tuple[Listener, ...]) -> str:
    with pytest.raises(SystemRefusal) as caught:
        flows(zone, target, **options)  # type: ignore[arg-type]
    return str(caught.value)


# --- RFC 3263 section 4 -------------------------------------------------------------------------

X = "example.com"
HOSTS: Zone = {
    ("a.example.com", "A"): ["127.0.0.2"],
    ("b.example.com", "A"): ["127.0.0.3"],
    ("c.example.com", "A"): ["127.0.0.4"],
    ("six.example.com", "AAAA"): ["::1"],
    ("both.example.com", "A"): ["127.0.0.5"],
    ("both.example.com", "AAAA"): ["::1"],
}
PLAIN: Zone = {**HOSTS, (X, "A"): ["127.0.0.9"]}
SRVS: Zone = {
    **PLAIN,
    ("_sip._udp.example.com", "SRV"): ["20 0 5062 b.example.com.", "10 0 5070 a.example.com."],
    ("_sip._tcp.example.com", "SRV"): ["0 0 5063 c.example.com."],
    ("_sips._tcp.example.com", "SRV"): ["0 0 5064 c.example.com."],
}
NAPTRS: Zone = {
    **SRVS,
    (X, "NAPTR"): [
        '90 50 "s" "SIPS+D2T" "" _sips._tcp.example.com.',
        '50 60 "s" "SIP+D2U" "" _sip._udp.example.com.',
        '50 50 "S" "sip+d2t" "" _sip._tcp.example.com.',
        '10 10 "s" "SIP+D2S" "" _sip._sctp.example.com.',
        '10 10 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .',
    ],
}

ROWS: list[tuple[str, Zone, Target, list[str]]] = [
    ("numeric", {}, Target("127.0.0.2"), ["udp:127.0.0.2:5060"]),
    ("numeric, port", {}, Target("127.0.0.2", 5080), ["udp:127.0.0.2:5080"]),
    ("numeric, tcp", {}, Target("127.0.0.2", None, "tcp"), ["tcp:127.0.0.2:5060"]),
    ("numeric, sips", {}, Target("127.0.0.2", secure=True), ["tls:127.0.0.2:5061"]),
    ("numeric, tls", {}, Target("127.0.0.2", None, "tls"), ["tls:127.0.0.2:5061"]),
    ("port: no NAPTR, no SRV", NAPTRS, Target(X, 5090), ["udp:127.0.0.9:5090"]),
    ("port, sips", NAPTRS, Target(X, 5090, secure=True), ["tls:127.0.0.9:5090"]),
    ("port, tcp", NAPTRS, Target(X, 5090, "tcp"), ["tcp:127.0.0.9:5090"]),
    (
        "NAPTR by order and preference",
        NAPTRS,
        Target(X),
        ["tcp:127.0.0.4:5063", "udp:127.0.0.2:5070", "udp:127.0.0.3:5062", "tls:127.0.0.4:5064"],
    ),
    ("NAPTR, sips", NAPTRS, Target(X, secure=True), ["tls:127.0.0.4:5064"]),
    (
        "NAPTR, sips, of servers that bear another name",
        {
            **NAPTRS,
            (X, "NAPTR"): [
                '10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.',
                '50 50 "s" "SIPS+D2T" "" _sips._tcp.edge.example.net.',
            ],
            ("_sips._tcp.edge.example.net", "SRV"): ["0 0 5071 a.example.com."],
        },
        Target(X, secure=True),
        ["tls:127.0.0.2:5071"],
    ),
    (
        "NAPTR, sips, without a word of TLS",
        {**SRVS, (X, "NAPTR"): ['10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.']},
        Target(X, secure=True),
        ["tls:127.0.0.4:5064"],
    ),
    (
        "the owner's transport wins over NAPTR",
        NAPTRS,
        Target(X, None, "udp"),
        ["udp:127.0.0.2:5070", "udp:127.0.0.3:5062"],
    ),
    (
        "sips wins over tcp",
        NAPTRS,
        Target(X, None, "tcp", True),
        ["tls:127.0.0.4:5064"],
    ),
    (
        "SRV without NAPTR",
        SRVS,
        Target(X),
        ["udp:127.0.0.2:5070", "udp:127.0.0.3:5062", "tcp:127.0.0.4:5063", "tls:127.0.0.4:5064"],
    ),
    ("no SRV", PLAIN, Target(X), ["udp:127.0.0.9:5060"]),
    ("no SRV, sips", PLAIN, Target(X, secure=True), ["tls:127.0.0.9:5061"]),
    ("no SRV, tcp", PLAIN, Target(X, None, "tcp"), ["tcp:127.0.0.9:5060"]),
    ("a dot at the end", PLAIN, Target(X + "."), ["udp:127.0.0.9:5060"]),
    (
        "several addresses",
        {(X, "A"): ["127.0.0.2", "127.0.0.3"]},
        Target(X),
        ["udp:127.0.0.2:5060", "udp:127.0.0.3:5060"],
    ),
    (
        "an alias",
        {(X, "CNAME"): ["a.example.com."], **HOSTS},
        Target(X),
        ["udp:127.0.0.2:5060"],
    ),
    (
        "NAPTR of flag a",
        {**HOSTS, (X, "NAPTR"): ['1 1 "a" "SIP+D2T" "" b.example.com.']},
        Target(X),
        ["tcp:127.0.0.3:5060"],
    ),
    (
        "NAPTR that leads nowhere",
        {**PLAIN, (X, "NAPTR"): ['1 1 "s" "SIP+D2U" "" _gone.example.com.']},
        Target(X),
        ["udp:127.0.0.9:5060"],
    ),
    (
        "NAPTR is a failure of the server",
        {**SRVS, (X, "NAPTR"): [SERVFAIL]},
        Target(X, None, None),
        ["udp:127.0.0.2:5070", "udp:127.0.0.3:5062", "tcp:127.0.0.4:5063", "tls:127.0.0.4:5064"],
    ),
    (
        "NAPTR is not answered at all",
        {**PLAIN, (X, "NAPTR"): [SILENCE]},
        Target(X),
        ["udp:127.0.0.9:5060"],
    ),
    (
        "one bad target does not hide the others",
        {
            **HOSTS,
            ("_sip._udp.example.com", "SRV"): [
                "1 0 5060 gone.example.com.",
                "2 0 5060 silent.example.com.",
                "3 0 5060 a.example.com.",
            ],
            ("silent.example.com", "A"): [SILENCE],
        },
        Target(X),
        ["udp:127.0.0.2:5060"],
    ),
    (
        "one service is not to be had",
        {**SRVS, ("_sip._udp.example.com", "SRV"): ["0 0 0 ."]},
        Target(X),
        ["tcp:127.0.0.4:5063", "tls:127.0.0.4:5064"],
    ),
]


@pytest.mark.parametrize(("zone", "target", "expected"), rows(ROWS))
def test_where_a_target_leads(zone: Zone, target: Target, expected: list[str]) -> None:
    assert flows(zone, target) == expected


FAMILIES: list[tuple[str, str, tuple[Listener, ...], str, list[str]]] = [
    ("both", "both", (UDP, UDP6), "", ["udp:::1:5060", "udp:127.0.0.5:5060"]),
    (
        "the preferred family first",
        "both",
        (UDP, UDP6),
        "127.0.0.1",
        ["udp:127.0.0.5:5060", "udp:::1:5060"],
    ),
    ("only IPv4 listens", "both", (UDP,), "", ["udp:127.0.0.5:5060"]),
    ("only IPv6 listens", "both", (UDP6,), "", ["udp:::1:5060"]),
    ("only AAAA", "six", (UDP, UDP6), "", ["udp:::1:5060"]),
]


@pytest.mark.parametrize(
    ("name", "listeners", "prefer", "expected"),
    rows(FAMILIES),
)
def test_families(
    name: str, listeners: tuple[Listener, ...], prefer: str, expected: list[str]
) -> None:
    target = Target(f"{name}.example.com")
    assert flows(HOSTS, target, listeners=listeners, prefer=prefer) == expected


@pytest.mark.parametrize(
    ("listeners", "expected"),
    [
        ((UDP,), ["udp:127.0.0.2:5070", "udp:127.0.0.3:5062"]),
        ((TLS,), ["tls:127.0.0.4:5064"]),
        ((), ["tcp:127.0.0.4:5063", "tls:127.0.0.4:5064"]),
    ],
)
def test_services_that_we_do_not_have_are_skipped(
    listeners: tuple[Listener, ...], expected: list[str]
) -> None:
    assert flows(NAPTRS, Target(X), listeners=listeners) == expected
    assert flows(SRVS, Target(X), listeners=listeners) == expected


def every(failure: str) -> Zone:
    return {(X, kind): [failure] for kind in ("A", "AAAA", "NAPTR")}


REFUSED: list[tuple[str, Zone, Target, str]] = [
    ("no such name", {(X, "A"): ["127.0.0.9"]}, Target("gone.example.com"), "does not exist"),
    ("no address", {(X, "TXT"): ['"x"']}, Target(X), "has no A record"),
    (
        "SERVFAIL",
        every(SERVFAIL),
        Target(X),
        "no DNS server",
    ),
    (
        "silence",
        every(SILENCE),
        Target(X),
        "no DNS server",
    ),
    ("a label too long", {}, Target("a" * 64 + ".com"), "no name that DNS could have"),
    ("a name too long", {}, Target("a." * 130 + "com"), "no name that DNS could have"),
    ("no label", {}, Target(".."), "no name that DNS could have"),
    (
        "not to be had",
        {**PLAIN, ("_sip._udp.example.com", "SRV"): ["0 0 0 ."]},
        Target(X),
        "not to be had",
    ),
    ("a family that we have not", HOSTS, Target("six.example.com"), "none of our addresses"),
    ("numeric, family", {}, Target("[::1]"), "none of our addresses leads to ::1"),
    ("another transport", {}, Target(X, None, "sctp"), "no SIP over sctp"),
]


@pytest.mark.parametrize(("zone", "target", "words"), rows(REFUSED))
def test_why_there_is_no_way(zone: Zone, target: Target, words: str) -> None:
    assert words in refusal(zone, target, listeners=(UDP,))


@pytest.mark.parametrize(
    ("chance", "first"), [(0.0, "127.0.0.2"), (0.3, "127.0.0.3"), (0.99, "127.0.0.4")]
)
def test_weights(chance: float, first: str) -> None:
    records = ["0 1 1 a.example.com.", "0 3 1 b.example.com.", "0 6 1 c.example.com."]
    zone = {**HOSTS, ("_sip._udp.example.com", "SRV"): records}
    assert flows(zone, Target(X), chance=chance)[0] == f"udp:{first}:1"


def test_the_certificate_must_be_for_the_domain() -> None:
    async def work(resolver: Resolver, _: DnsServer) -> list[str]:
        found = await resolver.flows(Lookup(Target(X + ".", secure=True), None), 0.0)
        return [flow.name for flow in found]

    assert with_dns(SRVS, work) == [X]


@pytest.mark.parametrize(
    ("host", "v6", "found"),
    [("localhost", False, "127.0.0.1"), ("phone.localhost", True, "::1"), ("[::1]", True, "::1")],
)
def test_what_needs_no_server(host: str, v6: bool, found: str) -> None:
    assert asyncio.run(Resolver().address(host, v6=v6, now=0.0)) == found


def test_names_of_this_machine_ask_nobody() -> None:
    async def work(resolver: Resolver, server: DnsServer) -> list[tuple[str, str]]:
        found = await resolver.flows(Lookup(Target("pbx"), None), 0.0)
        assert [flow.remote for flow in found] == [("127.0.0.77", 5060)]
        return server.asked

    local = {"pbx": ["127.0.0.77"]}
    assert with_dns({}, work, local_names=lambda name: local.get(name, [])) == []


def test_one_address_for_a_public_name() -> None:
    async def work(resolver: Resolver, _: DnsServer) -> str:
        return await resolver.address("both.example.com", v6=False, now=0.0)

    assert with_dns(HOSTS, work) == "127.0.0.5"
    with pytest.raises(SystemRefusal, match="cannot resolve six"):
        with_dns(HOSTS, lambda r, _: r.address("six.example.com", v6=False, now=0.0))


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
