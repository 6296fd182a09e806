"""Where a peer runs: on this machine's loopback, or in a network of its own (network.py)."""

from __future__ import annotations

import socket
import threading
import time
from typing import Protocol

RETRY_S = 0.05


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


def free_port(address: str = "127.0.0.1") -> int:
    """A port that was free a moment ago for UDP and TCP alike."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((address, 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind((address, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port of {address} is free")


HERE = Loopback()
