"""Finished calls to read again: from the journal where there is one, else from memory.

The last few hundred stay in memory in any case. The newest are there before the journal's writer
has passed them on, so both are merged.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from gateway.service.call_record import (
    CallRecord,
    Digits,
    Packets,
    decoded,
    headers_by_name,
    write_record,
)
from gateway.service.journal import Message
from gateway.service.journal_sinks import IDENTIFIER, has_journal
from gateway.service.since import parse_rfc3339, parse_since

__all__ = [
    "CallRecord",
    "Digits",
    "Packets",
    "RecordStore",
    "decoded",
    "headers_by_name",
    "read_journal",
    "write_record",
]

LIMIT: Final = 300
MOST: Final = 100_000  # records that one question may bring, however far back it goes

ReadBack = Callable[[float | None, int], list[CallRecord]]


class RecordStore:
    """Keeps records and finds them again.

    `read_back` gives the newest records of earlier processes too: by default the journal's, if
    this process's records go there, else none.
    """

    def __init__(self, limit: int = LIMIT, read_back: ReadBack | None = None) -> None:
        self._records: deque[bytes] = deque(maxlen=limit)  # as JSON, a third of the objects' size
        self._limit = limit
        if read_back is None and has_journal():
            read_back = read_journal
        self._read_back = read_back

    def add(self, record: CallRecord) -> None:
        """Keep a finished call."""
        self._records.append(msgspec.json.encode(record))

    async def read(self, since: str | None = None) -> list[CallRecord]:
        """Calls that ended at or after `since`, oldest first. UsageError when that is no time."""
        after = None if since is None else parse_since(since, time.time())
        found = {}
        if self._read_back is not None:
            older = await asyncio.to_thread(self._read_back, after, self._limit)
            found = {_name(record): record for record in older}
        kept = [msgspec.json.decode(record, type=CallRecord) for record in self._records]
        found.update({_name(record): record for record in kept})
        wanted = (record for record in found.values() if _ended(record) >= (after or 0.0))
        return sorted(wanted, key=_ended)


def read_journal(since: float | None, limit: int) -> list[CallRecord]:
    """Records that our own user wrote: all since a time, else the newest `limit`. Blocks."""
    # Only where records are read back:
    from systemd.journal import LOCAL_ONLY, Reader  # noqa: PLC0415

    with Reader(LOCAL_ONLY) as reader:
        reader.add_match(
            MESSAGE_ID=Message.CALL_RECORD.id, SYSLOG_IDENTIFIER=IDENTIFIER, _UID=str(os.getuid())
        )
        reader.seek_tail()
        entries = _backwards(reader, since, limit)
        return [record for entry in entries if (record := _decode(entry)) is not None]


def _backwards(reader: Any, since: float | None, limit: int) -> Iterable[Mapping[str, Any]]:
    """Entries from the newest on; a record is written just after the end that it tells of."""
    for _ in range(limit if since is None else MOST):
        entry = reader.get_previous()
        if not entry or (since and entry["__REALTIME_TIMESTAMP"].timestamp() < since):
            return
        yield entry


def _decode(entry: Mapping[str, Any]) -> CallRecord | None:
    """The record in a journal entry; None for one that another version wrote differently."""
    try:
        return msgspec.json.decode(entry.get("CALL_RECORD", ""), type=CallRecord)
    except (msgspec.MsgspecError, TypeError):
        return None


def _name(record: CallRecord) -> tuple[str, str]:
    """Short names are unique among the calls of a day, not of a journal's years."""
    return record.call, record.start


def _ended(record: CallRecord) -> float:
    return parse_rfc3339(record.end)
