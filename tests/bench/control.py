"""The control socket, spoken by hand: one JSON object a line, files passed as descriptors."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any


class Control:
    """A connection to a running service. Commands are answered in order."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._socket.connect(str(path))
        self._reader = self._socket.makefile("rb")

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, command: str, file: int | None = None, **fields: object) -> int:
        """Send without waiting for the reply; returns the time just before (monotonic ns)."""
        line = json.dumps({"v": 1, "command": command, **fields}).encode() + b"\n"
        now = time.monotonic_ns()
        if file is None:
            self._socket.sendall(line)
        else:
            socket.send_fds(self._socket, [line], [file])
        return now

    def reply(self, timeout_s: float | None = 10.0) -> Any:
        """The next reply's result. Raises RuntimeError with the service's words."""
        self._socket.settimeout(timeout_s)
        answer = json.loads(self._reader.readline() or b'{"ok": false, "error": "closed"}')
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def ask(self, command: str, timeout_s: float | None = 10.0, **fields: object) -> Any:
        """Send and wait."""
        self.send(command, None, **fields)
        return self.reply(timeout_s)

    def play(self, line: str, wav: Path) -> None:
        """Speak a file into a simulated phone; returns at once."""
        with wav.open("rb") as source:
            self.send("handset.play", source.fileno(), line=line, wait=False)
            self.reply()

    def record(self, line: str, wav: Path) -> None:
        """Record the earpiece until on-hook or `handset.record-stop`; `reply` comes at its end."""
        handle = os.open(wav, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            self.send("handset.record", handle, line=line)
        finally:
            os.close(handle)
