"""The far end's own packets obey RFC 4733, and its collector counts each digit once."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.bench import rtp
from tests.bench.far_end import EVENT_TYPE, Impairment, Key, Voice, random_keys
from tests.bench.rtp import DigitCollector, Packet


def run(
    keys: list[Key], impairment: Impairment[bytes] | None = None, ticks: int = 0
) -> list[Packet]:
    """The packets of a voice until its keys are over, and some ticks more."""
    voice = Voice(b"", seed=3)
    voice.press(keys)
    packets: list[Packet] = []
    tick = 0
    while not voice.idle or tick < ticks:
        out = voice.tick()
        for data in impairment.apply(out) if impairment else out:
            packet = rtp.read(data, tick * 20_000_000)
            assert packet is not None
            packets.append(packet)
        tick += 1
    return packets


def collect(packets: list[Packet]) -> DigitCollector:
    """Feed the events to a receiver."""
    collector = DigitCollector()
    for packet in packets:
        if packet.payload_type == EVENT_TYPE:
            collector.feed(packet)
    return collector


@pytest.mark.parametrize("on_ms", [40, 41, 60, 100, 347, 500])
def test_one_key(on_ms: int) -> None:
    events = [p for p in run([Key("5", on_ms, 40)]) if p.payload_type == EVENT_TYPE]
    ends = [p for p in events if p.payload[1] & 0x80]
    assert [p.marker for p in events] == [True] + [False] * (len(events) - 1)
    assert len(ends) == 3
    assert {int.from_bytes(p.payload[2:4], "big") for p in ends} == {on_ms * 8}
    assert len({p.timestamp for p in events}) == 1


def test_no_audio_while_a_key_is_down() -> None:
    packets = run([Key("1", 100, 40)], ticks=20)
    slots = [p.t_ns // 20_000_000 for p in packets if p.payload_type == 0]
    assert slots == list(range(5, 20))


def test_sequence_has_no_hole() -> None:
    numbers = [p.sequence for p in run(random_keys(50, 1))]
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize("seed", range(5))
def test_random_keys_arrive_once_and_in_order(seed: int) -> None:
    keys = random_keys(200, seed)
    collector = collect(run(keys))
    assert collector.text() == "".join(key.digit for key in keys)
    assert [heard.duration for heard in collector.digits] == [key.on_ms * 8 for key in keys]
    assert collector.disorder == 0


@pytest.mark.parametrize("seed", range(5))
def test_random_keys_through_a_bad_network(seed: int) -> None:
    keys = random_keys(200, seed)
    impairment: Impairment[bytes] = Impairment(seed)
    assert collect(run(keys, impairment)).text() == "".join(key.digit for key in keys)
    assert impairment.lost > 0


def test_random_keys_repeat_themselves() -> None:
    keys = random_keys(1_000, 7)
    same = sum(a.digit == b.digit for a, b in pairwise(keys))
    assert 250 < same < 500
    assert min(key.off_ms for key in keys) == 40


def test_mulaw_is_its_own_inverse_on_its_values() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # 0x7F is the second zero
    assert rtp.mulaw_encode(rtp.mulaw_decode(codes)) == codes


@pytest.mark.parametrize(
    ("sample", "code"), [(0, 0xFF), (32_124, 0x80), (-32_124, 0x00), (8, 0xFE), (32_767, 0x80)]
)
def test_mulaw_values(sample: int, code: int) -> None:
    assert rtp.mulaw_encode([sample]) == bytes([code])
