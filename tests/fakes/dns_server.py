"""A tiny DNS server on loopback: a dict of records, and names that fail in the ways names fail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL = "SERVFAIL"
SILENCE = "SILENCE"

Zone = Mapping[tuple[str, str], Sequence[str]]


class DnsServer(asyncio.DatagramProtocol):
    """Answers from `zone`: (name without the last dot, kind) -> records as text.

    The record SERVFAIL or SILENCE makes the question fail so. `asked` are the questions that came.
    """

    def __init__(self, zone: Zone, ttl: int = 300) -> None:
        self.zone = dict(zone)
        self.ttl = ttl
        self.asked: list[tuple[str, str]] = []
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    def resolver(self) -> dns.asyncresolver.Resolver:
        """A resolver that asks this server alone."""
        assert self._transport is not None
        made = dns.asyncresolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = self._transport.get_extra_info("sockname")[1]
        return made

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        answer = self._answer(query, name, kind)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer.to_wire(want_shuffle=False), addr)

    def _answer(
        self, query: dns.message.Message, name: str, kind: str
    ) -> dns.message.Message | None:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        while (name, "CNAME") in self.zone and kind != "CNAME":
            (target,) = self.zone[name, "CNAME"]
            self._add(answer, name, "CNAME", [target])
            name = target.rstrip(".")
        records = self.zone.get((name, kind), ())
        if SILENCE in records:
            return None
        if SERVFAIL in records:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            self._add(answer, name, kind, records)
        elif not any(owner == name for owner, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def _add(
        self, answer: dns.message.Message, name: str, kind: str, records: Sequence[str]
    ) -> None:
        absolute = dns.name.from_text(name)
        answer.answer.append(dns.rrset.from_text_list(absolute, self.ttl, "IN", kind, records))
