"""The control socket's server: one JSON object a line, each way.

    {"v": 1, "command": "handset.dial", "line": "phone1", "digits": "123"}
    {"ok": true, "result": {...}}
    {"ok": false, "error": "no line is named phone2", "fault": "configuration", "code": "failed"}

A client may send one request after another; each is answered before the next one is read. When the
client goes away its handler is cancelled. Who may talk is decided by the rights of the socket file.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from gateway.errors import Fault, SystemRefusal, TipringError
from gateway.service.control_path import check_length, default_socket
from gateway.service.control_wire import MAX_LINE, Descriptors, LineTooLong, Wire
from gateway.service.usage import UsageError

__all__ = ["ControlServer", "Descriptors", "Handler", "UsageError", "default_socket"]

MODE: Final = 0o660
VERSION: Final = 1
MAX_CLIENTS: Final = 32
IDLE_S: Final = 300.0
_PAUSE_S: Final = 1.0

Handler: TypeAlias = Callable[[dict[str, Any], Descriptors], Awaitable[object]]
"""Answers one request with something msgspec can write, or raises a TipringError."""


class Success(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request that was carried out."""

    ok: Literal[True] = True
    result: Any


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one that was not. `code` "usage": asking again in the same way is no use."""

    ok: Literal[False] = False
    error: str
    fault: Fault = "configuration"
    code: Literal["usage", "failed"] = "usage"


class ControlServer:
    """Serves `handlers` (by command) on a unix socket at `path`.

    `on_defect` is told of exceptions that are no TipringError. `idle_s`: a client that asks nothing
    for so long is closed.
    """

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler],
        on_defect: Callable[[str, Exception], None] = lambda _command, _error: None,
        *,
        idle_s: float = IDLE_S,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self.path = path
        self._handlers = handlers
        self._on_defect = on_defect
        self._idle_s = idle_s
        self._max_clients = max_clients
        self._socket: socket.socket | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. SystemRefusal when another service answers there or the place is refused."""
        check_length(self.path)
        _remove_stale(self.path)
        self._socket = _listen(self.path)
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    async def close(self) -> None:
        """Close the socket, its file and every client. Idempotent."""
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self.path.unlink(missing_ok=True)
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            connection, _ = self._socket.accept()
        except (BlockingIOError, ConnectionError):
            return  # the client went away
        except OSError:
            self._pause()
            return
        connection.setblocking(False)
        wire = Wire(connection)
        client = asyncio.get_running_loop().create_task(self._serve(wire))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)
        # Not a finally in the task: one that is cancelled before its first step never gets there.
        client.add_done_callback(lambda _done: wire.close())

    def _pause(self) -> None:
        """No descriptor is left (EMFILE): asking at once again would keep the loop busy."""
        loop = asyncio.get_running_loop()
        if self._socket is not None:
            loop.remove_reader(self._socket)
            loop.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._accept)

    async def _serve(self, wire: Wire) -> None:
        try:
            if len(self._clients) > self._max_clients:
                text = f"{self._max_clients} clients are connected already"
                await wire.write_line(_encode(Failure(error=text, fault="system", code="failed")))
                return
            while await self._exchange(wire):
                pass
        except (OSError, TimeoutError):
            return  # the client went away, or is silent

    async def _exchange(self, wire: Wire) -> bool:
        """One request and its answer; False when the conversation is over."""
        try:
            async with asyncio.timeout(self._idle_s):
                line = await wire.read_line()
        except LineTooLong:
            await wire.write_line(
                _encode(Failure(error=f"a request is longer than {MAX_LINE} bytes"))
            )
            return False
        if line is None:
            return False
        request, descriptors = line
        try:
            reply = await self._answer_while_there(wire, request, descriptors)
        finally:
            descriptors.close()
        if reply is not None:
            async with asyncio.timeout(self._idle_s):
                await wire.write_line(reply)
        return reply is not None

    async def _answer_while_there(
        self, wire: Wire, request: bytes, descriptors: Descriptors
    ) -> bytes | None:
        """The answer; None when the client left, and the handler was cancelled."""
        loop = asyncio.get_running_loop()
        answer = loop.create_task(self._answer(request, descriptors))
        gone = loop.create_task(wire.gone())
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _answer(self, line: bytes, descriptors: Descriptors) -> bytes:
        command = "?"
        try:
            request = _decode(line)
            command = request["command"]
            handler = self._handlers.get(command)
            if handler is None:
                raise UsageError(f"unknown command {command!r}")
            return _encode(Success(result=await handler(request, descriptors)))
        except UsageError as error:
            return _encode(Failure(error=str(error)))
        except TipringError as error:
            return _encode(Failure(error=str(error), fault=error.fault, code="failed"))
        except Exception as error:
            self._on_defect(command, error)
            text = f"a defect of tipring: {type(error).__name__}; the journal says more"
            return _encode(Failure(error=text, fault="ours", code="failed"))


def _decode(line: bytes) -> dict[str, Any]:
    try:
        request = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UsageError(f"a request is a JSON object on one line: {error}") from None
    if request.get("v") != VERSION:
        raise UsageError(f'this service speaks version {VERSION}: "v" must be {VERSION}')
    if not isinstance(request.get("command"), str):
        raise UsageError('"command" is missing')
    return request


def _encode(reply: Success | Failure) -> bytes:
    return msgspec.json.encode(reply)


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody answers at: what a killed service leaves behind."""
    if not path.exists():
        return
    if not path.is_socket():
        raise SystemRefusal(f"{path} exists and is no socket; remove it or use --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        code = probe.connect_ex(str(path))
    if code in {0, errno.EAGAIN}:
        raise SystemRefusal(f"another tipring answers at {path}; stop it or use --socket")
    if code == errno.ECONNREFUSED:
        path.unlink(missing_ok=True)
        return
    raise SystemRefusal(f"the control socket {path}: {os.strerror(code)}")


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~MODE)  # the file has its rights from its first moment
    try:
        listener.bind(str(path))
        listener.listen(MAX_CLIENTS)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise SystemRefusal(f"the control socket {path}: {error.strerror or error}") from error
    finally:
        os.umask(mask)
    return listener
