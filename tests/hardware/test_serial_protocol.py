"""The lines of the serial line card: every row of the protocol, and anything else at all."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hardware.serial_card import messages as msg
from gateway.hardware.serial_card.bursts import Bursts
from gateway.hardware.serial_card.card.framing import LineReader, frame, unframe
from gateway.hardware.serial_card.card_clock import CardClock
from gateway.hardware.serial_card.commands import Command, Commands
from gateway.hardware.serial_card.counters import LinkCounters
from gateway.line.cadence import DISTINCTIVE, Cadence

# Written out, checksums and all: the other rows use `frame`.
FRAMES = [
    ("BEAT", b"BEAT*12\r\n"),
    ("OK 7", b"OK 7*13\r\n"),
    ("DTMF * START 12", b"DTMF * START 12*52\r\n"),
    ("VER? 0", b"VER? 0*6E\r\n"),
]

MESSAGES = [
    ("READY 1.0", msg.Ready("1.0")),
    ("READY 2 beta", msg.Ready("2 beta")),
    ("OK 0", msg.Done(0)),
    ("OK 99", msg.Done(99)),
    ("ERR 5 powered down", msg.Refused(5, "powered down")),
    ("ERR 5", msg.Refused(5, "no reason given")),
    ("HOOK OFF 0", msg.Hook(True, 0)),
    ("HOOK ON 4294967295", msg.Hook(False, 4294967295)),
    ("DTMF 5 START 17", msg.Key("5", True, 17)),
    ("DTMF * END 18", msg.Key("*", False, 18)),
    ("DTMF D START 19", msg.Key("D", True, 19)),
    ("EARLY 1 20", msg.Early(True, 20)),
    ("EARLY 0 21", msg.Early(False, 21)),
    ("RINGTRIP 22", msg.Tripped(22)),
    ("STATE hook=OFF ring=0 power=1", msg.State(True, False, True)),
    ("STATE hook=on ring=1 power=0 reverse=1 x", msg.State(False, True, False)),
    ("BEAT", msg.Beat()),
]

NOT_OF_THE_PROTOCOL = [
    "beat",
    "BEAT ",
    " BEAT",
    "OK",
    "OK 100",
    "OK x",
    "OK ٣",  # a digit, but not one of ours
    "HOOK OFF",
    "HOOK off 5",
    "HOOK OFF -5",
    "HOOK OFF 4294967296",
    "HOOK OFF 99999999999",
    "DTMF E START 5",
    "DTMF 5 BEGIN 5",
    "DTMF 55 START 5",
    "EARLY 2 5",
    "STATE",
    "STATE hook=OFF ring=0",
    "STATE hook=up ring=0 power=1",
    "STATE hook=OFF ring=2 power=1",
    "RING 0 1 1 20",
]

DAMAGED = [
    b"BEAT",
    b"BEAT*13",
    b"BEAT*1",
    b"BEAT*012",
    b"*00",
    b"",
    b"*",
    b"OK 10*2e",  # lower case
    b"BEAT\t*0F",
    b"B\xc3\x84T*51",
]


@pytest.mark.parametrize(("text", "line"), FRAMES)
def test_a_line(text: str, line: bytes) -> None:
    assert frame(text) == line
    assert unframe(line[:-2]) == text


@pytest.mark.parametrize("text", ["", "x" * 78, "a\nb", "ä", "tab\t"])
def test_what_no_line_can_carry(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 77 printable"):
        frame(text)


def test_the_longest_line() -> None:
    line = frame("x" * 77)
    assert len(line) == 82
    assert LineReader().feed(line) == [line[:-2]]
    assert unframe(line[:-2]) == "x" * 77


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_a_message(text: str, message: msg.Message) -> None:
    assert msg.parse(frame(text)[:-2]) == message


@pytest.mark.parametrize("text", NOT_OF_THE_PROTOCOL)
def test_no_message(text: str) -> None:
    data = text.encode()
    check = 0
    for byte in data:
        check ^= byte
    with pytest.raises(msg.WireError):
        msg.parse(data + b"*%02X" % check)


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_line(line: bytes) -> None:
    with pytest.raises(msg.WireError, match="damaged"):
        msg.parse(line)


@given(st.binary(max_size=100))
def test_nothing_but_one_error_comes_out(line: bytes) -> None:
    with suppress(msg.WireError):
        msg.parse(line)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=77))
def test_nothing_but_one_error_comes_out_of_whole_lines(text: str) -> None:
    assert unframe(frame(text)[:-2]) == text
    with suppress(msg.WireError):
        msg.parse(frame(text)[:-2])


@given(st.binary(max_size=200), st.sampled_from(MESSAGES))
def test_in_step_again_after_garbage(garbage: bytes, row: tuple[str, msg.Message]) -> None:
    lines = LineReader().feed(garbage + b"\n" + frame(row[0]) + frame("BEAT"))
    assert [msg.parse(line) for line in lines[-2:]] == [row[1], msg.Beat()]


@given(st.binary(max_size=300), st.lists(st.integers(1, 20), max_size=40))
def test_how_bytes_are_cut_does_not_matter(data: bytes, cuts: list[int]) -> None:
    reader, lines, rest = LineReader(), list[bytes](), data
    for cut in cuts:
        lines += reader.feed(rest[:cut])
        rest = rest[cut:]
    assert [*lines, *reader.feed(rest)] == LineReader().feed(data)


@given(st.sampled_from(MESSAGES), st.data())
def test_one_changed_byte_is_always_seen(row: tuple[str, msg.Message], data: st.DataObject) -> None:
    line = bytearray(frame(row[0])[:-2])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(msg.WireError):
        msg.parse(bytes(line))


# --- the clock ---

MS = 1_000_000
TURN = 1 << 32

# (the card's counter, when it arrived), both ms -> what is made of it
CLOCK = {
    "the first is dated by its arrival": [((50, 1000), 1000)],
    "the fastest line counts": [((0, 1000), 1000), ((100, 1095), 1095), ((200, 1220), 1196)],
    "a late one does not": [((0, 1000), 1000), ((60, 1080), 1060.6), ((100, 1101), 1101)],
    "none is later than its arrival": [((0, 1000), 1000), ((500, 1001), 1001)],
    "after a pause the arrival counts": [((0, 1000), 1000), ((60_000, 61_300), 61_300)],
    "it turns over": [((TURN - 10, 1000), 1000), ((40, 1050), 1050), ((90, 1110), 1100.5)],
    "the same millisecond": [((TURN - 1, 1000), 1000), ((TURN - 1, 1003), 1000)],
    "it goes back": [((5000, 1000), 1000), ((100, 1500), 1500), ((150, 1551), 1550.5)],
    "it jumps ahead": [((0, 1000), 1000), ((900_000, 1010), 1010), ((60, 1060), 1060)],
    "it stands still": [((0, 1000), 1000), ((0, 9000), 9000)],
}


@pytest.mark.parametrize("rows", CLOCK.values(), ids=CLOCK)
def test_the_clock(rows: list[tuple[tuple[int, int], float]]) -> None:
    clock = CardClock()
    for (t_ms, arrival), expected in rows:
        assert clock.when(t_ms, arrival * MS) / MS == expected


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 40)), min_size=1, max_size=50),
    st.integers(0, TURN - 1),
    st.sampled_from([0.995, 1, 1.005]),
)
def test_clocks_that_drift_and_lines_that_are_late(
    events: list[tuple[int, int]], zero: int, rate: float
) -> None:
    """Whatever the card's zero: in order, never from the future, never later than the delay."""
    clock, true, arrival, last = CardClock(), 1e6, 0.0, 0.0
    for gap, delay in events:
        true += gap
        arrival = max(arrival, true + delay)
        made = clock.when(round(zero + true * rate) % TURN, round(arrival * MS)) / MS
        assert last <= made <= arrival + 1e-3
        assert made >= true - 0.006 * 5000 - 1
        last = made


def test_lengths_within_a_digit_are_true_to_the_millisecond() -> None:
    clock = CardClock()
    late = [0, 15, 0, 9, 15, 0, 3, 15]
    made = [clock.when(50 * n, (1000 + 50 * n + d) * MS) / MS for n, d in enumerate(late)]
    assert [b - a for a, b in pairwise(made)] == pytest.approx([50] * 7, abs=1.1)


# --- commands ---


def commands() -> tuple[Commands, LinkCounters]:
    counters = LinkCounters()
    return Commands(counters), counters


def test_one_is_outstanding() -> None:
    queue, _ = commands()
    queue.ask(Command("STOP"), Command("POWER", ("1",)))
    assert queue.to_send(0) == "STOP 0"
    assert queue.to_send(0.1) is None
    assert queue.answered(0) == Command("STOP")
    assert queue.to_send(0.1) == "POWER 1 1"
    assert queue.answered(1) == Command("POWER", ("1",))
    assert (queue.idle, queue.to_send(0.2), queue.next_deadline()) == (True, None, None)


def test_three_tries_of_200_ms() -> None:
    queue, counters = commands()
    queue.ask(Command("STOP"))
    sent = [queue.to_send(n / 10) for n in range(9)]
    assert sent == ["STOP 0", None, "STOP 0", None, "STOP 0", None, None, None, None]
    assert (queue.unanswered(0.59), queue.unanswered(0.61)) == (None, "STOP")
    assert counters.retries == 2


@pytest.mark.parametrize("number", [0, 2, 57])
def test_an_answer_to_nobody(number: int) -> None:
    queue, counters = commands()
    queue.ask(Command("STOP"), Command("STOP"))
    queue.to_send(0)
    queue.answered(0)
    assert queue.answered(number) is None  # nothing is outstanding
    queue.to_send(0)
    assert queue.answered(number) is None  # number 1 is
    assert counters.late == 2


def test_numbers_begin_again_after_99() -> None:
    queue, _ = commands()
    for n in range(205):
        queue.ask(Command("STOP"))
        assert queue.to_send(n) == f"STOP {n % 100}"
        queue.answered(n % 100)


def test_what_was_forgotten_is_answered_in_vain() -> None:
    queue, _ = commands()
    queue.ask(Command("STOP"))
    queue.to_send(0)
    queue.clear()
    queue.ask(Command("VER?"))
    assert queue.to_send(0) == "VER? 1"
    assert queue.answered(0) is None


# --- the cadence ---


def rung(cadence: Cadence, seconds: float) -> list[tuple[float, str]]:
    """What is sent, and how long after the first burst began. The bell has long been silent."""
    bursts, sent, now = Bursts(25, -10), list[tuple[float, str]](), 0.0
    bursts.silent(now)
    bursts.start(cadence, now)
    while (due := bursts.next_deadline()) is not None and due <= seconds:
        now = due
        sent.append((round(now, 3), bursts.command(now).text(0)))
        bursts.confirmed(now)
    return sent


def test_one_burst_is_repeated_by_the_card() -> None:
    assert rung(DISTINCTIVE["r8"], 60) == [(0, "RING 0 250 9750 25")]


def test_several_are_sent_one_ahead_in_the_middle_of_the_one_before() -> None:
    assert rung(DISTINCTIVE["r2"], 7) == [
        (0, "RING 0 800 400 25"),
        (0.6, "RING 0 800 4000 25"),
        (3.6, "RING 0 800 400 25"),
        (6.6, "RING 0 800 4000 25"),
    ]


def test_bursts_and_pauses_are_fitted_to_the_duty() -> None:
    """US: 2 s and 4 s are 33.3 %. r5 rings half of the time."""
    assert rung(DISTINCTIVE["r1"], 60) == [(0, "RING 0 1940 4091 25")]
    assert rung(DISTINCTIVE["r5"], 60) == [(0, "RING 0 500 1100 25")]


def test_ringing_is_confirmed_once() -> None:
    bursts = Bursts(20, -10)
    assert bursts.confirmed(0) == "again"
    bursts.silent(0)
    bursts.start(DISTINCTIVE["r2"], 0)
    bursts.command(0)
    assert bursts.confirmed(0) == "first"
    bursts.command(1)
    assert bursts.confirmed(1) == "again"
    bursts.again()
    assert bursts.next_deadline() is None
    bursts.silent(2)
    bursts.command(9)
    assert bursts.confirmed(9) == "again"
    bursts.stop()
    bursts.silent(10)
    bursts.start(DISTINCTIVE["r2"], 20)
    bursts.command(20)
    assert bursts.confirmed(20) == "first"


def test_a_burst_confirmed_after_its_turn_makes_the_bell_unknown() -> None:
    """The card may have repeated the one before it. What is not known is stopped first."""
    bursts = Bursts(20, -10)
    bursts.silent(0)
    bursts.start(DISTINCTIVE["r2"], 0)
    bursts.command(0)
    assert bursts.confirmed(0) == "first"
    due = bursts.next_deadline()
    assert due is not None
    bursts.command(due)
    assert bursts.confirmed(2 * due + 0.1) == "late"
    assert bursts.next_deadline() is None


def test_a_new_service_waits_until_a_burst_is_worth_its_time() -> None:
    """What was rung before it began is not known."""
    bursts = Bursts(20, 0)
    bursts.silent(0)
    bursts.start(DISTINCTIVE["r1"], 0)
    assert bursts.next_deadline() == pytest.approx(4.15, abs=0.01)
