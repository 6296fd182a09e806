"""What goes wrong between the gateway and a line card, and what the line makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import HardwareError
from gateway.hardware.serial_card.card.framing import frame
from gateway.line import LineFault, LineReady, OffHook, OnHook, PulseDigit, Ringing
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    HookEdge,
    RingStarted,
)
from tests.hardware.conformance import RING, Watched
from tests.hardware.serial_rig import SerialRig
from tests.hardware.tampering import (
    Adapter,
    Heard,
    Tamper,
    break_,
    double,
    each_line,
    faults,
    lose,
    once,
    started,
)
from tests.line.traces import country

# --- starting ---


def test_the_card_is_asked_and_told_everything() -> None:
    rig, heard = SerialRig(), Heard()
    rig.to_card = heard
    line = started(rig)
    assert rig.link.state == "up"
    assert rig.link.version == "1.0"
    asked = [text.split()[0] for text in heard.commands()]
    assert asked[0] == "VER?"
    assert asked[-4:] == ["POWER", "REVERSE", "STOP", "STATE?"]
    assert line.raw == []


def test_a_handset_that_was_off_long_before_the_start() -> None:
    rig = SerialRig()
    rig.lift()
    rig.run_for(5)
    line = started(rig)
    assert line.of(HookEdge) == [HookEdge(True, line.raw[0].t_ns)]
    assert line.events == [OffHook(False)]


def test_it_beats_every_second_and_asks_now_and_then() -> None:
    rig, heard = SerialRig(), Heard()
    started(rig)
    rig.to_card = heard
    rig.run_for(60)
    assert heard.lines.count("BEAT") == 60
    assert 5 <= len(heard.commands()) <= 6
    assert {text.split()[0] for text in heard.commands()} == {"STATE?"}


def test_a_missing_card_is_an_error_at_start() -> None:
    rig = SerialRig()
    rig.cable.unplug()
    with pytest.raises(HardwareError, match="line phone1: there is no card"):
        Watched(rig, country("us")).start()


SILENT_CARDS: list[tuple[Tamper, str]] = [
    (lambda data: b"", "nothing is heard of it; check its power"),
    (lambda data: b"\x00\xff\n" * len(data), "only garbage is heard of it"),
    (each_line(lambda text: frame(text) if text == "BEAT" else b""), "it lives, but does not obey"),
]


@pytest.mark.parametrize(("tamper", "text"), SILENT_CARDS)
def test_a_card_that_never_comes_into_order(tamper: Tamper, text: str) -> None:
    rig = SerialRig()
    rig.to_host = tamper
    line = started(rig, 30)
    (fault,) = faults(line)
    assert fault.startswith(f"line card /dev/serial/by-id/card: {text}")
    rig.to_host = bytes
    line.run_for(3)
    assert line.events == [LineFault(fault), LineReady()]


def test_what_is_wanted_of_the_line_is_sent_and_sent_again() -> None:
    rig = SerialRig()
    started(rig)
    rig.port.reverse(True, rig.now)
    rig.port.power(False, rig.now)
    for _ in range(2):
        rig.run_for(2)
        assert (rig.board.levels["fr"], rig.board.levels["pd"]) == (False, False)
        rig.reset_card()
        rig.board.power(True)
        rig.board.forward(True)


def test_closing_silences_the_bell_at_once() -> None:
    rig = SerialRig()
    started(rig)
    rig.port.ring(RING, rig.now)
    rig.run_for(0.5)
    rig.port.close(rig.now)
    rig.run_for(0.05)
    assert not rig.board.levels["rm"]


# --- single lines ---

ONE_LINE = [(word, change) for word in ("RING", "STOP") for change in (lose, break_, double)]


@pytest.mark.parametrize(("word", "change"), ONE_LINE)
def test_a_command_that_is_lost_broken_or_doubled(
    word: str, change: Callable[[bytes], bytes]
) -> None:
    rig = SerialRig()
    line = started(rig)
    rig.to_card = once(word, change)
    line.rig.port.ring(RING, rig.now)
    line.run_for(1.5)
    line.rig.port.stop_ringing(rig.now)
    line.run_for(5)
    assert [b - a for a, b in rig.board.bursts()] == [1015]
    assert len(line.of(RingStarted)) == 1
    assert faults(line) == []


@pytest.mark.parametrize("change", [lose, break_, double])
def test_an_answer_that_is_lost_broken_or_doubled(change: Callable[[bytes], bytes]) -> None:
    rig = SerialRig()
    line = started(rig)
    rig.to_host = once("OK", change)
    line.ring()
    line.run_for(5)
    assert [b - a for a, b in rig.board.bursts()] == [1955]
    assert line.events == [Ringing()]


def test_an_answer_that_comes_late() -> None:
    rig = SerialRig()
    line = started(rig)
    kept: list[bytes] = []

    def late(data: bytes) -> bytes:
        kept.append(data)
        return kept.pop(0) if len(kept) > 250 else b""

    rig.to_host = late
    line.ring()
    line.run_for(2.5)
    assert line.events == [Ringing()]
    assert rig.link.counters.late >= 1
    assert rig.link.counters.retries >= 1


def test_a_card_that_does_not_answer_is_a_fault_though_it_beats() -> None:
    rig = SerialRig()
    line = started(rig)
    rig.to_card = each_line(lambda text: frame(text) if text == "BEAT" else b"")
    line.ring()
    line.run_for(10)
    (fault,) = faults(line)
    assert "it lives, but does not obey" in fault
    rig.to_card = bytes
    line.run_for(3)
    assert line.events == [LineFault(fault), LineReady()]
    assert rig.board.bursts() == []


def test_a_refusal_to_ring_is_a_fault_in_the_cards_words() -> None:
    rig = SerialRig()
    line = started(rig)
    rig.port.power(False, rig.now)
    line.ring()
    line.run_for(3)
    assert [type(event) for event in line.events] == [LineFault, LineReady]
    assert faults(line) == ["line card /dev/serial/by-id/card: it refuses to ring: powered down"]


@pytest.mark.parametrize("change", [lose, break_])
@pytest.mark.parametrize(("nth", "off_hook"), [("HOOK OFF", True), ("HOOK ON", False)])
def test_a_hook_edge_that_is_lost_is_found(
    change: Callable[[bytes], bytes], nth: str, off_hook: bool
) -> None:
    """At once where damage was seen, else when the card is next asked."""
    rig = SerialRig()
    line = started(rig)
    if not off_hook:
        rig.lift()
        line.run_for(1)
    rig.to_host = once(nth, change)
    if off_hook:
        rig.lift()
    else:
        rig.put_down()
    line.run_for(3 if change is break_ else 13)
    assert line.events[-1:] == [OffHook(False) if off_hook else OnHook()]


@pytest.mark.parametrize("change", [lose, break_])
@pytest.mark.parametrize(
    "word", ["DTMF 1 START", "DTMF 1 END", "DTMF 2 START", "EARLY 1", "EARLY 0"]
)
def test_a_line_of_a_key_that_is_lost_holds_no_key(
    change: Callable[[bytes], bytes], word: str
) -> None:
    rig = SerialRig()
    line = started(rig)
    rig.lift()
    line.run_for(1)
    line.raw.clear()
    rig.to_host = once(word, change)
    line.run_for(rig.press("12", 100, 100) + 1)
    keys = [(type(e), e.digit) for e in line.raw if isinstance(e, DtmfStart | DtmfEnd)]
    whole = [(kind, digit) for digit in "12" for kind in (DtmfStart, DtmfEnd)]
    lost = word.split()[1] if word.endswith("START") else None
    assert keys == [(kind, digit) for kind, digit in whole if digit != lost]
    early = [event.on for event in line.raw if isinstance(event, EarlyTone)]
    assert early == [n % 2 == 0 for n in range(len(early))]
    assert early[-1] is False


@pytest.mark.parametrize("longest_ms", [2, 16])
@pytest.mark.parametrize("bounce_ms", [0, 3])
@pytest.mark.parametrize(("pps", "percent"), [(8, 50), (8, 75), (10, 60), (12, 50), (12, 75)])
def test_dialled_digits_through_an_adapter_that_holds_lines_back(
    pps: float, percent: float, bounce_ms: float, longest_ms: float
) -> None:
    rig = SerialRig(bounce_ms=bounce_ms, counter=2**32 - 15_000)
    line = started(rig)
    rig.lift()
    rig.to_host = Adapter(rig, longest_ms, seed=round(pps + percent))
    line.run_for(1)
    line.events.clear()
    digits = "19028374650918273645"
    line.run_for(rig.turn(digits, pps, percent) + 1)
    assert line.events == [PulseDigit(digit) for digit in digits]


# --- everything at once ---


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.002, 0.02, 0.1]))
def test_on_a_bad_wire_nothing_breaks_and_in_the_end_all_is_right(seed: int, rate: float) -> None:
    rig = SerialRig()
    dice = random.Random(seed)

    def bad(data: bytes) -> bytes:
        kept = [b ^ (dice.random() < rate) * dice.randrange(256) for b in data]
        return bytes(b for b in kept if dice.random() >= rate / 4)

    line = started(rig)
    rig.to_host = rig.to_card = bad
    line.ring()
    line.run_for(3)
    rig.lift()
    line.run_for(1)
    line.run_for(rig.press("123", 60, 60) + 1)
    rig.put_down()
    line.run_for(1)
    rig.to_host = rig.to_card = bytes
    line.machine.stop_ringing(rig.now)  # nobody may have noticed the answer
    line.run_for(15)
    assert line.machine.state == "idle"
    assert not rig.board.levels["rm"]
    edges = [e.off_hook for e in line.raw if isinstance(e, HookEdge)]
    assert edges == [n % 2 == 0 for n in range(len(edges))]
    stamps = [e.t_ns for e in line.raw]
    assert stamps == sorted(stamps)
    line.events.clear()
    rig.lift()
    line.run_for(1)
    line.run_for(rig.press("9", 60, 60) + 1)
    assert line.events[0] == OffHook(False)
    assert [e.digit for e in line.raw if isinstance(e, DtmfStart)][-1] == "9"
