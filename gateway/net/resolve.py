"""From a SIP target to the flows that lead there, best first (RFC 3263 section 4).

What is said plainly comes first: a numeric address, a port, a transport. What is left open DNS
decides: NAPTR which transport, SRV which hosts in which order, A and AAAA their addresses. Every
result of every step is kept in order, so that who comes next after a failure is known (section
4.3).
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from gateway.errors import SystemRefusal
from gateway.net.hosts import known_here
from gateway.net.names import Answer, Names, Naptr
from gateway.net.paths import DEFAULT_PORT, Paths
from gateway.net.srv import Srv, in_order
from gateway.sip import Flow
from gateway.sip.wire import Lookup, Target

_MAX_FLOWS: Final = 16
_SERVICES: Final = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
_SRV_NAMES: Final = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}
_DIALLED: Final = ("tcp", "tls")  # possible without a listener of our own
_chance: Final = secrets.SystemRandom().random


class Hop(NamedTuple):
    """A server, before its name is an address."""

    transport: str
    host: str
    port: int


def is_address(host: str) -> bool:
    """Whether `host` is a numeric IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class Resolver:
    """Looks targets up. `random` (0 to below 1) draws among SRV weights."""

    def __init__(
        self,
        paths: Paths | None = None,
        names: Names | None = None,
        *,
        random: Callable[[], float] = _chance,
        local_names: Callable[[str], list[str]] = known_here,
    ) -> None:
        self._paths = paths or Paths(())
        self._names = names or Names()
        self._random = random
        self._local_names = local_names

    async def address(self, host: str, *, v6: bool, now: float) -> str:
        """One address of `host` in the wanted family. Raises SystemRefusal when there is none."""
        host = _bare(host)
        if is_address(host):
            return host
        found, why = await self._addresses(host, ("AAAA" if v6 else "A",), now)
        for address in found:
            if (":" in address) == v6:
                return address
        raise SystemRefusal(f"cannot resolve {host}: {why or 'no address of the wanted family'}")

    async def flows(self, lookup: Lookup, now: float) -> list[Flow]:
        """The flows to a target, best first. Raises SystemRefusal when there is none."""
        target = lookup.target._replace(host=_bare(lookup.target.host))
        if target.transport is not None and target.transport not in DEFAULT_PORT:
            raise SystemRefusal(
                f"cannot reach {target.host}: there is no SIP over {target.transport}"
            )
        search = Search(self._names, self._paths.transports, self._random, now)
        known = is_address(target.host) or bool(self._local_names(target.host))
        hops = await search.hops(target, known=known)
        kinds = ("AAAA", "A")
        tables = await asyncio.gather(*(self._addresses(hop.host, kinds, now) for hop in hops))
        flows: list[Flow] = []
        for hop, (addresses, why) in zip(hops, tables, strict=True):
            found = self._flows(hop, addresses, target.host, lookup.prefer)
            flows += found
            if not found:
                search.note(
                    why or f"none of our addresses leads to {addresses[0]} ({hop.transport})"
                )
        if not flows:
            raise SystemRefusal(f"cannot reach {target.host}: {search.reason}")
        return list(dict.fromkeys(flows))[:_MAX_FLOWS]

    async def _addresses(
        self, host: str, kinds: Sequence[str], now: float
    ) -> tuple[list[str], str]:
        """Addresses of a name, and why there are none."""
        found = [host] if is_address(host) else self._local_names(host)
        if found:
            return found, ""
        answers = await asyncio.gather(*(self._names.ask(host, kind, now) for kind in kinds))
        records = [record for answer in answers for record in answer.records]
        why = "" if records else answers[-1].why
        return [record for record in records if isinstance(record, str)], why

    def _flows(self, hop: Hop, addresses: list[str], domain: str, prefer: str) -> list[Flow]:
        """One for each address that something of ours leads to.

        Families that we listen in come first; beside that IPv6 does (RFC 6724 section 2.1).
        """
        # RFC 5922 section 4: the certificate is for the domain asked for, wherever SRV led.
        name = domain.rstrip(".") if hop.transport == "tls" else ""
        paths = self._paths
        v4 = bool(prefer) and ":" not in prefer
        order = sorted(addresses, key=lambda a: (not paths.listens_like(a), v4 == (":" in a)))
        ends = [(each, paths.local(hop.transport, each, prefer)) for each in order]
        return [
            Flow(hop.transport, local, (address, hop.port), name)
            for address, local in ends
            if local is not None
        ]


def _bare(host: str) -> str:
    """An IPv6 address without the brackets that it has in a URI."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


class Search:
    """One walk through NAPTR and SRV. `reason` says why it led nowhere."""

    def __init__(
        self, names: Names, listened: frozenset[str], random: Callable[[], float], now: float
    ) -> None:
        self._names = names
        self._listened = listened
        self._random = random
        self._now = now
        self.reason = "it has no server that we could use"

    def note(self, why: str) -> None:
        """Remember why something was not found."""
        self.reason = why

    async def hops(self, target: Target, *, known: bool) -> list[Hop]:
        """The servers of a target; `known`: its name is an address, or this machine's own."""
        plain = target.plain_transport
        if known or target.port is not None:
            return [Hop(plain, target.host, target.port or DEFAULT_PORT[plain])]
        if target.transport is not None:
            served, hops = await self._service(plain, _SRV_NAMES[plain] + target.host)
        else:
            # Section 4.1: for a sips URI every service without "SIPS" is passed over.
            able = ("tls",) if target.secure else tuple(_SRV_NAMES)
            served, hops = await self._discover(target.host, able)
        if served:
            return hops
        return [Hop(plain, target.host, DEFAULT_PORT[plain])]

    async def _discover(self, host: str, able: Sequence[str]) -> tuple[bool, list[Hop]]:
        """NAPTR, and SRV without NAPTR, asked at once: most domains have only the latter.

        `able` are the transports that will do.
        """
        naptr, services = await asyncio.gather(
            self._names.ask(host, "NAPTR", self._now),
            asyncio.gather(*(self._service(each, _SRV_NAMES[each] + host) for each in able)),
        )
        chosen = self._chosen(naptr, able)
        replaced = await asyncio.gather(*(self._replaced(each) for each in chosen))
        hops = [hop for found in replaced for hop in found]
        if hops:
            return True, hops
        offered = {each: found for each, found in zip(able, services, strict=True) if found[0]}
        usable = self._usable(list(offered))
        return bool(offered), [hop for each in usable for hop in offered[each][1]]

    def _chosen(self, answer: Answer, able: Sequence[str]) -> list[Naptr]:
        """Section 4.1: in order, without the services that we do not have."""
        records = sorted(r for r in answer.records if isinstance(r, Naptr))
        served = [r for r in records if r.flags in {"s", "a"}]
        fitting = [r for r in served if _SERVICES.get(r.service) in able]
        usable = self._usable([_SERVICES[r.service] for r in fitting])
        return [r for r in fitting if _SERVICES[r.service] in usable]

    def _usable(self, transports: list[str]) -> list[str]:
        """Transports that we listen on, else those that we can dial; the order stays."""
        listened = [each for each in transports if each in self._listened]
        return listened or [each for each in transports if each in _DIALLED]

    async def _replaced(self, record: Naptr) -> list[Hop]:
        transport = _SERVICES[record.service]
        if record.flags == "a":
            return [Hop(transport, record.replacement, DEFAULT_PORT[transport])]
        return (await self._service(transport, record.replacement))[1]

    async def _service(self, transport: str, name: str) -> tuple[bool, list[Hop]]:
        """Whether there are SRV records at all, and their hosts in order.

        RFC 2782: the target "." says that the service is decidedly not to be had.
        """
        answer = await self._names.ask(name, "SRV", self._now)
        records = [record for record in answer.records if isinstance(record, Srv)]
        real = [record for record in records if record.target != "."]
        if records and not real:
            self.note(f"{name} says that it is not to be had")
        ordered = in_order(real, self._random)
        return bool(records), [Hop(transport, each.target, each.port) for each in ordered]
