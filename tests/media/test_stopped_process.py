"""The process stands still for a while, as in a suspended machine: time goes on, no burst."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

from tests.media.rig import Peer

CHILD = """
import socket, sys
from gateway.media import Engine, StreamSettings
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
engine = Engine()
engine.start()
stream = engine.open_stream(
    StreamSettings(sock.fileno(), None, ("127.0.0.1", int(sys.argv[1])), 7, 0, 0, "x")
)
sys.stdin.read()
engine.close()
"""
STILL_S = 0.5


def test_after_a_stop_time_has_gone_on_and_nothing_is_made_up_for() -> None:
    peer = Peer()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(peer.address[1])], stdin=subprocess.PIPE
    )
    try:
        before = peer.packets(10)[-1]
        os.kill(child.pid, signal.SIGSTOP)
        began = time.monotonic()
        while select.select([peer.rtp], [], [], max(0.0, began + STILL_S - time.monotonic()))[0]:
            before = peer.packets(1)[0]  # what was already on its way
        os.kill(child.pid, signal.SIGCONT)
        after = peer.packets(10)
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
        peer.close()
    assert [packet.sequence - before.sequence for packet in after] == list(range(1, 11))
    steps = [b.timestamp - a.timestamp for a, b in zip([before, *after], after, strict=False)]
    assert all(step % 80 == 0 and step >= 160 for step in steps)
    # Time that passed without a packet was left out, not made up for by a burst.
    left_out = sum(steps) - 160 * len(steps)
    assert STILL_S * 8000 - 800 < left_out < STILL_S * 8000 + 8000
