"""A flood of INVITEs as a process of its own, so that it disturbs nothing that is measured here.

    python -m tests.bench.flood HOST:PORT --from 127.0.0.1 --rate 200 --seconds 60

Nothing is ever acknowledged. With --user, a third of the INVITEs carries credentials of a right
name and a wrong password over a challenge that was really given, a third invented ones, the rest
none. --tcp and --tls open connections that begin something and never end it. Prints what came back.
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from tests.bench import stamps
from tests.bench.caller import Caller
from tests.bench.sip import Message, Target, digest, offer, parse
from tests.bench.stamps import Address

HALF_OPEN_EVERY = 10
"""Each so many INVITEs one TCP and one TLS connection begins."""
HALF_OPEN_MOST = 600
# The first bytes of a TLS ClientHello whose rest never comes, and of an INVITE likewise.
HELLO = bytes.fromhex("16030100c8010000c40303")
BEGUN = b"INVITE sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK"


class Flood:
    """Sends and counts. `target.username` empty: no credentials."""

    def __init__(self, source: str, target: Target, streams: Sequence[tuple[Address, bytes]]):
        self._caller = Caller(source)
        self._caller.socket.setblocking(False)
        self._target = replace(target, password="wrong")
        self._streams = streams
        self._open: deque[socket.socket] = deque()
        self._challenge = ""
        self.sent = 0
        self.answers: Counter[int] = Counter()

    def run(self, rate: float, seconds: float) -> None:
        """`rate` INVITEs a second, evenly, for so long."""
        began = time.monotonic()
        count = round(rate * seconds)
        for n in range(count):
            time.sleep(max(0.0, began + n / rate - time.monotonic()))
            self._invite(n)
            if n % HALF_OPEN_EVERY == 0:
                self._begin_streams()
            self._read()

    def settle(self, seconds: float) -> None:
        """Count what still comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read()
            time.sleep(0.01)

    def close(self) -> None:
        """Let everything go."""
        self._caller.close()
        for each in self._open:
            each.close()

    def _invite(self, n: int) -> None:
        dialog = self._caller.dialog(self._target, offer(self._caller.address[0], 40_000))
        with suppress(BlockingIOError, ConnectionRefusedError):
            self._caller.invite(dialog, self._credentials(n))
            self.sent += 1

    def _credentials(self, n: int) -> str:
        if not self._target.username or n % 3 == 0:
            return ""
        challenge = self._challenge
        if n % 3 == 1 or not challenge:
            challenge = f'Digest realm="tipring", nonce="{secrets.token_hex(16)}", qop="auth"'
        return digest(challenge, "INVITE", self._target.uri, self._target)

    def _read(self) -> None:
        for _ in range(64):
            try:
                message: Message = parse(*stamps_without_source(self._caller.socket))
            except (BlockingIOError, ConnectionRefusedError):
                return
            self.answers[message.status] += 1
            if message.status == 401:
                self._challenge = message.get("www-authenticate")

    def _begin_streams(self) -> None:
        for address, begin in self._streams:
            with suppress(OSError):  # a peer may refuse: then this one is not half-open but shut
                half = socket.create_connection(address, 0.2, (self._caller.address[0], 0))
                self._open.append(half)
                half.sendall(begin)
        while len(self._open) > HALF_OPEN_MOST:
            self._open.popleft().close()


def stamps_without_source(sock: socket.socket) -> tuple[bytes, int]:
    """A datagram and its time."""
    data, _, t_ns = stamps.receive(sock)
    return data, t_ns


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main() -> int:
    """The command line; one JSON object on standard output."""
    parser = argparse.ArgumentParser(description="flood a SIP endpoint with INVITEs")
    parser.add_argument("peer", type=_address, metavar="HOST:PORT")
    parser.add_argument("--from", dest="source", default="127.0.0.1", help="our address")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--user", default="", help="whom to be, with a wrong password")
    parser.add_argument("--to", default="phone1")
    parser.add_argument("--tcp", type=_address, metavar="HOST:PORT")
    parser.add_argument("--tls", type=_address, metavar="HOST:PORT")
    given = parser.parse_args()
    streams = [(a, b) for a, b in ((given.tcp, BEGUN), (given.tls, HELLO)) if a is not None]
    flood = Flood(given.source, Target(given.peer, given.to, given.user), streams)
    try:
        flood.run(given.rate, given.seconds)
        flood.settle(1.0)
    finally:
        flood.close()
    print(json.dumps({"sent": flood.sent, "answers": dict(flood.answers)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
