"""What was never sent is not lost: gaps at digits and in announced silence; digits and a hold."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media import DigitEnded, DigitSent, DigitStarted
from tests.media.rig import Rig, build, event
from tests.media.signals import as_bytes, from_bytes, speech_like
from tests.media.test_reception import facing


@pytest.mark.parametrize("duration_ms", [40, 100, 150])
def test_digits_on_a_good_line_conceal_nothing(media: Rig, duration_ms: int) -> None:
    a, b = media.couple()
    a.line.write_source(as_bytes(speech_like(16000)))
    media.ticks(30)
    for digit in "1234":
        a.stream.send_digit(digit, duration_ms=duration_ms)
        media.ticks(30)
    media.wait(DigitEnded, 4)
    media.ticks(20)
    counters = b.stream.statistics()
    assert (counters.lost, counters.late, counters.digits_received) == (0, 0, 4)
    assert counters.concealed_ms == 0


def test_comfort_noise_is_silence_not_loss(media: Rig) -> None:
    peer, side, talker = facing(media)
    talker.say(speech_like(3200))
    for _ in range(3):
        noise = build(
            b"\x32",  # -50 dBov
            payload_type=13,
            sequence=talker.sequence,
            timestamp=talker.timestamp,
            ssrc=talker.ssrc,
        )
        peer.send(noise, side.rtp)
        talker.sequence += 1
        talker.timestamp += 2400
        media.ticks(30 - 8)  # early again, so that nothing depends on how prompt this process is
        talker.say(speech_like(1600, seed=2))
    counters = side.stream.statistics()
    assert (counters.lost, counters.concealed_ms) == (0, 0)
    heard = from_bytes(media.collect(side.line, side.line.sink_level()))
    quiet = [
        float(np.sqrt(np.mean(np.square(heard[at : at + 400].astype(float)))))
        for at in range(4800, len(heard) - 400, 400)
    ]
    assert min(quiet) == pytest.approx(32635 * 10 ** (-50 / 20), rel=0.2)


def test_a_sequence_jump_in_a_digit_is_no_second_digit(media: Rig) -> None:
    peer, side, talker = facing(media)
    talker.say(speech_like(1600))
    start = talker.timestamp
    for number in range(10):
        if number == 3:
            talker.sequence += 20000
        data = build(
            event(5, number >= 7, min(160 * (number + 1), 1280)),
            payload_type=101,
            sequence=talker.sequence,
            timestamp=start,
            ssrc=talker.ssrc,
        )
        peer.send(data, side.rtp)
        talker.sequence += 1
        media.ticks(2)
    media.wait(DigitEnded)
    media.ticks(15)
    media.poll(0)
    assert [type(one) for one in media.events if isinstance(one, (DigitStarted, DigitEnded))] == [
        DigitStarted,
        DigitEnded,
    ]


def test_a_hold_ends_the_key_and_forgets_the_queue(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    side.stream.digit_start("7")
    peer.until(lambda packet: packet.payload_type == 101)
    side.stream.send_digit("8")
    side.stream.update(sending=False)
    side.stream.send_digit("9")
    (sent,) = media.wait(DigitSent)
    assert sent.digit == "7"
    media.ticks(4)
    peer.drain()
    side.stream.digit_end()
    side.stream.update(sending=True)
    packets = peer.packets(20)
    assert {packet.payload_type for packet in packets} == {0}
    counters = side.stream.statistics()
    assert (counters.digits_sent, counters.digits_unsent, counters.digits_pending) == (1, 2, 0)
    side.stream.send_digit("1")
    assert peer.until(lambda packet: packet.payload_type == 101).payload[0] == 1


def test_keys_too_many_to_be_played_are_counted(media: Rig) -> None:
    peer, side, talker = facing(media)
    talker.say(speech_like(1600))
    for number in range(200):
        data = build(
            event(number % 10, True, 320),
            payload_type=101,
            sequence=talker.sequence,
            timestamp=talker.timestamp + 640 * number,
            ssrc=talker.ssrc,
        )
        peer.send(data, side.rtp)
        talker.sequence += 1
        if number % 20 == 19:
            media.ticks(1)
            media.poll(0)
    media.ticks(2)
    counters = side.stream.statistics()
    assert counters.digits_received == 200
    assert 60 <= counters.digits_unplayed <= 72
