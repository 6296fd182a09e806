"""The reference line card alone: what it says, how it rings, and never for too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hardware.serial_card.card.framing import LineReader, frame, unframe
from gateway.hardware.serial_card.card.line_card import LineCard
from gateway.hardware.serial_card.card.ringer import PARK_MS
from tests.hardware.bench import Bench

FULL_MS = 10_000


class Card:
    """A card on a bench, a millisecond at a time. It hears a BEAT each second while `beats`."""

    def __init__(self, idle_ms: int = FULL_MS) -> None:
        self.board, self.now, self.beats = Bench(), 0, True
        self.card = LineCard(self.board, 0)
        self.said: list[tuple[int, str]] = []
        self._reader = LineReader()
        self.run(idle_ms)
        self.said.clear()

    def run(self, ms: int) -> None:
        for _ in range(ms):
            self.now += 1
            self.board.now_ms = self.now
            if self.beats and self.now % 1000 == 0:
                self.card.receive(frame("BEAT"))
            self.card.step(self.now)
            self._hear()

    def ask(self, text: str) -> list[str]:
        """What is answered at once."""
        before = len(self.said)
        self.card.receive(frame(text))
        self._hear()
        return [line for _, line in self.said[before:]]

    def news(self) -> list[str]:
        """Everything said but the beats."""
        said = [line for _, line in self.said if line != "BEAT"]
        self.said.clear()
        return said

    def _hear(self) -> None:
        for line in self._reader.feed(self.card.to_send()):
            text = unframe(line)
            assert text is not None
            self.said.append((self.now, text))


ANSWERS = [
    ("RING 1 1000 2000 20", ["OK 1"]),
    ("RING 1 1000 2000 16.7", ["OK 1"]),
    ("STOP 2", ["OK 2"]),
    ("REVERSE 3 1", ["OK 3"]),
    ("POWER 99 0", ["OK 99"]),
    ("STATE? 5", ["STATE hook=ON ring=0 power=1 reverse=0", "OK 5"]),
    ("VER? 6", ["READY 1.0", "OK 6"]),
    ("RING 1", ["ERR 1 wrong arguments"]),
    ("RING 1 0 2000 20", ["ERR 1 wrong arguments"]),
    ("RING 1 1000 2000 0", ["ERR 1 wrong arguments"]),
    ("RING 1 1000 2000 nan", ["ERR 1 wrong arguments"]),
    ("RING 1 1000 x 20", ["ERR 1 wrong arguments"]),
    ("POWER 1", ["ERR 1 wrong arguments"]),
    ("POWER 1 2", ["ERR 1 wrong arguments"]),
    ("DANCE 1", ["ERR 1 unknown command"]),
    ("STOP 100", []),
    ("STOP x", []),
    ("STOP", []),
]


@pytest.mark.parametrize(("command", "answer"), ANSWERS)
def test_answers(command: str, answer: list[str]) -> None:
    assert Card().ask(command) == answer


def test_a_damaged_command_is_not_answered_and_the_next_one_is() -> None:
    card = Card()
    card.card.receive(b"STOP 1*00\r\nSTO")
    card.card.receive(b"\xff\x00" * 100 + b"\n")
    assert card.ask("STOP 2") == ["OK 2"]
    assert card.news() == ["OK 2"]


@given(st.binary(max_size=300))
def test_no_bytes_disturb_it(data: bytes) -> None:
    card = LineCard(Bench(), 0)
    card.step(100)
    card.receive(data + b"\n" + frame("STOP 3"))
    assert card.to_send().endswith(frame("OK 3"))


def test_it_says_ready_and_beats() -> None:
    card = Card(0)
    card.board.off_hook = True
    assert card.ask("STATE? 1") == []
    card.run(3500)
    assert [line for _, line in card.said] == ["READY 1.0", *["BEAT"] * 4]
    assert card.ask("STATE? 2") == ["STATE hook=OFF ring=0 power=1 reverse=0", "OK 2"]


# --- the telephone ---


def test_hook_edges_and_keys() -> None:
    card = Card()
    board = card.board
    at = card.now + 1
    board.off_hook = True
    card.run(50)
    board.early = True
    card.run(10)
    board.valid, board.code = True, 11
    card.run(40)
    board.valid = board.early = False
    card.run(40)
    board.off_hook = False
    card.run(5)
    assert card.news() == [
        f"HOOK OFF {at}",
        f"EARLY 1 {at + 50}",
        f"DTMF * START {at + 60}",
        f"DTMF * END {at + 100}",
        f"EARLY 0 {at + 100}",
        f"HOOK ON {at + 140}",
    ]


@pytest.mark.parametrize(("code", "digit"), list(enumerate("D1234567890*#ABC")))
def test_decoder_codes(code: int, digit: str) -> None:
    card = Card()
    card.board.valid, card.board.code = True, code
    card.run(2)
    assert card.news()[0].startswith(f"DTMF {digit} START ")


def test_a_spike_of_std_is_no_key() -> None:
    card = Card()
    card.board.valid = True
    card.run(1)
    card.board.valid = False
    card.run(10)
    assert card.news() == []


def test_inputs_mean_nothing_while_the_slic_is_down_and_wakes() -> None:
    card = Card()
    card.ask("POWER 1 0")
    assert not card.board.levels["pd"]
    card.board.off_hook = True
    card.run(100)
    assert card.ask("RING 2 1000 2000 20") == ["ERR 2 powered down"]
    card.ask("POWER 3 1")
    card.news()
    card.run(45)
    assert card.news() == []
    card.run(10)
    assert card.news() == [f"HOOK OFF {card.now - 5}"]


# --- the bell ---


def test_a_burst() -> None:
    """F/R toggles at the frequency while RM is high, parks high, and RM falls after 10 ms."""
    card = Card()
    card.ask("RING 1 1000 2000 25")
    card.run(1100)
    changes = [(t - card.board.changes[0][0], pin, level) for t, pin, level in card.board.changes]
    assert changes[0] == (0, "rm", True)
    assert changes[-1] == (1000 + PARK_MS, "rm", False)
    toggles = changes[1:-1]
    assert toggles == [(20 * n, "fr", n % 2 == 0) for n in range(1, 51)]


@pytest.mark.parametrize(
    ("wanted", "rung"), [(16.7, 20), (20, 20), (22.5, 22.5), (25, 25), (50, 25)]
)
def test_its_frequency(wanted: float, rung: float) -> None:
    card = Card()
    card.ask(f"RING 1 1900 4000 {wanted}")
    card.run(1895)
    toggles = [t for t, pin, _ in card.board.changes if pin == "fr"]
    measured = (len(toggles) - 1) / 2 / ((toggles[-1] - toggles[0]) / 1000)
    assert measured == pytest.approx(rung, rel=0.01)


def test_a_cadence_goes_on_and_changes_after_the_pause() -> None:
    card = Card()
    card.ask("RING 1 400 600 20")
    card.run(500)
    card.ask("RING 2 800 4000 20")
    card.run(500 + 4800)
    card.ask("RING 3 400 600 20")
    card.run(600)
    began = card.board.bursts()[0][0]
    lengths = [(a - began, b - a - PARK_MS) for a, b in card.board.bursts()]
    assert lengths == [(0, 400), (1000, 800), (5800, 400)]


def test_stopping_parks_and_ringing_again_begins_at_once() -> None:
    card = Card()
    card.ask("RING 1 1000 4000 20")
    card.run(330)
    card.ask("STOP 2")
    card.run(100)
    card.ask("RING 3 500 4000 20")
    card.run(600)
    first, second = card.board.bursts()
    assert (first[1] - first[0], second[0] - first[0], second[1] - second[0]) == (344, 430, 515)
    assert card.board.levels["fr"]


def test_ring_trip() -> None:
    card = Card()
    card.ask("RING 1 2000 4000 20")
    card.run(500)
    card.news()
    for _ in range(10):  # SHK pulses while the bell rings
        card.board.off_hook = True
        card.run(9)
        card.board.off_hook = False
        card.run(16)
    assert card.news() == []
    at = card.now + 1
    card.board.off_hook = True
    card.run(100)
    assert card.news() == [f"RINGTRIP {at + 10}", f"HOOK OFF {at}"]
    ((_, end),) = card.board.bursts()
    assert end - at == 10 + PARK_MS
    card.run(20_000)
    assert len(card.board.bursts()) == 1


def test_no_burst_begins_while_the_handset_is_off() -> None:
    card = Card()
    card.ask("RING 1 300 1000 20")
    card.run(600)
    card.board.off_hook = True
    card.run(2000)
    card.board.off_hook = False
    card.run(400)
    assert [b - a for a, b in card.board.bursts()] == [315, 315]


def test_reversed_after_the_burst() -> None:
    card = Card()
    card.ask("RING 1 100 4000 20")
    card.run(50)
    card.ask("REVERSE 2 1")
    assert card.board.levels["rm"]
    card.run(80)
    assert (card.board.levels["rm"], card.board.levels["fr"]) == (False, False)


# --- silence of the host ---


def test_it_parks_after_three_seconds_and_says_ready_when_it_hears_the_host_again() -> None:
    card = Card()
    card.ask("REVERSE 1 1")
    card.ask("RING 2 1900 200 20")
    card.beats = False
    card.run(3001)
    card.run(2000)
    bursts = len(card.board.bursts())
    assert not card.board.levels["rm"]
    assert card.board.levels["fr"]
    card.news()
    card.board.off_hook = True
    card.run(20_000)
    assert (len(card.board.bursts()), card.news()) == (bursts, [])
    assert card.ask("RING 3 1000 2000 20") == ["ERR 3 no heartbeat"]
    assert card.ask("BEAT") == ["READY 1.0"]
    assert card.ask("STATE? 4") == ["STATE hook=OFF ring=0 power=1 reverse=0", "OK 4"]


# --- the duty ---

ORDER = st.one_of(
    st.tuples(st.just("RING"), st.integers(1, 5000), st.integers(1, 3000)),
    st.tuples(st.just("STOP"), st.just(0), st.just(0)),
)


@given(st.lists(st.tuples(ORDER, st.integers(0, 3000)), max_size=12), st.integers(0, FULL_MS))
def test_no_order_rings_longer_than_the_slic_bears(
    orders: list[tuple[tuple[str, int, int], int]], idle_ms: int
) -> None:
    """For every interval T: RM is high for 0.325 T + 1.4 s at most, one burst for 2 s at most."""
    card = Card(idle_ms)
    for (word, on_ms, off_ms), wait_ms in orders:
        card.ask(f"{word} 1 {on_ms} {off_ms} 20")
        card.run(wait_ms)
    card.ask("STOP 1")
    card.run(50)
    bursts = card.board.bursts()
    assert all(end - begin <= 2000 for begin, end in bursts)
    for n, (begin, _) in enumerate(bursts):  # the worst intervals begin and end with a burst
        high = 0
        for first, last in bursts[n:]:
            high += last - first
            assert high <= 0.325 * (last - begin) + 1400


def test_the_us_cadence_is_stretched_to_the_duty() -> None:
    card = Card()
    card.ask("RING 1 2000 4000 20")
    card.run(600_000)
    bursts = card.board.bursts()
    assert bursts[0][1] - bursts[0][0] == 2000
    periods = bursts[-1][0] - bursts[5][0]
    assert sum(end - begin for begin, end in bursts[5:-1]) / periods <= 0.3251
    assert periods / (len(bursts) - 6) == pytest.approx(2000 / 0.325, rel=0.01)
