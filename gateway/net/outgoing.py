"""Bytes that wait for a stream socket, and whose they are."""

from __future__ import annotations

import socket
from collections import deque
from typing import Final

_CHUNK: Final = 65536


class Outgoing:
    """A write buffer that knows which messages have not wholly left it.

    A key belongs to the last byte that was added with it; None is nobody's.
    """

    __slots__ = ("_data", "_ends", "_gone")

    def __init__(self) -> None:
        self._data = bytearray()
        self._ends: deque[tuple[int, object]] = deque()
        self._gone = 0

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: bytes, key: object = None) -> None:
        """Append bytes."""
        self._data += data
        if key is not None:
            self._ends.append((self._gone + len(self._data), key))

    def write_to(self, sock: socket.socket) -> None:
        """Give the socket what it takes now. Raises OSError when the connection is gone."""
        while self._data:
            try:
                with memoryview(self._data)[:_CHUNK] as chunk:
                    sent = sock.send(chunk)
            except BlockingIOError:
                return
            self._forget(sent)

    def unsent(self) -> list[object]:
        """The keys of messages that are still here, oldest first."""
        return [key for _, key in self._ends]

    def _forget(self, sent: int) -> None:
        del self._data[:sent]
        self._gone += sent
        while self._ends and self._ends[0][0] <= self._gone:
            self._ends.popleft()
