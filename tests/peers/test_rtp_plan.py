"""What the caller sends: time stamps, markers and events by RFC 4733, on virtual slots."""

from __future__ import annotations

import itertools
import struct

import pytest

from tests.peers.impairments import Impairments, Network
from tests.peers.rtp_plan import RtpPlan, Slot, packet
from tests.peers.rtp_receiver import RtpReceiver


def plan() -> RtpPlan:
    return RtpPlan(payload_type=0, event_type=101, timestamp=(1 << 32) - 800)


def slots(work: RtpPlan, count: int) -> list[Slot]:
    return [work.next_slot() for _ in range(count)]


def test_silence_goes_on_for_ever_with_one_marker() -> None:
    sent = slots(plan(), 10)
    assert [slot.marker for slot in sent] == [True] + [False] * 9
    steps = {b.timestamp - a.timestamp for a, b in itertools.pairwise(sent)}
    assert steps == {160}


def test_a_digit_keeps_its_time_stamp_and_ends_three_times() -> None:
    work = plan()
    work.press("5", 60)
    sent = slots(work, 6)
    events = [slot for slot in sent if slot.payload_type == 101]
    assert {slot.timestamp for slot in events} == {(1 << 32) - 800}
    assert [slot.marker for slot in events] == [True, False, False, False, False]
    told = [struct.unpack("!BBH", slot.payload) for slot in events]
    assert [(flags >> 7, duration) for _, flags, duration in told] == [
        (0, 160),
        (0, 320),
        (1, 480),
        (1, 480),
        (1, 480),
    ]
    # Audio goes on at real time: five slots later.
    assert sent[5].timestamp == (1 << 32) - 800 + 5 * 160


@pytest.mark.parametrize(
    "how",
    [
        Impairments(),
        Impairments(duplicate=30),
        Impairments(reorder=30),
        Impairments(loss=20, duplicate=20, reorder=20, seed=4),
    ],
    ids=["clean", "duplicates", "reordered", "all"],
)
def test_the_receiver_hears_each_digit_once(how: Impairments) -> None:
    work, network = plan(), Network(how)
    receiver = RtpReceiver(payload_type=0, event_type=101)
    work.press("11223300", 100)
    sequence = 65530
    for _ in range(120):
        for datagram in network.carry(packet(work.next_slot(), sequence, 7)):
            receiver.feed(datagram, sequence * 20_000_000)
        sequence += 1
    assert receiver.digits == "11223300"


def test_loss_is_counted_over_the_wrap() -> None:
    work, receiver = plan(), RtpReceiver(payload_type=0, event_type=101)
    for number in range(65530, 65550):
        data = packet(work.next_slot(), number, 7)
        if number % 5:
            receiver.feed(data, number * 20_000_000)
    assert receiver.lost == 3  # the fourth, 65530, came before the first that was heard
    assert receiver.sound().size == 19 * 160


@pytest.mark.parametrize(("place", "sent"), [(0, "2590"), (2, "1510"), (9, "1590"), (None, "1590")])
def test_one_digit_is_altered(place: int | None, sent: str) -> None:
    assert Impairments(alter_digit=place).digits("1590") == sent
