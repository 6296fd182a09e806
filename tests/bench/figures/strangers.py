"""A flood of INVITEs from outside the allow-list: not one byte is answered, nothing grows."""

from __future__ import annotations

import time

from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.processes import footprint
from tests.bench.service import Setup
from tests.bench.sip import offer
from tests.bench.table import Row

RATE, SECONDS = 500, 10
STRANGER = "127.0.0.66"
GROWTH_MB = 1.0


def run(bench: Bench) -> list[Row]:
    """Datagrams back to the stranger, memory gained, and whether friends are still served."""
    with bench.service(Setup()) as service:
        friend, stranger = Caller(), Caller(STRANGER)
        friend.options(service.target(), wait=1.0)
        before = footprint(service.pid)
        began = time.monotonic()
        for n in range(RATE * SECONDS):
            time.sleep(max(0.0, began + n / RATE - time.monotonic()))
            stranger.invite(stranger.dialog(service.target(), offer(STRANGER, 40_000)))
        served = friend.options(service.target(), wait=2.0) is not None
        answers = _datagrams(stranger, 1.0)
        growth = footprint(service.pid).rss_mb - before.rss_mb
        friend.close()
        stranger.close()
    friend_is = "still" if served else "NO LONGER"
    note = f"{RATE} INVITEs a second for {SECONDS} s; a friend is {friend_is} served"
    return [
        Row("answers to strangers", "", 0, answers if served else None, None, note),
        Row("memory gained by their flood", "MB", GROWTH_MB, growth),
    ]


def _datagrams(caller: Caller, seconds: float) -> int:
    count = 0
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        caller.socket.settimeout(left)
        try:
            caller.socket.recvfrom(65_536)
            count += 1
        except TimeoutError:
            break
    return count
