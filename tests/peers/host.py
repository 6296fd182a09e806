"""Where a peer runs: on this machine's loopback, or in a network of its own (network.py)."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections import deque
from typing import Protocol

RETRY_S = 0.05
# Above those that the kernel gives away by itself, so that none is taken in between.
PORTS = range(61000, 65500)
_given: deque[int] = deque(maxlen=500)  # lately, and perhaps not bound yet


class Host(Protocol):
    """`address` is the host's own, as its peers reach it."""

    @property
    def address(self) -> str: ...

    def command(self, *arguments: str) -> list[str]:
        """What to run so that the program runs there."""
        ...

    def udp(self) -> socket.socket:
        """A socket there, bound to a free port of `address`."""
        ...

    def connect(self, port: int, seconds: float) -> socket.socket:
        """To a TCP port of `address` there, as soon as somebody listens. OSError if nobody does."""
        ...


class Loopback:
    """This machine."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address

    def command(self, *arguments: str) -> list[str]:
        return list(arguments)

    def udp(self) -> socket.socket:
        return udp_socket(self.address)

    def connect(self, port: int, seconds: float) -> socket.socket:
        return connect((self.address, port), seconds)


def udp_socket(address: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((address, 0))
    return bound


def connect(address: tuple[str, int], seconds: float) -> socket.socket:
    """TCP; asks again and again while nobody listens."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        try:
            return socket.create_connection(address, 1)
        except (ConnectionRefusedError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            pause.wait(RETRY_S)


def free_port(address: str = "127.0.0.1", count: int = 1) -> int:
    """An even port with `count - 1` behind it, free a moment ago for UDP and TCP alike."""
    for _ in range(200):
        port = secrets.randbelow(len(PORTS) // 2) * 2 + PORTS.start
        wanted = range(port, port + count)
        if all(each not in _given and _is_free(address, each) for each in wanted):
            _given.extend(wanted)
            return port
    raise OSError(f"no {count} ports of {address} are free")


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        try:
            udp.bind((address, port))
            tcp.bind((address, port))
        except OSError:
            return False
        return True


HERE = Loopback()
