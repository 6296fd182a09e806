"""INVITE to 180: how soon the caller hears that the phone rings."""

from __future__ import annotations

import time

from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.grid import percentile
from tests.bench.service import Setup
from tests.bench.sip import NoAnswerError, Target, offer
from tests.bench.table import Row

CALLS = 200
LIMIT_MS = 2.0


def run(bench: Bench) -> list[Row]:
    """Median over many calls, one after another, each cancelled while it rings."""
    with bench.service(Setup(auto_answer_s=None)) as service:
        ours = delays_ms(service.target())
    with bench.baresip(auto=False) as peer:
        theirs = delays_ms(peer.target) if peer else []
    note = f"{len(ours)} calls, p99 {percentile(ours, 99):.2f}; with digest and 100 first"
    if theirs:
        note += f"; baresip p99 {percentile(theirs, 99):.2f}, without digest"
    middle = percentile(ours, 50), percentile(theirs, 50)
    return [Row("INVITE to 180, median", "ms", LIMIT_MS, *middle, note)]


def delays_ms(target: Target, calls: int = CALLS) -> list[float]:
    """From the INVITE that was let in leaving, to the kernel's stamp on the 180."""
    caller = Caller()
    try:
        return [_one(caller, target) for _ in range(calls)]
    finally:
        caller.close()


def _one(caller: Caller, target: Target) -> float:
    dialog = caller.dialog(target, offer("127.0.0.1", 40_000))
    ringing = caller.call(dialog, until=180)
    if target.username and 100 not in dialog.provisional:
        raise NoAnswerError("180 came without 100 before it")
    delay = (ringing.t_ns - dialog.sent_ns) / 1e6
    status = caller.cancel(dialog)
    if status != 487:
        raise NoAnswerError(f"a cancelled INVITE ended with {status}")
    time.sleep(0.005)
    return delay
