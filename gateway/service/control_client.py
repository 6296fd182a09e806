"""The client's side of the control socket: blocking, no asyncio."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from gateway.errors import SystemRefusal, TipringError

Result = TypeVar("Result")


class NoService(SystemRefusal):
    """Nothing answers at the socket's path."""


class NoAnswer(SystemRefusal):
    """The service took the request and said nothing in time: it hangs, or is very busy."""


class CommandFailed(TipringError):
    """The service did not do what was asked; its own words. `code`: usage or failed."""

    def __init__(self, text: str, fault: str, code: str) -> None:
        super().__init__(text)
        self.reported_fault = fault
        self.code = code


class _Reply(msgspec.Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    fault: str = "ours"
    code: str = "failed"


class ControlClient:
    """A connection to a running service. Raises NoService, NoAnswer or CommandFailed.

    `timeout_s`: how long a reply may take; None waits for as long as the command needs.
    """

    def __init__(self, path: Path, timeout_s: float | None = 10.0) -> None:
        self.path = path
        self._timeout_s = timeout_s
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise NoService(_no_service(path, error)) from None

    def request(
        self, command: str, files: Sequence[int] = (), *, patient: bool = False, **fields: object
    ) -> Any:
        """The command's result. `patient`: no time limit, for what ends when the phone does."""
        return self.ask(command, Any, files, patient=patient, **fields)

    def ask(
        self,
        command: str,
        kind: type[Result],
        files: Sequence[int] = (),
        *,
        patient: bool = False,
        **fields: object,
    ) -> Result:
        """The command's result as `kind`, one of the structs of `commands`."""
        self._socket.settimeout(None if patient else self._timeout_s)
        line = msgspec.json.encode({"v": 1, "command": command, **fields}) + b"\n"
        try:
            self._send(line, files)
            reply = msgspec.json.decode(self._read_line(), type=_Reply)
        except TimeoutError:
            raise NoAnswer(
                f"the service at {self.path} gave no answer in {self._timeout_s:g} s"
            ) from None
        except ConnectionError as error:
            raise NoService(_no_service(self.path, error)) from None
        if not reply.ok:
            raise CommandFailed(reply.error, reply.fault, reply.code)
        return msgspec.json.decode(reply.result, type=kind)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, line: bytes, files: Sequence[int]) -> None:
        sent = socket.send_fds(self._socket, [line], files) if files else 0
        self._socket.sendall(line[sent:])

    def _read_line(self) -> bytes:
        while b"\n" not in self._buffer:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("the service closed the connection")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _no_service(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"you may not talk to the service at {path}; join the group tipring, or use sudo"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return (
            f"no service answers at {path}; start it with `systemctl start tipring`"
            " or `tipring run`, or name its socket with --socket"
        )
    return f"no service answers at {path}: {error.strerror or error}"
