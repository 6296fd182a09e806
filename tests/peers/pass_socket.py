"""Makes a socket where this runs and hands it to who asked: pass_socket FD ADDRESS KIND PORT S."""

from __future__ import annotations

import socket
import sys

from tests.peers.host import connect, udp_socket


def main(descriptor: str, address: str, kind: str, port: str, seconds: str) -> None:
    made = udp_socket(address) if kind == "udp" else connect((address, int(port)), float(seconds))
    with made, socket.socket(fileno=int(descriptor)) as asker:
        socket.send_fds(asker, [b"!"], [made.fileno()])


if __name__ == "__main__":
    main(*sys.argv[1:])
