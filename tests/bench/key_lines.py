"""Lines with a decoder and a card, as the service has them, and what their far ends receive.

Within one process, so that the decoder and the card can be made of paper: the engine, `LineUnit`,
`GpioLine` and its thread are the product's, over a process that plays a script. From the decoder's
word to the stream lies all that lies there in the service but the switchboard, which looks two
tables up.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gateway.hardware.gpio_slic.driver import GpioLine
from gateway.hardware.gpio_slic.process import PinProcess
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.hearing import Hearing
from gateway.line import LineMachine
from gateway.line.events import DigitEnded, DigitStarted
from gateway.media import Engine, EngineSettings, Line, LineStatistics, Stream, StreamSettings
from gateway.service.countries import read_country
from gateway.service.line_binding import LineUnit
from tests.bench import key_press, rtp, stamps
from tests.bench.far_end import EVENT_TYPE
from tests.bench.key_press import MS, Press, Samples
from tests.bench.rtp import Packet

PORTS = range(42_000, 43_000, 2)
PERIOD = 80  # samples of a card's period
PERIOD_NS = 10 * MS
CODEC_NS = 2 * MS
BEGIN_NS = 3_000 * MS  # until everything is in place
TAIL_S = 1.0

Load = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Trial:
    """A line: what is keyed or said at it, and what came of that. `ahead` samples lie in the ring
    when the card begins."""

    keys: list[Press]
    said: Samples
    est: bool
    lookahead_ms: int = 0
    ahead: int = PERIOD
    alarms: list[tuple[int, int]] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    statistics: LineStatistics | None = None


@dataclass(slots=True)
class _Wired:
    """A trial on its line."""

    trial: Trial
    audio: Line
    stream: Stream
    unit: LineUnit
    own: socket.socket
    far: socket.socket


def carry_out(trials: Sequence[Trial], folder: Path, load: Load | None = None) -> int:
    """All at the same time. Returns when it began, CLOCK_MONOTONIC in nanoseconds."""
    return asyncio.run(_carry_out(trials, folder, load))


async def _carry_out(trials: Sequence[Trial], folder: Path, load: Load | None) -> int:
    loop = asyncio.get_running_loop()
    engine = Engine(EngineSettings(streams=len(trials), lines=len(trials)))
    engine.start()
    loop.add_reader(engine.event_fd, engine.read_events)
    began = time.monotonic_ns() + BEGIN_NS
    ports = iter(PORTS)
    wired = [
        _wire(trial, engine, loop, next(ports), next(ports), folder / f"script-{n}", began)
        for n, trial in enumerate(trials)
    ]
    over = threading.Event()
    threads = [
        threading.Thread(target=_capture, args=(wired, began, over), daemon=True),
        threading.Thread(target=_record, args=(wired, over), daemon=True),
    ]
    try:
        for line in wired:
            line.unit.start()
        for thread in threads:
            thread.start()
        loaded = loop.create_task(load()) if load is not None else None
        seconds = max(len(trial.said) for trial in trials) / 8000
        await asyncio.sleep((began - time.monotonic_ns()) / 1e9 + seconds + TAIL_S)
        if loaded is not None:
            loaded.cancel()
        for line in wired:
            line.trial.statistics = line.audio.statistics()
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for line in wired:
            line.unit.close()
        loop.remove_reader(engine.event_fd)
        engine.close()
        for line in wired:
            line.own.close()
            line.far.close()
    return began


def _wire(
    trial: Trial,
    engine: Engine,
    loop: asyncio.AbstractEventLoop,
    port: int,
    far_port: int,
    path: Path,
    began: int,
) -> _Wired:
    own, far = stamps.bound("127.0.0.1", port), stamps.bound("127.0.0.1", far_port)
    audio = engine.open_line(trial.lookahead_ms)
    stream = engine.open_stream(
        StreamSettings(
            rtp_fd=own.fileno(),
            rtcp_fd=None,
            remote=("127.0.0.1", far_port),
            ssrc=port,
            sequence=0,
            timestamp=0,
            cname="bench@127.0.0.1",
            rtcp_mux=True,
            dtmf_payload_type=EVENT_TYPE,
        )
    )
    stream.connect(audio)
    words = key_press.script(trial.keys, trial.alarms, est=trial.est)
    key_press.write(path, began, words)
    program = (sys.executable, "-m", "tests.bench.key_press", str(path))

    def wake() -> None:
        loop.call_soon_threadsafe(unit.look)

    def launch() -> PinProcess:
        return PinProcess(path.name, Wiring(), wake, Hearing(audio), program)

    def turn(now: float) -> None:
        for event in unit.events():
            if isinstance(event, DigitStarted):
                stream.digit_start(event.digit)
            elif isinstance(event, DigitEnded):
                stream.digit_end()
        unit.machine.effects()
        unit.arm()

    machine = LineMachine(read_country("us"))
    unit = LineUnit(path.name, GpioLine(path.name, launch), machine, audio, loop, turn)
    return _Wired(trial, audio, stream, unit, own, far)


def _capture(lines: Sequence[_Wired], began: int, over: threading.Event) -> None:
    """The cards' threads in one: each card's periods end at moments of its own."""
    for line in lines:
        line.audio.write_source(bytes(2 * line.trial.ahead))
    offsets = [n * PERIOD_NS // len(lines) for n in range(len(lines))]
    for period in range(max(len(line.trial.said) for line in lines) // PERIOD):
        for line, offset in zip(lines, offsets, strict=True):
            first = period * PERIOD - offset * 8 // MS
            due = began + (first + PERIOD) * MS // 8 + CODEC_NS
            if over.wait(max(0, due - time.monotonic_ns()) / 1e9):
                return
            piece = line.trial.said[max(0, first) : first + PERIOD].tobytes()
            line.audio.write_source(bytes(2 * PERIOD - len(piece)) + piece)


def _record(lines: Sequence[_Wired], over: threading.Event) -> None:
    """Everything that the far ends receive, by the kernel's stamps."""
    trials = {line.far: line.trial for line in lines}
    while not over.is_set():
        for sock in select.select([*trials], [], [], 0.1)[0]:
            data, _, t_ns = stamps.receive(sock)
            packet = rtp.read(data, t_ns)
            if packet is not None:
                trials[sock].packets.append(packet)


def busy_loop() -> Load:
    """A loop that has SIP to do, two thirds of the time: 4 ms of it in one piece."""
    return partial(_busy_loop, 0.004, 0.002)


async def _busy_loop(work_s: float, rest_s: float) -> None:
    from gateway.sip import parse

    request = (
        b"INVITE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n"
        b"From: <sip:b@192.0.2.2>;tag=1\r\nTo: <sip:alice@192.0.2.1>\r\nCall-ID: 1\r\n"
        b"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    while True:
        until = time.monotonic() + work_s
        while time.monotonic() < until:
            parse(request)
        await asyncio.sleep(rest_s)
