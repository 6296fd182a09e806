"""Host names to addresses, without blocking the loop.

A and AAAA only; NAPTR and SRV (RFC 3263) come with outgoing calls. dnspython is imported at the
first name that is not an address: most gateways never need it, and it is large.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from gateway.errors import SystemRefusal

_CACHED: Final = 256
_LIFETIME_S: Final = 4.0  # shorter than SIP's patience of 64*T1, so that a second try still fits


def is_address(host: str) -> bool:
    """Whether `host` is a numeric IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class Resolver:
    """Looks names up through the system's resolvers and keeps answers for their time to live."""

    def __init__(self) -> None:
        self._cache: dict[tuple[str, bool], tuple[float, str]] = {}

    async def address(self, host: str, *, v6: bool, now: float) -> str:
        """One address of `host` in the wanted family. Raises SystemRefusal when there is none."""
        if is_address(host):
            return host
        expires, cached = self._cache.get((host, v6), (0.0, ""))
        if now < expires:
            return cached
        ttl, found = await self._ask(host, "AAAA" if v6 else "A")
        while len(self._cache) >= _CACHED:  # the names come from peers: the oldest one goes
            del self._cache[next(iter(self._cache))]
        self._cache[host, v6] = (now + ttl, found)
        return found

    async def _ask(self, host: str, kind: str) -> tuple[float, str]:
        import dns.asyncresolver  # noqa: PLC0415  (large, seldom needed)
        import dns.exception  # noqa: PLC0415

        if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 6.3
            return 3600.0, "::1" if kind == "AAAA" else "127.0.0.1"
        try:
            answer = await dns.asyncresolver.resolve(host, kind, lifetime=_LIFETIME_S)
        except (dns.exception.DNSException, OSError) as error:
            raise SystemRefusal(f"cannot resolve {host} ({kind}): {error}") from error
        ttl = float(answer.rrset.ttl) if answer.rrset is not None else 60.0
        return ttl, answer[0].to_text()
