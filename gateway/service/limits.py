"""What the limits of [sip.limits] hold at this moment, and how often each was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.service.commands import LimitStatus
from gateway.sip import Limits


class _Counted(NamedTuple):
    """The counter that says how much is in use, and those that say how often there was no more."""

    now: str | None
    refused: tuple[str, ...]


_COUNTERS: Final[Mapping[str, _Counted]] = {
    "message_bytes": _Counted(None, ("too_long",)),
    "headers": _Counted(None, ("too_many_headers",)),
    "transactions": _Counted("transactions", ("evicted", "overloaded")),
    "dialogs": _Counted("dialogs", ("dialogs_refused",)),
    "connections": _Counted("connections", ("connections_refused",)),
    "connections_per_source": _Counted(None, ("connections_refused_per_source",)),
    "failed_logins": _Counted(None, ("logins_refused",)),
}


def status(limits: Limits, counters: Mapping[str, int]) -> dict[str, LimitStatus]:
    """Each limit by its key."""
    return {
        name: LimitStatus(
            limit=getattr(limits, name),
            now=None if counted.now is None else counters.get(counted.now, 0),
            refused=sum(counters.get(each, 0) for each in counted.refused),
        )
        for name, counted in _COUNTERS.items()
    }
