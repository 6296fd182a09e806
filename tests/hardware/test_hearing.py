"""What the electronics of a line report goes to the engine first; what is not ours, no further."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from queue import Queue

import pytest

from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.process import Arrival, Ended, PinProcess
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.hearing import Hearing
from gateway.hardware.serial_card.card.framing import frame
from gateway.hardware.serial_card.link import CardLink
from gateway.hardware.serial_card.tap import Tap
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    HookEdge,
    PortEvent,
    RingTrip,
)
from tests.hardware.fake_signals import FakeSignals

LIMIT_S = 20
MS = 1_000_000
KEY: list[PortEvent] = [EarlyTone(True, 1), DtmfStart("5", 2), EarlyTone(False, 3), DtmfEnd("5", 4)]
OTHER: list[PortEvent] = [DtmfStart("6", 5), DtmfEnd("6", 6)]
TOLD = [("early 1", 1), ("down 5", 2), ("early 0", 3), ("up", 4)]


@pytest.mark.parametrize(
    ("far", "events", "told", "passed"),
    [
        ("", KEY, TOLD, KEY),
        ("5", KEY, TOLD, [KEY[0], KEY[2]]),
        ("5", [*KEY, *OTHER], [*TOLD, ("down 6", 5), ("up", 6)], [KEY[0], KEY[2], *OTHER]),
        ("", [RingTrip(7)], [("trip", 7)], [RingTrip(7)]),
        ("", [HookEdge(True, 8), wire.Beat()], [], [HookEdge(True, 8), wire.Beat()]),
    ],
    ids=["a key", "the far end's key", "a key after it", "a lift while it rings", "others"],
)
def test_events(
    far: str, events: Sequence[object], told: list[tuple[str, int]], passed: Sequence[object]
) -> None:
    signals = FakeSignals(far)
    hearing = Hearing(signals)
    assert [event for event in events if hearing.hear(event)] == passed
    assert signals.told == told


def test_nothing_more_is_heard() -> None:
    signals = FakeSignals()
    hearing = Hearing(signals)
    hearing.hear(DtmfStart("5", 2))
    hearing.lost()
    assert signals.told[1:] == [("early 0", 2), ("up", 2)]


def test_a_closed_line_hears_nothing() -> None:
    signals = FakeSignals("5")
    signals.closed = True
    hearing = Hearing(signals)
    assert [event for event in KEY if hearing.hear(event)] == KEY


# --- a line circuit: on the thread that reads its process ---


def test_the_process_is_heard_before_the_loop() -> None:
    lines = [wire.message_line(event) for event in (*KEY, *OTHER)]
    program = (sys.executable, "-c", f"print({chr(10).join(lines)!r})")
    signals, woken = FakeSignals("5"), Queue[list[tuple[str, int]]]()
    process = PinProcess(
        "phone1", Wiring(), lambda: woken.put(list(signals.told)), Hearing(signals), program
    )
    arrived = list[Arrival | None]()
    while not arrived or not isinstance(arrived[-1], Ended):
        assert woken.get(timeout=LIMIT_S)  # the engine knew already
        arrived.append(process.arrival())
    process.close()
    assert arrived[:-1] == [KEY[0], KEY[2], *OTHER]
    assert signals.told == [*TOLD, ("down 6", 5), ("up", 6), ("early 0", 5), ("up", 5)]
    assert threading.get_ident() not in signals.threads
    assert len(signals.threads) == 1


# --- a line card: on the thread that reads its port ---

SAID = (
    *(frame(text) for text in ("BEAT", "EARLY 1 100", "DTMF 5 START 130", "HOOK OFF 131")),
    b"DTMF 7 START 132*00\r\n",  # damaged: neither end believes it
    *(frame(text) for text in ("EARLY 0 180", "DTMF 5 END 200", "DTMF # START 300")),
    *(frame(text) for text in ("DTMF # END 360", "RINGTRIP 400")),
)


@pytest.mark.parametrize("cut", [1, 3, 7, 1000])
def test_the_card_is_heard_in_pieces(cut: int) -> None:
    """However the bytes come, loop and engine agree which key was whose."""
    signals = FakeSignals("5")
    tap, link = Tap(Hearing(signals)), CardLink("/dev/card", 20, 0)
    link.opened(1.0)
    data, events = b"".join(SAID), list[PortEvent]()
    for at in range(0, len(data), cut):
        t_ns = 1000 * MS
        piece = data[at : at + cut]
        link.receive(piece, t_ns, tap.read(piece, t_ns))
    while (event := link.next_event()) is not None:
        events.append(event)
    keys = [e.digit for e in events if isinstance(e, DtmfStart | DtmfEnd)]
    assert keys == ["#", "#"]
    assert [what for what, _ in signals.told] == [
        *("early 1", "down 5", "early 0", "up"),
        *("down #", "up", "trip"),
    ]


def test_a_card_that_is_lost_has_no_key_down() -> None:
    signals = FakeSignals()
    tap = Tap(Hearing(signals))
    tap.read(frame("DTMF 5 START 130") + b"DTMF 5 EN", 1000 * MS)
    tap.lost()
    assert [what for what, _ in signals.told] == ["down 5", "early 0", "up"]
    assert tap.read(frame("DTMF 8 START 10"), 2000 * MS) == (False,)


def test_times_are_those_of_the_cards_own_clock() -> None:
    signals = FakeSignals()
    tap = Tap(Hearing(signals))
    tap.read(frame("EARLY 1 100"), 1000 * MS)
    tap.read(frame("DTMF 5 START 130"), 1046 * MS)  # held back for 16 ms on its way
    assert signals.told == [("early 1", 1000 * MS), ("down 5", 1030 * MS + 300_000)]
