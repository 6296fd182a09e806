"""The journal as the loop thread sees it: one call that never waits.

Records go through a queue to a writer thread. When journald or the terminal is slower than we are,
ordinary records are dropped and counted; a record marked `durable` (a finished call) never is.
"""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from types import TracebackType
from typing import Final

from gateway.service.journal_sinks import Sink, choose_sink
from gateway.service.messages import Message, Priority
from gateway.service.text import one_line

__all__ = ["Journal", "Message", "Priority", "open_journal"]

CAPACITY: Final = 4096
_FLUSH_S: Final = 2.0


class Journal:
    """Writes structured records. Start it before the first call; close it to flush.

    `level`: records less urgent than this are not written. `capacity`: ordinary records that may
    wait for the writer.
    """

    def __init__(
        self,
        sink: Sink | None = None,
        *,
        level: Priority = Priority.INFO,
        capacity: int = CAPACITY,
    ) -> None:
        self._sink = sink if sink is not None else choose_sink()
        self._level = level
        self._capacity = capacity
        self._queue: SimpleQueue[dict[str, str] | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._dropped = 0
        self._reported = 0
        self.failures = 0

    @property
    def dropped(self) -> int:
        """Records dropped since the start, those already reported included."""
        return self._dropped

    def start(self) -> None:
        """Start the writer thread."""
        self._writer.start()

    def close(self) -> None:
        """Write what is queued (for two seconds at most) and end the thread. Idempotent."""
        self._queue.put(None)
        if self._writer.is_alive():
            self._writer.join(_FLUSH_S)

    def __enter__(self) -> Journal:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(
        self,
        message: Message,
        text: str,
        *,
        priority: Priority | None = None,
        durable: bool = False,
        **fields: object,
    ) -> None:
        """Queue one record; returns at once, on any thread.

        `fields`: line, call_id, call, twilio_call_sid, twilio_account_sid, sip_status, peer and
        others, written in upper case; None and "" are left out. Control characters are spelled out.
        """
        urgency = message.priority if priority is None else priority
        if urgency > self._level and not durable:
            return
        if not durable and self._queue.qsize() >= self._capacity:
            self._dropped += 1
            return
        self._queue.put(_record(message, text, urgency, fields))

    def _write_all(self) -> None:
        while (record := self._queue.get()) is not None:
            self._pass_on(record)
            if self._queue.empty():
                self._report_drops()
        self._report_drops()

    def _report_drops(self) -> None:
        count = self._dropped - self._reported
        if count:
            self._reported += count
            self._pass_on(_drops(count))

    def _pass_on(self, record: dict[str, str]) -> None:
        try:
            self._sink.write(record)
        except Exception:  # there is nowhere left to tell; status shows the count
            self.failures += 1


def open_journal(*, level: Priority = Priority.INFO) -> Journal:
    """A started journal that writes where this process's records belong."""
    journal = Journal(level=level)
    journal.start()
    return journal


def _record(
    message: Message, text: str, priority: Priority, fields: dict[str, object]
) -> dict[str, str]:
    record = {
        "MESSAGE": one_line(text),
        "MESSAGE_ID": message.id,
        "PRIORITY": str(int(priority)),
        "TIME": repr(time.time()),
    }
    for name, value in fields.items():
        if value is not None and value != "":
            record[name.upper()] = _field(name, str(value))
    return record


def _field(name: str, value: str) -> str:
    """Only a traceback, which is ours, keeps its lines."""
    if name != "traceback":
        return one_line(value, limit=60_000)
    return "\n".join(one_line(line) for line in value.splitlines())


def _drops(count: int) -> dict[str, str]:
    text = f"{count} records dropped: the journal is slower than they came"
    return _record(
        Message.RECORDS_DROPPED, text, Message.RECORDS_DROPPED.priority, {"dropped": count}
    )
