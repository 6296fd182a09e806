"""Digits both ways: exactly once, in order, clean, whatever the network does to them."""

from __future__ import annotations

import random
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.errors import ExhaustedError
from gateway.media import DigitEnded, DigitSent, DigitStarted, Stream
from tests.media import itu_g711
from tests.media.rig import Rig, build, event
from tests.media.signals import from_bytes, level_of, shuffled_digits

ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYPAD = "123A456B789C*0#D"


def frequencies(digit: str) -> tuple[int, int]:
    row, column = divmod(KEYPAD.index(digit), 4)
    return ROWS[row], COLUMNS[column]


def received(media: Rig, stream: Stream) -> str:
    return "".join(
        one.digit for one in media.events if isinstance(one, DigitStarted) and one.stream is stream
    )


def test_a_digit_on_the_wire(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    peer.packets(1)
    side.stream.send_digit("#", duration_ms=100)
    first = peer.until(lambda packet: packet.payload_type == 101)
    packets = [first, *peer.packets(7)]
    told = [struct.unpack("!BBH", one.payload) for one in packets if one.payload_type == 101]
    assert told == [(11, 10, 160 * n) for n in (1, 2, 3, 4)] + [(11, 138, 800)] * 3
    assert {one.timestamp for one in packets[:7]} == {first.timestamp}
    assert [one.marker for one in packets] == [True] + [False] * 7
    # Speech goes on at the real time: seven slots after the digit's start.
    assert packets[7].payload_type == 0
    assert (packets[7].timestamp - first.timestamp) % 2**32 == 7 * 160
    (sent,) = media.wait(DigitSent)
    assert (sent.digit, sent.duration_ms) == ("#", 100)


def test_a_held_key_lasts_as_long_as_it_is_held(media: Rig) -> None:
    a, b = media.couple()
    a.stream.digit_start("7")
    media.wait(DigitStarted)
    media.ticks(30)
    a.stream.digit_end()
    (ended,) = media.wait(DigitEnded)
    assert ended.stream is b.stream
    assert 300 <= ended.duration_ms < 400


def test_queued_digits_arrive_in_order(media: Rig) -> None:
    a, b = media.couple()
    digits = "0123456789*#ABCD" + "5555"
    for digit in digits:
        a.stream.send_digit(digit, duration_ms=40)
    media.wait(DigitEnded, len(digits))
    assert received(media, b.stream) == digits
    assert b.stream.statistics().digits_received == len(digits)
    assert a.stream.statistics().digits_sent == len(digits)


def test_a_full_queue_is_an_error_and_drops_nothing(media: Rig) -> None:
    a, b = media.couple()
    sent = shuffled_digits(200, 1)
    taken = 0

    def send_all() -> None:
        nonlocal taken
        for digit in sent:
            a.stream.send_digit(digit, duration_ms=40)
            taken += 1

    with pytest.raises(ExhaustedError):
        send_all()
    assert 60 <= taken < 100
    sent = sent[:taken]
    media.wait(DigitEnded, len(sent))
    assert received(media, b.stream) == sent


@pytest.mark.parametrize("digit", ["", "55", "E", "x", " "])
def test_what_is_no_digit_is_refused(media: Rig, digit: str) -> None:
    side = media.facing(media.peer())
    with pytest.raises(ValueError, match="no DTMF digit"):
        side.stream.send_digit(digit)


@pytest.mark.parametrize("digit", "1#D0")
def test_without_telephone_event_the_tone_itself_is_sent(media: Rig, digit: str) -> None:
    peer = media.peer()
    side = media.facing(peer, dtmf_payload_type=None)
    side.line.write_source(b"\x00\x20" * 16000)  # what is said meanwhile is replaced
    side.stream.send_digit(digit, duration_ms=100)
    (sent,) = media.wait(DigitSent)
    assert sent.duration_ms == 100
    packets = peer.packets(20)
    assert {packet.payload_type for packet in packets} == {0}
    pcm = from_bytes(itu_g711.decode(0, b"".join(packet.payload for packet in packets)))
    tone = max(
        (pcm[at : at + 640] for at in range(0, len(pcm) - 640, 80)),
        key=lambda part: level_of(part, frequencies(digit)[0]),
    )
    for hz in (*ROWS, *COLUMNS):
        loud = level_of(tone, hz) > -13
        assert loud == (hz in frequencies(digit)), hz


def test_a_received_digit_is_a_clean_tone_on_the_line(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    side.line.start_sink()
    for number in range(3):  # one very short key, with its end packet three times
        data = build(event(5, True, 160), payload_type=101, sequence=number, timestamp=1000)
        peer.send(data, side.rtp)
    media.wait(DigitEnded)
    pcm = from_bytes(media.collect(side.line, 3200))
    loud = [at for at in range(0, 3200, 80) if level_of(pcm[at : at + 80], 770) > -20]
    assert len(loud) >= 5  # at least 50 ms
    assert loud == list(range(loud[0], loud[0] + 80 * len(loud), 80))
    tone = pcm[loud[0] : loud[0] + 400]
    assert level_of(tone, 770) == pytest.approx(-7, abs=1)
    assert level_of(tone, 1336) == pytest.approx(-7, abs=1)


def test_any_payload_type_and_none_of_the_offered_start(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer, dtmf_payload_type=96, dtmf_receive_payload_type=97)
    peer.send(build(event(1, False, 160), payload_type=97, timestamp=500), side.rtp)
    peer.send(build(event(2, True, 160), payload_type=96, timestamp=900, sequence=1), side.rtp)
    media.wait(DigitEnded)
    assert received(media, side.stream) == "1"
    assert side.stream.statistics().discarded_payload == 1


class Impairment:
    """A line between two streams: 5 % loss, 5 % duplicates, 5 % overtaken, as the seed says."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._held: list[bytes] = []

    def pass_on(self, data: bytes) -> list[bytes]:
        held, self._held = self._held, []
        chance = self._random.random()
        if chance < 0.05:
            return held
        if chance < 0.10:
            return [data, data, *held]
        if chance < 0.15 and not held:
            self._held = [data]
            return []
        return [data, *held]


@contextmanager
def bad_line(media: Rig, seed: int) -> Iterator[tuple[Stream, Stream]]:
    """Two streams with an impairment in each direction, worked by a thread of its own."""
    a, b, relay_a, relay_b = (media.sockets() for _ in range(4))
    to_b = media.side(a, relay_a[0].getsockname()).stream
    to_a = media.side(b, relay_b[0].getsockname()).stream
    stop_read, stop_write = socket.socketpair()
    ways = {
        relay_a[0]: (Impairment(seed), relay_b[0], b[0].getsockname()),
        relay_b[0]: (Impairment(seed + 1), relay_a[0], a[0].getsockname()),
    }

    def work() -> None:
        while True:
            ready, _, _ = select.select([*ways, stop_read], [], [], 30)
            if stop_read in ready or not ready:
                return
            for sock in ready:
                impairment, out, target = ways[sock]
                for data in impairment.pass_on(sock.recv(2048)):
                    out.sendto(data, target)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield to_b, to_a
    finally:
        stop_write.close()
        thread.join()
        stop_read.close()


def exchange(media: Rig, ways: list[tuple[Stream, Stream]], count: int, seed: int) -> None:
    """Send `count` random digits over every way at once, then compare."""
    wanted = {to: shuffled_digits(count, seed + number) for number, (_, to) in enumerate(ways)}
    rng = random.Random(seed)
    left = {stream: list(wanted[to]) for stream, to in ways}
    while any(left.values()):
        for stream, digits in left.items():
            while digits and stream.statistics().digits_pending < 20:
                stream.send_digit(digits.pop(0), duration_ms=rng.randint(40, 500))
                media.ticks(1)
        media.poll(0.05)
    media.wait(DigitSent, len(ways) * count)
    media.ticks(20)
    media.poll(0)
    for to, expected in wanted.items():
        assert received(media, to) == expected


def test_digits_survive_a_bad_line_both_ways(media: Rig) -> None:
    with bad_line(media, seed=5) as (a, b):
        exchange(media, [(a, b), (b, a)], 12, seed=6)


@pytest.mark.slow
def test_a_thousand_digits_survive_bad_lines_both_ways(media: Rig) -> None:
    with (
        bad_line(media, 10) as one,
        bad_line(media, 20) as two,
        bad_line(media, 30) as three,
        bad_line(media, 40) as four,
    ):
        ways = [way for a, b in (one, two, three, four) for way in ((a, b), (b, a))]
        exchange(media, ways, 125, seed=50)
