"""Floods from an allowed source, and a long row of calls: does a call in progress notice?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

from tests.bench import machine, pacing
from tests.bench.bench import Bench
from tests.bench.caller import Caller
from tests.bench.control import Control
from tests.bench.processes import end, footprint
from tests.bench.service import Service, Setup
from tests.bench.sip import NoAnswerError, offer
from tests.bench.table import Row
from tests.bench.talk import talk

RATE = 200
GRID_MS = 0.5
BACK_PERCENT = 10.0
RING_MS = 20.0
TRANSACTIONS = 4096
CALLS = 2_000
FULL = 1_100  # calls after which all that is kept of past ones is full
PHONES = 40
SPARE = 1  # the phone beside the one that talks
GROWTH_MB = 1.0
SETTLED_S = 40.0  # 64*T1 after the flood every transaction of it is over


def run_flood(bench: Bench) -> list[Row]:
    """200 INVITEs a second, never acknowledged, wrong digests and half-open streams among them.

    At a gateway that asks for passwords, most get no further than that; at one that asks nobody,
    each is a call that finds the phone in use.
    """
    asking = _flood(bench, Setup(lines=2, streams=True))
    open_to_all = _flood(bench, Setup(lines=2, streams=True, passwords=False))
    return [*asking, *(replace(row, figure=f"{row.figure}, no passwords") for row in open_to_all)]


def _flood(bench: Bench, setup: Setup) -> list[Row]:
    seconds = 15 if bench.quick else 60
    with bench.service(setup) as service, Caller() as friend:
        with service.control() as control:
            # A whole call before: what is loaded once shall not count as growth.
            _call(friend, service, control, SPARE)
            _await_idle(control, SPARE)
        before = footprint(service.pid).rss_mb
        with ExitStack() as stack, machine.watched() as bare:
            flood = Flood(service, seconds, stack)
            # The flood begins when the call is up, and outlasts it.
            talked = talk(service.target(), service.pid, seconds, flood.press)
            during = _transactions(service)
            said = flood.said()
        ring_ms = _ring(friend, service)
        peak = footprint(service.pid).rss_mb
        time.sleep(SETTLED_S)
        after = footprint(service.pid).rss_mb
        left = _transactions(service)
    spacing = pacing.analyse(talked.packets).grid
    answers = json.loads(said)
    note = f"{answers['sent']} INVITEs, answers {answers['answers']}"
    grown = 100 * (after / before - 1)
    memory = f"{before:.1f} MB before, {peak:.1f} at its end, {after:.1f} later"
    return [
        Row("RTP off 20 ms grid, p99, in a flood of 200/s", "ms", GRID_MS, spacing.p99, None,
            f"max {spacing.worst:.2f}; {bare.text()}; {note}"),
        Row("INVITE to 180 right after it", "ms", RING_MS, ring_ms),
        Row("transactions in the flood", "", TRANSACTIONS, during),
        Row("transactions 40 s after it", "", 0, left),
        Row("memory above before, 40 s after it", "%", BACK_PERCENT, grown, None, memory),
    ]  # fmt: skip


def run_series(bench: Bench) -> list[Row]:
    """Calls one after another: answered by a phone, hung up by the caller.

    A handset that is put down counts as down after a second (it could be a flash), so the calls go
    round many phones. What is kept of past calls, transactions and records, is bounded.
    Both are full before the measuring begins, so that what grows then would grow for ever.
    """
    count = 200 if bench.quick else CALLS
    with bench.service(Setup(lines=PHONES, auto_answer_s=0.0)) as service, Caller() as caller:
        _calls(caller, service, 2 * PHONES)
        fresh = footprint(service.pid).rss_mb
        lost = _calls(caller, service, FULL)
        before = footprint(service.pid).rss_mb
        began = time.monotonic()
        lost += _calls(caller, service, count)
        rate = count / (time.monotonic() - began)
        growth = footprint(service.pid).rss_mb - before
    note = f"{count} calls, {rate:.0f} a second"
    filled = f"{fresh:.1f} MB after {2 * PHONES} calls, {before:.1f} after {FULL} more"
    return [
        Row("calls lost, one after another", "", 0, lost, None, note),
        Row("memory gained by them", "MB", GROWTH_MB, growth, None, filled),
    ]


def _calls(caller: Caller, service: Service, count: int) -> int:
    lost = 0
    with service.control() as control:
        for n in range(count):
            lost += not _call(caller, service, control, n % PHONES)
    return lost


def _call(caller: Caller, service: Service, control: Control, line: int) -> bool:
    _await_idle(control, line)
    dialog = caller.dialog(service.target(line), offer("127.0.0.1", 40_000))
    try:
        caller.call(dialog)
        good = caller.bye(dialog).status == 200
    except NoAnswerError:
        good = False
    control.ask("handset.on-hook", line=service.names[line])
    return good


def _await_idle(control: Control, line: int) -> None:
    deadline = time.monotonic() + 5
    while control.ask("status")["lines"][line]["state"] != "idle":
        if time.monotonic() > deadline:
            raise NoAnswerError("the handset is down, and its line does not become idle")
        time.sleep(0.01)


def _ring(friend: Caller, service: Service) -> float:
    target = service.target(SPARE)
    dialog = friend.dialog(target, offer("127.0.0.1", 40_000))
    ringing = friend.call(dialog, until=180)
    friend.cancel(dialog)
    return (ringing.t_ns - dialog.sent_ns) / 1e6


def _transactions(service: Service) -> int:
    with service.control() as control:
        return int(control.ask("status")["limits"]["transactions"]["now"])


class Flood:
    """The flood's process, started by the first key of a call."""

    def __init__(self, service: Service, seconds: float, stack: ExitStack) -> None:
        target = service.target()
        self._seconds = seconds
        self._stack = stack
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            sys.executable, "-m", "tests.bench.flood", f"127.0.0.1:{service.port}",
            "--rate", str(RATE), "--seconds", str(seconds), "--user", target.username,
            "--to", target.user, "--tcp", f"127.0.0.1:{service.port}",
            "--tls", f"127.0.0.1:{service.tls_port}",
        ]  # fmt: skip

    def press(self, n: int) -> None:
        """The call is up."""
        if n == 0:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
            self._stack.callback(end, self._process)

    def said(self) -> bytes:
        """What came back, when it is over."""
        assert self._process is not None
        return self._process.communicate(timeout=self._seconds + 30)[0]
