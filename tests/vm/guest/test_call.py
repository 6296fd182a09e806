"""Whole calls on the test machine: SIP on one side, pins and a sound card on the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.audio.align import align
from tests.audio.gaps import dropouts
from tests.audio.speech import utterance
from tests.audio.tones import tones_of
from tests.audio.wav import Pcm, read_wav, write_wav
from tests.peers.driver import twilio_caller
from tests.scenario.gateway_process import GatewayProcess
from tests.scenario.phone import Phone
from tests.vm.guest import gestures
from tests.vm.guest.board import Board
from tests.vm.guest.handset import Handset, ahead_of_others
from tests.vm.guest.ring import Burst, bursts, worst_excess_s
from tests.vm.guest.service import gateway
from tests.vm.guest.sound import Sound
from tests.vm.guest.watch import Watch

SPEECH_S = 4.0
BOUNCES_S = (0.001, 0.002, 0.003, 0.0035)
RING_HZ = 20  # of the country
BURST_S, ROUND_S = 2.0, 6.0

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """The shipped service, its line on the simulated pins and the loopback card."""
    with gateway(tmp_path_factory.mktemp("tipring")) as service:
        yield service
        assert service.running, service.log_text()


@pytest.fixture
def phone(service: GatewayProcess) -> Phone:
    """What the service says of its line."""
    service.phone.await_state("idle")
    return service.phone


@pytest.fixture
def sound() -> Iterator[Sound]:
    with Sound() as sound:
        yield sound


@pytest.fixture(scope="module")
def speech() -> dict[str, Pcm]:
    return {who: utterance(who, SPEECH_S) for who in ("caller", "phone")}


def test_a_whole_call(
    service: GatewayProcess,
    phone: Phone,
    board: Board,
    handset: Handset,
    sound: Sound,
    speech: dict[str, Pcm],
    tmp_path: Path,
    record_property: Record,
) -> None:
    """Ring, lift, speak both ways, keys, a rotary digit, flash, hang up."""
    wav = tmp_path / "caller.wav"
    write_wav(wav, speech["caller"])
    with twilio_caller(service.target, tmp_path) as caller:
        caller.wait_for("response", status=180)
        found, lifted_ns = _ring_and_lift(board, handset)
        _judge_bell(found, lifted_ns, record_property)
        answer = caller.wait_for("answered")
        record_property("answer_ms", answer["t"] * 1000 - lifted_ns / 1e6)

        sound.say(speech["phone"])
        caller.order(f"speak {wav}")
        caller.wait_for("spoken", 20)
        _until(lambda: not sound.speaking, 10)
        _silence(0.5)

        with ahead_of_others():
            handset.play(gestures.keys("159D#0"))
        caller.wait_for("digit-heard", what="0")
        with ahead_of_others():
            handset.play(gestures.rotary("40", pulses_s=12, break_percent=75))
        caller.wait_until(lambda _: len(caller.told("digit-heard")) == 8, 5, "the dialled 0")
        handset.play(gestures.flash(0.5, BOUNCES_S))
        _silence(1.5)
        assert "hook flash" in service.log_text()
        assert [call["state"] for call in phone.status()["calls"]] == ["talking"]
        handset.play(gestures.hang_up(BOUNCES_S))
        over = caller.over(15)
    assert over["faults"] == []
    assert over["digits"] == "159D#040"
    assert [row["method"] for row in caller.told("request")][-1] == "BYE"
    phone.await_state("idle")
    assert phone.await_record()["digits"]["sent"] == "159D#040"
    _judge_speech("earpiece", speech["caller"], sound.heard(), record_property)
    _judge_speech("caller", speech["phone"], _heard_by(over), record_property)
    assert sound.xruns == 0


def test_the_far_end_hangs_up(
    service: GatewayProcess,
    phone: Phone,
    board: Board,
    handset: Handset,
    sound: Sound,
    tmp_path: Path,
) -> None:
    """Who is left hears the busy tone, and has dial tone at the next lift."""
    with twilio_caller(service.target, tmp_path) as caller:
        caller.wait_for("response", status=180)
        _ring_and_lift(board, handset, count=1)
        caller.wait_for("answered")
        _silence(1.0)
        caller.order("bye")
        assert caller.over()["faults"] == []
    over_s = sound.heard_s
    _silence(3.0)
    handset.play(gestures.hang_up(BOUNCES_S))
    phone.await_state("idle")
    assert tones_of(sound.heard(over_s)) == ["busy"]
    lifted_s = sound.heard_s
    handset.play(gestures.lift(BOUNCES_S))
    phone.await_state("off-hook")
    _silence(1.5)
    handset.play(gestures.hang_up())
    phone.await_state("idle")
    assert tones_of(sound.heard(lifted_s)) == ["dial"]


def test_a_caller_who_gives_up(
    service: GatewayProcess, phone: Phone, board: Board, tmp_path: Path
) -> None:
    """The bell stops in its burst and stays silent."""
    with Watch(board) as watch:
        with twilio_caller(service.target, tmp_path) as caller:
            caller.wait_for("response", status=180)
            assert watch.wait("RM", 1, 8)
            _silence(0.5)
            caller.order("cancel")
            assert caller.over()["why"] == "refused with 487"
        phone.await_state("idle")
        _silence(8)
    (burst,) = bursts(watch.levels)
    assert burst.length_s < 1.0


def _ring_and_lift(board: Board, handset: Handset, count: int = 2) -> tuple[list[Burst], int]:
    """Let it ring `count` times and lift it in the next burst; all bursts, and when it was."""
    with Watch(board) as watch:
        for _ in range(count):
            assert watch.wait("RM", 1, ROUND_S + 2)
            assert watch.wait("RM", 0, BURST_S + 0.5)
        assert watch.wait("RM", 1, ROUND_S + 2)
        _silence(0.7)
        with ahead_of_others():
            turned = handset.play(gestures.lift(BOUNCES_S))
        assert watch.wait("RM", 0, 0.5)
    return bursts(watch.levels), turned[-1].t_ns


def _judge_bell(found: list[Burst], lifted_ns: int, record_property: Record) -> None:
    *whole, cut = found
    record_property("hertz", [round(burst.frequency, 3) for burst in found])
    record_property("burst_s", [round(burst.length_s, 3) for burst in whole])
    record_property("trip_ms", (cut.end_ns - lifted_ns) / 1e6)
    rounds = [(b.start_ns - a.start_ns) / 1e9 for a, b in pairwise(found)]
    record_property("round_s", [round(each, 3) for each in rounds])
    for burst in found:
        assert burst.frequency == pytest.approx(RING_HZ, rel=0.01)
    for burst in whole:
        assert BURST_S - 0.1 < burst.length_s < BURST_S
    assert worst_excess_s(found) <= 1.4
    for each in rounds:
        assert ROUND_S <= each < ROUND_S + 0.2
    assert 0.010 < (cut.end_ns - lifted_ns) / 1e9 < 0.040


def _judge_speech(who: str, said: Pcm, heard: Pcm, record_property: Record) -> None:
    place = align(said, heard)
    record_property(f"{who}_correlation", place.correlation)
    assert place.correlation > 0.95
    assert dropouts(said, heard[place.offset : place.offset + said.size]) == []


def _heard_by(over: dict[str, object]) -> Pcm:
    return read_wav(Path(str(over["wav"])))


def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def _silence(seconds: float) -> None:
    """Nothing is done at the phone for so long."""
    time.sleep(seconds)
