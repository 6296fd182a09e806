"""DNS records through dnspython, kept for their time to live.

dnspython is imported at the first name that needs it: many gateways never do, and it is large. When
no server answers, what is known from before serves on (RFC 8767): a registration must not end
because DNS does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gateway.errors import SystemRefusal
from gateway.net.srv import Srv

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as DnsResolver

_KEPT: Final = 512
_LIFETIME_S: Final = 3.0  # two rounds of questions fit well into SIP's patience of 32 s
_TRY_S: Final = 1.0
_TTL_S: Final = (5.0, 86400.0)  # bounds of what a record may ask for
_ABSENT_S: Final = 30.0
_SILENT_S: Final = 5.0
_CONFIGURATION: Final = Path("/etc/resolv.conf")


class Naptr(NamedTuple):
    """One NAPTR record (RFC 3403), as far as SIP looks at it."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


Record = str | Srv | Naptr


class Answer(NamedTuple):
    """Records, or none and why. Good until `expires`; `silent`: no server answered."""

    expires: float
    records: tuple[Record, ...]
    why: str = ""
    silent: bool = False


_READ: Mapping[str, Callable[[Any], Record]] = {
    "A": lambda record: str(record.address),
    "AAAA": lambda record: str(record.address),
    "SRV": lambda record: Srv(record.priority, record.weight, record.port, _dotless(record.target)),
    "NAPTR": lambda record: Naptr(
        record.order,
        record.preference,
        record.flags.decode("ascii", "replace").lower(),
        record.service.decode("ascii", "replace").upper(),
        _dotless(record.replacement),
    ),
}


def system_resolver() -> DnsResolver:
    """dnspython's resolver with the servers of /etc/resolv.conf. Raises SystemRefusal."""
    import dns.asyncresolver  # noqa: PLC0415
    import dns.exception  # noqa: PLC0415

    try:
        return dns.asyncresolver.Resolver()
    except (dns.exception.DNSException, OSError) as error:
        raise SystemRefusal(f"no DNS server is configured: {error}") from error


class Names:
    """Asks DNS. `make` gives the resolver, anew when /etc/resolv.conf has changed."""

    def __init__(
        self,
        make: Callable[[], DnsResolver] = system_resolver,
        *,
        lifetime_s: float = _LIFETIME_S,
        try_s: float = _TRY_S,
    ) -> None:
        self._make = make
        self._lifetime = lifetime_s
        self._try = try_s
        self._resolver: DnsResolver | None = None
        self._configured = -1
        self._cache: dict[tuple[str, str], Answer] = {}

    async def ask(self, name: str, kind: str, now: float) -> Answer:
        """The records of `name`; `kind` is "A", "AAAA", "SRV" or "NAPTR". Never raises."""
        key = (name.lower(), kind)
        kept = self._cache.pop(key, None)
        if kept is not None and now < kept.expires:
            self._cache[key] = kept
            return kept
        answer = await self._query(name, kind, now)
        if answer.silent and kept is not None and kept.records:
            answer = kept._replace(expires=answer.expires)
        while len(self._cache) >= _KEPT:  # some names come from peers: the oldest one goes
            del self._cache[next(iter(self._cache))]
        self._cache[key] = answer
        return answer

    async def _query(self, name: str, kind: str, now: float) -> Answer:
        import dns.exception  # noqa: PLC0415
        import dns.resolver  # noqa: PLC0415

        try:
            found = await self._asked().resolve(name, kind, lifetime=self._lifetime, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(now + _ABSENT_S, (), f"{name} does not exist")
        except dns.resolver.NoAnswer:
            return Answer(now + _ABSENT_S, (), f"{name} has no {kind} record")
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError):
            return Answer(now + _SILENT_S, (), f"no DNS server told {name} ({kind})", silent=True)
        except (dns.exception.DNSException, ValueError) as error:
            return Answer(
                now + _ABSENT_S, (), f"{name[:80]} is no name that DNS could have: {error}"
            )
        lowest, highest = _TTL_S
        ttl = min(max(found.chaining_result.minimum_ttl, lowest), highest)
        return Answer(now + ttl, tuple(_READ[kind](record) for record in found))

    def _asked(self) -> DnsResolver:
        try:
            changed = _CONFIGURATION.stat().st_mtime_ns
        except OSError:
            changed = 0
        if self._resolver is None or changed != self._configured:
            self._resolver = self._make()
            self._resolver.timeout = self._try
            self._configured = changed
        return self._resolver


def _dotless(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True))
