"""One connection of the control socket: lines in with their descriptors, replies out.

asyncio's streams cannot receive descriptors (SCM_RIGHTS, unix(7)), so the socket is read here with
recvmsg, as often as the loop says that it can be read. One read takes at most one line: the kernel
joins messages that wait behind each other, and with two requests in one read nobody could tell to
which of them the descriptors belong.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from array import array
from collections import deque
from collections.abc import Sequence
from typing import Final

MAX_LINE: Final = 64 * 1024
MAX_DESCRIPTORS: Final = 4
_CHUNK: Final = 16 * 1024
_INT_BYTES: Final = array("i").itemsize


class Descriptors(Sequence[int]):
    """The files passed with one request. Those not taken are closed when it is answered."""

    def __init__(self, numbers: list[int] | None = None) -> None:
        self._numbers = numbers if numbers is not None else []
        self._taken: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._numbers[index]

    def take(self, index: int = 0) -> int:
        """Hand this descriptor over: from now on the caller closes it. IndexError if not sent."""
        number = self._numbers[index]
        self._taken.add(number)
        return number

    def close(self) -> None:
        """Close what nobody took."""
        for number in self._numbers:
            if number not in self._taken:
                os.close(number)
        self._numbers = []


def _receive_once(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Bytes up to a line end, and the descriptors that came with them.

    socket.recv_fds drops its flags, and these must not be inherited.
    """
    waiting = connection.recv(_CHUNK, socket.MSG_PEEK)
    size = waiting.find(b"\n") + 1 or _CHUNK
    room = socket.CMSG_LEN(MAX_DESCRIPTORS * _INT_BYTES)
    data, ancillary, _, _ = connection.recvmsg(size, room, socket.MSG_CMSG_CLOEXEC)
    numbers = array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(content[: len(content) - len(content) % _INT_BYTES])
    return data, numbers.tolist()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class LineTooLong(Exception):
    """The peer sent more than MAX_LINE bytes without a line end."""


class Wire:
    """Reads lines from, and writes lines to, a connected non-blocking unix socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._lines: deque[tuple[bytes, list[int]]] = deque()
        self._ahead = 0  # bytes in `_lines`
        self._buffer = bytearray()
        self._numbers: list[int] = []
        self._ended = False

    async def read_line(self) -> tuple[bytes, Descriptors] | None:
        """The next line and the descriptors that came with it; None at the end."""
        while not self._lines:
            if len(self._buffer) > MAX_LINE:
                raise LineTooLong
            if self._ended:
                return None
            await self._receive()
        line, numbers = self._lines.popleft()
        self._ahead -= len(line)
        if len(line) > MAX_LINE:
            Descriptors(numbers).close()
            raise LineTooLong
        return line, Descriptors(numbers)

    async def write_line(self, data: bytes) -> None:
        """Send one line, waiting until the peer has room for it."""
        await self._loop.sock_sendall(self._socket, data + b"\n")

    async def gone(self) -> None:
        """Returns when the peer has closed both directions; buffers what it sends until then.

        A peer that has only finished sending (`nc -N`) still waits for its answer.
        """
        while not self._ended and self._ahead + len(self._buffer) <= MAX_LINE:
            await self._receive()
        while not self._hung_up():
            await self._loop.create_future()  # nothing more to learn: waits to be cancelled

    def close(self) -> None:
        """Close the connection and what came with it."""
        for _, numbers in self._lines:
            Descriptors(numbers).close()
        self._lines.clear()
        Descriptors(self._numbers).close()
        self._numbers = []
        self._socket.close()

    async def _receive(self) -> None:
        await self._readable()
        try:
            data, numbers = _receive_once(self._socket)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, numbers = b"", []
        self._numbers += numbers
        self._ended = not data
        self._buffer += data
        while len(self._numbers) > MAX_DESCRIPTORS:
            os.close(self._numbers.pop())
        if self._buffer.endswith(b"\n"):
            self._end_line()

    def _end_line(self) -> None:
        line = bytes(self._buffer[:-1])
        self._lines.append((line, self._numbers))
        self._ahead += len(line)
        self._buffer.clear()
        self._numbers = []

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._socket, _settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(self._socket)

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._socket, 0)
        return any(flags & (select.POLLHUP | select.POLLERR) for _, flags in poll.poll(0))
