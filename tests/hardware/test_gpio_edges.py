"""Edges that get lost, and a decoder's outputs that still move."""

from __future__ import annotations

import pytest

from gateway.hardware.gpio_slic.chip import Edge
from gateway.hardware.gpio_slic.decoder import Decoder
from gateway.hardware.gpio_slic.sensed import DOUBT_NS, LOOK_NS
from gateway.line import OffHook, OnHook
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, HookEdge, PortEvent
from tests.hardware.conformance import Watched
from tests.hardware.gpio_rig import CODES, PINS, GpioRig
from tests.line.traces import country

MS = 1_000_000


# --- the hook ---


@pytest.mark.parametrize("lost", ["lift", "hang up"])
def test_a_lost_edge_is_found(lost: str) -> None:
    """By a look at the pin, 205 ms later at most."""
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    rig.chip.drive(PINS.shk, True, seen=lost != "lift")
    line.run_for((LOOK_NS + DOUBT_NS) / 1e9 + 0.02)  # and the hook's persistence
    assert line.events == [OffHook(False)]
    rig.chip.drive(PINS.shk, False, seen=lost != "hang up")
    line.run_for(2)
    assert line.events == [OffHook(False), OnHook()]
    edges = [e for e in line.raw if isinstance(e, HookEdge)]
    assert [e.off_hook for e in edges] == [True, False]


def test_an_edge_of_two_is_a_glitch() -> None:
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    rig.lift()
    line.run_for(0.5)
    rig.chip.drive(PINS.shk, False, seen=False)
    rig.chip.drive(PINS.shk, True)  # one edge of two
    line.run_for(0.5)
    rig.put_down()
    line.run_for(2)
    assert line.events == [OffHook(False), OnHook()]


def test_an_edge_that_is_late_is_no_lost_one() -> None:
    """The pin is looked at while its edge is still under way."""
    rig = GpioRig()
    line = Watched(rig, country("us")).start()
    line.run_for(0.2 - 0.001)
    rig.chip.drive(PINS.shk, True, seen=False)
    line.run_for(0.004)  # looked at, and doubted
    process = rig.process
    assert process is not None
    process.slic.edge(Edge(PINS.shk, True, rig.now_ns))
    line.run_for(1)
    assert [e.off_hook for e in line.raw if isinstance(e, HookEdge)] == [True]


# --- the decoder ---


class Outputs:
    """Q as it reads, one value after the other; the last one stays."""

    def __init__(self, *values: int) -> None:
        self.values = list(values)
        self.events: list[PortEvent] = []
        self.decoder = Decoder(self.read, self.events.append)

    def read(self) -> int:
        return self.values.pop(0) if len(self.values) > 1 else self.values[0]

    def run_to(self, now_ns: int) -> None:
        while (due := self.decoder.next_ns()) is not None and due <= now_ns:
            self.decoder.handle_deadline(due)


@pytest.mark.parametrize("digit", CODES)
def test_codes(digit: str) -> None:
    """The table of the MT8870's data sheet: 1 is 0001, 0 is 1010, D is 0000."""
    outputs = Outputs(CODES[digit])
    outputs.decoder.std(True, 0, outputs.read())
    outputs.run_to(5 * MS)
    outputs.decoder.std(False, 50 * MS, 0)
    assert outputs.events == [DtmfStart(digit, 0), DtmfEnd(digit, 50 * MS)]


READINGS = [
    ("at once the same", (5, 5), "5", 1 * MS),
    ("settles", (1, 5, 5), "5", 2 * MS),
    ("settles late", (1, 4, 5, 5), "5", 3 * MS),
    ("never settles: the last reading", (1, 2, 3, 4, 5), "4", 3 * MS),
]


@pytest.mark.parametrize(
    ("values", "digit", "known"), [r[1:] for r in READINGS], ids=[r[0] for r in READINGS]
)
def test_confirmation(values: tuple[int, ...], digit: str, known: int) -> None:
    outputs = Outputs(*values)
    outputs.decoder.std(True, 0, outputs.read())
    outputs.run_to(known - 1)
    assert outputs.events == []
    outputs.run_to(known)
    assert outputs.events == [DtmfStart(digit, 0)]


def test_a_digit_that_ended_before_it_was_confirmed_is_one() -> None:
    outputs = Outputs(7)
    outputs.decoder.std(True, 0, 7)
    outputs.decoder.std(False, MS // 2, 0)
    assert outputs.events == []
    outputs.run_to(MS)
    assert outputs.events == [DtmfStart("7", 0), DtmfEnd("7", MS // 2)]


def test_two_digits_seen_at_once_are_two() -> None:
    """Each with Q as it was where its edge was seen, though the loop came late to both."""
    outputs = Outputs(2)
    for start, value in ((0, 1), (80 * MS, 2)):
        outputs.decoder.std(True, start, value)
        outputs.decoder.std(False, start + 40 * MS, 0)
    outputs.run_to(200 * MS)
    assert [e.digit for e in outputs.events if isinstance(e, DtmfStart)] == ["1", "2"]


def test_early_tone_alone_is_no_digit() -> None:
    outputs = Outputs(1)
    outputs.decoder.est(True, 0)
    outputs.decoder.est(False, 20 * MS)
    outputs.run_to(100 * MS)
    assert outputs.events == [EarlyTone(True, 0), EarlyTone(False, 20 * MS)]
