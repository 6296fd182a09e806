"""A line's microphone, earpiece and tones; and the whole way from one line to another."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gateway.errors import LocalProtocolError
from gateway.media import DataSent, DataSpec, SourceDrained, ToneSegmentSpec, ToneSpec
from tests.media.rig import Rig
from tests.media.signals import as_bytes, find, from_bytes, level_of, speech_like, through


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_speech_travels_bit_exactly_from_line_to_line(media: Rig, host: str) -> None:
    a, b = media.couple(host)
    said = {a: speech_like(8000), b: speech_like(8000, seed=2)}
    for side, pcm in said.items():
        side.line.start_sink()
        side.line.write_source(as_bytes(pcm))
        side.line.end_source()
    media.wait(SourceDrained, 2)
    media.ticks(10)
    for side, other in ((a, b), (b, a)):
        heard = from_bytes(side.line.read_sink(100_000))
        expected = through(0, said[other])
        at = find(expected, heard)
        assert at >= 0
        assert np.array_equal(heard[at : at + 8000], expected)


def test_a_stalled_interpreter_loses_no_sample(media: Rig) -> None:
    a, b = media.couple()
    said = speech_like(24000)
    b.line.start_sink()
    a.line.write_source(as_bytes(said))
    a.line.end_source()
    busy_until = time.monotonic() + 0.3
    while time.monotonic() < busy_until:
        pass
    media.wait(SourceDrained)
    media.ticks(10)
    heard = from_bytes(b.line.read_sink(100_000))
    expected = through(0, said)
    at = find(expected, heard)
    assert at >= 0
    assert np.array_equal(heard[at : at + 24000], expected)
    assert a.line.statistics().source_missing == 0
    assert b.line.statistics().sink_overrun == 0


def test_the_rings_hold_four_seconds(media: Rig) -> None:
    line = media.engine.open_line()
    assert line.write_source(bytes(2 * 40000)) >= 31000


def test_a_source_drains_once_for_each_end(media: Rig) -> None:
    line = media.engine.open_line()
    line.write_source(bytes(320))
    line.end_source()
    media.wait(SourceDrained, 1)
    line.end_source()  # an end with nothing before it is an end, too
    media.wait(SourceDrained, 2)
    assert line.statistics().source_missing == 0


def test_clearing_forgets_samples_and_their_end(media: Rig) -> None:
    line = media.engine.open_line()
    line.write_source(bytes(48000))
    line.end_source()
    line.clear_source()
    assert line.source_level() == 0
    media.ticks(5)
    media.poll(0)
    assert not media.events
    line.write_source(bytes(320))
    line.end_source()
    media.wait(SourceDrained)


def test_running_empty_is_counted_when_no_end_was_said(media: Rig) -> None:
    line = media.engine.open_line()
    line.write_source(bytes(320))
    media.ticks(10)
    assert line.statistics().source_missing > 0


def test_the_sink_stops_and_keeps_what_it_has(media: Rig) -> None:
    line = media.engine.open_line()
    line.start_sink()
    media.ticks(10)
    line.stop_sink()
    media.ticks(2)
    level = line.sink_level()
    media.ticks(5)
    assert line.sink_level() == level >= 640
    assert len(line.read_sink(100)) == 200
    assert len(line.read_sink(10**6)) == 2 * (level - 100)
    assert line.read_sink(10) == b""


def tone(*frequencies: float, **changes: float) -> ToneSpec:
    return ToneSpec((ToneSegmentSpec(frequencies, **changes),), 0)  # type: ignore[arg-type]


def test_a_dial_tone_sounds_until_stopped(media: Rig) -> None:
    line = media.engine.open_line()
    line.play_tone(tone(350, 440, level_dbm=-13))
    media.ticks(3)
    line.start_sink()
    pcm = from_bytes(media.collect(line, 4000))
    assert level_of(pcm, 350) == pytest.approx(-13, abs=0.2)
    assert level_of(pcm, 440) == pytest.approx(-13, abs=0.2)
    line.stop_tone()
    media.ticks(3)
    media.collect(line, line.sink_level())
    assert not from_bytes(media.collect(line, 800)).any()


def test_a_busy_tone_keeps_its_cadence_to_the_sample(media: Rig) -> None:
    line = media.engine.open_line()
    line.start_sink()
    line.play_tone(tone(425, on_ms=105, off_ms=95))
    pcm = from_bytes(media.collect(line, 8000))
    first = int(np.flatnonzero(pcm)[0]) - 1  # a sine begins with zero
    for beat in range(4):
        at = first + beat * 1600
        assert level_of(pcm[at : at + 840], 425) > -14
        assert not pcm[at + 841 : at + 1600].any()


def test_a_tone_replaces_speech_or_joins_it(media: Rig) -> None:
    a, b = media.couple()
    a.line.play_tone(tone(1000, level_dbm=-13))
    b.line.play_tone(ToneSpec((ToneSegmentSpec((2000.0,), -20.0),), None, mix=True))
    for side, other in ((a, b), (b, a)):
        voice = np.sin(2 * np.pi * 500 * np.arange(24000) / 8000) * 5000
        other.line.write_source(as_bytes(voice.astype(np.int16)))
        side.line.start_sink()
    media.ticks(20)
    for side in (a, b):
        media.collect(side.line, side.line.sink_level())
    replaced = from_bytes(media.collect(a.line, 4000))
    joined = from_bytes(media.collect(b.line, 4000))
    assert level_of(replaced, 1000) > -14
    assert level_of(replaced, 500) < -50
    assert level_of(joined, 2000) == pytest.approx(-20, abs=0.5)
    assert level_of(joined, 500) > -15


@pytest.mark.parametrize(
    "spec",
    [
        ToneSpec(()),
        ToneSpec((ToneSegmentSpec((400.0,)),) * 25),
        ToneSpec((ToneSegmentSpec((1.0, 2.0, 3.0, 4.0, 5.0)),)),
        ToneSpec((ToneSegmentSpec((4000.0,)),)),
        ToneSpec((ToneSegmentSpec((400.0,)),), repeat_from=1),
    ],
)
def test_silly_tones_are_refused(media: Rig, spec: ToneSpec) -> None:
    with pytest.raises(LocalProtocolError):
        media.engine.open_line().play_tone(spec)


def test_data_follow_the_tone_and_are_told(media: Rig) -> None:
    line = media.engine.open_line()
    line.start_sink()
    line.play_tone(ToneSpec((ToneSegmentSpec((2130.0, 2750.0), -20.0, 100, 60),)))
    line.send_data(DataSpec("v23", b"\x82\x03\x0b\x01\xff\x70", level_dbm=-13.5))
    (sent,) = media.wait(DataSent)
    media.ticks(2)
    pcm = from_bytes(media.collect(line, line.sink_level()))
    first = int(np.flatnonzero(pcm)[0]) - 1
    assert sent.line is line
    assert level_of(pcm[first : first + 800], 2750) == pytest.approx(-20, abs=0.3)
    assert not pcm[first + 801 : first + 1280].any()
    data = pcm[first + 1280 :]
    mark = data[300 * 20 // 3 : 480 * 20 // 3]
    assert level_of(mark, 1300) == pytest.approx(-13.5, abs=0.2)
    assert not data[(480 + 60 + 8) * 20 // 3 + 2 :].any()
    assert level_of(data[540 * 20 // 3 : 547 * 20 // 3], 1300) > -15


@pytest.mark.parametrize("stop", ["stop_tone", "play_tone"])
def test_data_end_where_something_else_is_wanted(media: Rig, stop: str) -> None:
    line = media.engine.open_line()
    line.send_data(DataSpec("bell202", bytes(258)))
    media.ticks(5)
    if stop == "stop_tone":
        line.stop_tone()
    else:
        line.play_tone(tone(440, on_ms=20, off_ms=5000))
    media.ticks(10)
    line.start_sink()
    assert not from_bytes(media.collect(line, 1600)).any()
    assert not media.engine.read_events()


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec("v22", b"x"),
        DataSpec("v23", b""),
        DataSpec("v23", bytes(259)),
        DataSpec("v23", b"x", seizure_bits=100_000),
        DataSpec("v23", b"x", level_dbm=5),
    ],
)
def test_silly_data_are_refused(media: Rig, spec: DataSpec) -> None:
    with pytest.raises(LocalProtocolError):
        media.engine.open_line().send_data(spec)
