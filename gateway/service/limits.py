"""What the limits of [sip.limits] hold at this moment, and how often each was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.service.commands import LimitStatus
from gateway.sip import Limits


class _Counted(NamedTuple):
    """The counters behind each field of LimitStatus."""

    now: tuple[str, ...]
    refused: tuple[str, ...]
    replaced: tuple[str, ...] = ()


_COUNTERS: Final[Mapping[str, _Counted]] = {
    "message_bytes": _Counted((), ("too_long",)),
    "headers": _Counted((), ("too_many_headers",)),
    "transactions": _Counted(("transactions",), ("overloaded",), ("evicted",)),
    "dialogs": _Counted(("dialogs",), ("too_many_calls",)),
    "connections": _Counted(
        ("tcp_connections", "tls_connections"),
        ("tcp_refused", "tls_refused"),
        ("tcp_evicted", "tls_evicted"),
    ),
    "connections_per_source": _Counted((), ("tcp_crowded", "tls_crowded")),
    "failed_logins": _Counted((), ("auth_slowed",)),
}


def status(limits: Limits, counters: Mapping[str, int]) -> dict[str, LimitStatus]:
    """Each limit by its key."""
    return {
        name: LimitStatus(
            limit=getattr(limits, name),
            now=_sum(counters, counted.now) if counted.now else None,
            refused=_sum(counters, counted.refused),
            replaced=_sum(counters, counted.replaced),
        )
        for name, counted in _COUNTERS.items()
    }


def _sum(counters: Mapping[str, int], names: tuple[str, ...]) -> int:
    return sum(counters.get(name, 0) for name in names)
