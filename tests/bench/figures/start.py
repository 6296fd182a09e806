"""From the start of the process until it is ready, and until it answers."""

from __future__ import annotations

import threading
import time
from statistics import median

from tests.bench.baresip import Baresip
from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.service import Service, Setup
from tests.bench.sip import NoAnswerError
from tests.bench.table import Row

STARTS = 9
READY_S = 0.3


def run(bench: Bench) -> list[Row]:
    """Medians over a number of starts; the first, with cold caches, is left out."""
    starts = [_ours() for _ in range(STARTS + 1)][1:]
    ready, answers = [s[0] for s in starts], [s[1] for s in starts]
    theirs = [_theirs(bench) for _ in range(STARTS)] if bench.with_baresip else []
    other = median(theirs) if theirs else None
    note = f"{STARTS} starts, worst {max(ready):.3f}"
    return [
        Row("start to READY=1, median", "s", READY_S, median(ready), None, note),
        Row("start to first OPTIONS answered", "s", READY_S, median(answers), other, "median"),
    ]


def _ours() -> tuple[float, float]:
    with Service(Setup()) as service:
        answered: list[float] = []
        asker = threading.Thread(target=_ask, args=(service, answered))
        asker.start()
        ready = service.wait_ready()
        asker.join()
    if not answered:
        raise NoAnswerError("OPTIONS was never answered")
    return ready, answered[0]


def _ask(service: Service, answered: list[float]) -> None:
    caller = Caller()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        answer = caller.options(service.target(), wait=0.005)
        if answer:
            answered.append((answer.t_ns - service.started_ns) / 1e9)
            break
        time.sleep(0.002)
    caller.close()


def _theirs(bench: Bench) -> float:
    peer, caller = Baresip(bench.wav(5), auto=True), Caller()
    try:
        return peer.wait_ready(caller)
    finally:
        peer.close()
        caller.close()
