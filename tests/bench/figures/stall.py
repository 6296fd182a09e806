"""Python stands still for 300 ms, again and again: does anyone hear it?"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence

from tests.bench import machine, rtp, speech
from tests.bench.bench import Bench
from tests.bench.figures.spacing import IDLE_MS, spacing_rows
from tests.bench.rtp import Packet, Unwrapper
from tests.bench.service import Service, Setup
from tests.bench.table import Row
from tests.bench.talk import Talk, talk

COMMAND = (sys.executable, "-m", "tests.bench.stallable")
FIRST_S, EVERY_S = 1.5, 0.8


def run(bench: Bench) -> list[Row]:
    """Spacing while stalled, and the samples of the spoken file that did not arrive in place."""
    seconds = 10 if bench.quick else 20
    spoken = seconds - 2
    stalls = int((spoken - FIRST_S) / EVERY_S)
    with bench.service(Setup(command=COMMAND)) as service:
        wav = bench.wav(spoken)
        wrench = threading.Thread(target=_stall, args=(service, stalls), daemon=True)

        def press(n: int) -> None:
            if n == 0:
                with service.control() as control:
                    control.play(service.names[0], wav)
                wrench.start()

        with machine.watched() as bare:
            talked = talk(service.target(), service.pid, seconds, press)
        wrench.join()
    return [
        *spacing_rows(
            "Python stalled", IDLE_MS, talked, None, f"{stalls} stalls of 300 ms; {bare.text()}"
        ),
        _continuity(talked, spoken),
    ]


def _stall(service: Service, times: int) -> None:
    pause = threading.Event()
    pause.wait(FIRST_S)
    for _ in range(times):
        service.signal(signal.SIGUSR1)
        pause.wait(EVERY_S)


def _continuity(talked: Talk, spoken: int) -> Row:
    wanted = speech.mulaw(spoken)
    missing = misplaced(sound(talked.packets), wanted)
    note = f"of {len(wanted)}; bit-exact and without a break is 0"
    return Row("speech samples lost in stalls", "", 0, missing, None, note)


def sound(packets: Sequence[Packet]) -> bytes:
    """All audio payloads in order of sequence."""
    numbers = Unwrapper(16)
    ordered = {numbers.feed(p.sequence): p.payload for p in packets if p.payload_type == 0}
    return b"".join(ordered[n] for n in sorted(ordered))


def misplaced(heard: bytes, spoken: bytes) -> int:
    """How many samples differ where the file lies best; mu-law has two zeros, which are one.

    The place is found by the file's first loud tenth of a second.
    """
    heard, spoken = heard.replace(b"\x7f", b"\xff"), spoken.replace(b"\x7f", b"\xff")
    loud = next((n for n, c in enumerate(spoken) if abs(rtp.mulaw_table()[c]) > 1000), 0)
    place = heard.find(spoken[loud : loud + 800])
    if place < loud:
        return len(spoken)
    got = heard[place - loud :][: len(spoken)]
    wrong = sum(a != b for a, b in zip(got, spoken, strict=False))
    return wrong + len(spoken) - len(got)
