"""pyalsaaudio on the kernel's loopback card: periods on time, and every sample comes through."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import alsaaudio
import pytest

SECONDS = 10


def pcm(kind: int, device: int, rate: int, period: int) -> alsaaudio.PCM:
    opened = alsaaudio.PCM(
        type=kind,
        mode=alsaaudio.PCM_NORMAL,
        rate=rate,
        channels=1,
        format=alsaaudio.PCM_FORMAT_S16_LE,
        periodsize=period,
        periods=4,
        device=f"hw:CARD=Loopback,DEV={device}",
    )
    agreed = opened.info()
    assert (agreed["rate"], agreed["channels"], agreed["period_size"]) == (rate, 1, period)
    return opened


@pytest.mark.parametrize(("rate", "period_ms"), [(8000, 10), (8000, 5), (48000, 10), (48000, 5)])
def test_periods_are_on_time_and_whole(
    rate: int, period_ms: int, record_property: Callable[[str, object], None]
) -> None:
    period = rate * period_ms // 1000
    count = SECONDS * 1000 // period_ms
    playback = pcm(alsaaudio.PCM_PLAYBACK, 0, rate, period)
    capture = pcm(alsaaudio.PCM_CAPTURE, 1, rate, period)
    refused: list[int] = []

    def play() -> None:
        for number in range(count):
            written = playback.write(struct.pack("<h", number % 32767 + 1) * period)
            if written != period:
                refused.append(written)

    player = threading.Thread(target=play)
    heard, times = b"", []
    capture.read()  # it hears from now on, so that the first sample is not missed
    player.start()
    for _ in range(count - 4):
        got, data = capture.read()
        times.append(time.monotonic())
        assert got == period
        heard += data
    player.join()
    playback.close()
    capture.close()

    steps = [1000 * (b - a) for a, b in pairwise(times[8:])]
    record_property("mean_ms", sum(steps) / len(steps))
    record_property("longest_ms", max(steps))
    assert refused == []
    assert sum(steps) / len(steps) == pytest.approx(period_ms, rel=0.005)
    assert max(steps) < 4 * period_ms
    samples = struct.unpack(f"<{len(heard) // 2}h", heard)
    first = next(place for place, sample in enumerate(samples) if sample)
    assert list(samples[first:]) == [
        (first_number // period) % 32767 + 1 for first_number in range(len(samples) - first)
    ]
