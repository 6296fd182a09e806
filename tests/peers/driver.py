"""Starts a peer that speaks JSON lines, gives it orders, and waits for what it tells."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
ROOT = Path(__file__).parents[2]


class PeerError(AssertionError):
    """The peer did not do in time what was waited for; the message holds its timeline."""


class JsonPeer:
    """`with JsonPeer([...]) as peer:`; the process is ended with the block, whatever happens."""

    def __init__(
        self, arguments: Iterable[str], listen: Callable[[Row], None] | None = None
    ) -> None:
        self._listen = listen
        self.rows: list[Row] = []
        self._fresh: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._ended = False
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> JsonPeer:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(5)
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def wait_for(self, event: str, seconds: float = 10, **facts: object) -> Row:
        """The first row, past or coming, with that event and those values."""
        return self.wait_until(lambda row: _matches(row, event, facts), seconds, f"{event} {facts}")

    def wait_until(self, wanted: Callable[[Row], bool], seconds: float, what: str) -> Row:
        found = next((row for row in self.rows if wanted(row)), None)
        deadline = time.monotonic() + seconds
        while found is None:
            row = self._next(deadline)
            if row is None:
                told = "\n".join(json.dumps(r) for r in self.rows)
                raise PeerError(f"the peer never told {what}; it told:\n{told}")
            found = row if wanted(row) else None
        return found

    def told(self, event: str, **facts: object) -> list[Row]:
        """Every row so far with that event and those values."""
        return [row for row in self.rows if _matches(row, event, facts)]

    def over(self, seconds: float = 10) -> Row:
        """The peer's last row; its process has ended then."""
        row = self.wait_for("over", seconds)
        self.process.wait(5)
        return row

    def _next(self, deadline: float) -> Row | None:
        if self._ended:
            return None
        try:
            row = self._fresh.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if row is None:
            self._ended = True
            return None
        self.rows.append(row)
        return row

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            row = json.loads(line)
            if self._listen is not None:
                self._listen(row)
            self._fresh.put(row)
        self._fresh.put(None)


def twilio_caller(
    target: str, folder: Path, *more: str, listen: Callable[[Row], None] | None = None
) -> JsonPeer:
    """The Twilio-like edge, calling `target`."""
    module = "tests.peers.twilio_caller"
    return JsonPeer(["-m", module, target, "--folder", str(folder), *more], listen)


def _matches(row: Row, event: str, facts: dict[str, object]) -> bool:
    return row["event"] == event and all(row.get(k) == v for k, v in facts.items())
