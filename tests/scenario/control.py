"""Asks a running service, over its control socket: one JSON object a line, each way."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any


class ControlError(AssertionError):
    """The service refused, or did not answer."""


class Control:
    """One connection. `timeout_s` bounds each answer."""

    def __init__(self, path: Path, timeout_s: float = 60.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._buffer = b""
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise ControlError(f"no service answers at {path}: {error}") from error

    def __enter__(self) -> Control:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, request: dict[str, object], files: Sequence[int] = ()) -> None:
        line = json.dumps({"v": 1, **request}).encode() + b"\n"
        if files:
            socket.send_fds(self._socket, [line], list(files))
        else:
            self._socket.sendall(line)

    def answer(self) -> Any:
        """The result of the oldest request without an answer."""
        while b"\n" not in self._buffer:
            data = self._socket.recv(65536)
            if not data:
                raise ControlError("the service closed the control connection")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply = json.loads(line)
        if not reply["ok"]:
            raise ControlError(reply["error"])
        return reply["result"]

    def ask(self, command: str, files: Sequence[int] = (), /, **fields: object) -> Any:
        self.send({"command": command, **fields}, files)
        return self.answer()
