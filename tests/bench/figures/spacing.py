"""RTP spacing of a call with speech and keys both ways; and what that call costs."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench import machine, pacing
from tests.bench.bench import Bench
from tests.bench.grid import Spread
from tests.bench.pacing import Pacing
from tests.bench.processes import busy_cores
from tests.bench.service import Service, Setup
from tests.bench.table import Row
from tests.bench.talk import Talk, talk

IDLE_MS, BUSY_MS = 0.2, 0.5
RSS_MB, CPU_S = 40.0, 0.8


def run(bench: Bench) -> list[Row]:
    """On an idle machine: spacing, memory and CPU time of one and the same call."""
    seconds = 12 if bench.quick else 60
    ours, fifo = _ours(bench, seconds)
    theirs = _theirs(bench, seconds)
    return [*spacing_rows("idle", IDLE_MS, ours, theirs, fifo), *cost_rows(seconds, ours, theirs)]


def run_busy(bench: Bench) -> list[Row]:
    """With an endless loop on every core."""
    seconds = 12 if bench.quick else 60
    with busy_cores(4.0 * seconds + 60):
        ours, fifo = _ours(bench, seconds)
        theirs = _theirs(bench, seconds)
    return spacing_rows("cores busy", BUSY_MS, ours, theirs, fifo)


def _ours(bench: Bench, seconds: int) -> tuple[Talk, str]:
    with bench.service(Setup()) as service, service.control() as control:
        press = _presser(service, bench, seconds)
        allowed = control.ask("status").get("realtime", {})
        fifo = "SCHED_FIFO" if allowed.get("fifo") else f"no FIFO: {allowed.get('why_not', '?')}"
        with machine.watched() as bare:
            talked = talk(service.target(), service.pid, seconds, press)
        return talked, f"{fifo}; {bare.text()}"


def _theirs(bench: Bench, seconds: int) -> Talk | None:
    with bench.baresip(seconds + 5) as peer:
        return talk(peer.target, peer.pid, seconds) if peer else None


def _presser(service: Service, bench: Bench, seconds: int) -> Callable[[int], None]:
    """The hand at the phone: starts to speak at 0, then presses a key each time."""
    line = service.names[0]

    def press(n: int) -> None:
        with service.control() as control:
            if n == 0:
                control.play(line, bench.wav(seconds))
            else:
                control.ask("handset.dial", line=line, digits="123A456B789C"[n % 12], on_ms=110)

    return press


def spacing_rows(
    when: str, limit: float, ours: Talk, theirs: Talk | None, note: str = ""
) -> list[Row]:
    """p99 of both measures as rows; medians, maxima and loss as notes."""
    mine = pacing.analyse(ours.packets)
    other = pacing.analyse(theirs.packets) if theirs else None

    def row(name: str, pick: Callable[[Pacing], Spread]) -> Row:
        spread = pick(mine)
        text = f"p50 {spread.p50:.3f} max {spread.worst:.2f}; {mine.packets} packets"
        if other:
            text += f"; baresip p50 {pick(other).p50:.2f} max {pick(other).worst:.1f}"
        text += f"; {note}" if note else ""
        return Row(name, "ms", limit, spread.p99, pick(other).p99 if other else None, text)

    return [
        row(f"RTP gap minus 20 ms, p99, {when}", lambda p: p.gap),
        row(f"RTP off 20 ms grid, p99, {when}", lambda p: p.grid),
    ]


def cost_rows(seconds: int, ours: Talk, theirs: Talk | None) -> list[Row]:
    """Memory at the call's end and CPU time over it."""
    end = ours.at_end
    memory = f"{seconds} s into the call; PSS {end.pss_mb:.1f} MB; {end.processes} process(es)"
    if theirs:
        memory += f"; baresip PSS {theirs.at_end.pss_mb:.1f} with its speech file loaded"
    return [
        Row("memory in a call, RSS", "MB", RSS_MB, end.rss_mb, _rss(theirs), memory),
        Row(
            "CPU per minute of call", "s", CPU_S, ours.cpu_per_minute_s,
            theirs.cpu_per_minute_s if theirs else None, "utime + stime, all threads",
        ),
    ]  # fmt: skip


def _rss(talked: Talk | None) -> float | None:
    return talked.at_end.rss_mb if talked else None
