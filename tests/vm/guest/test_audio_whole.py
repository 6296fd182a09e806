"""Minutes of sound without an xrun or a lost sample, both ways, while the loop is busy with SIP."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.peers.probe import Probe
from tests.scenario.gateway_process import GatewayProcess
from tests.vm.guest import loopback, pattern
from tests.vm.guest.caller import Caller, Passed
from tests.vm.guest.loopback import RATE, Ear, Mouth

LINE: Final = f"""
auto_answer_s = 0
audio = {{ capture = "{loopback.LINE}", playback = "{loopback.LINE}" }}
"""
SETTLE_S: Final = 30.0  # what the call began with is forgotten over some 10 s
REQUESTS_S: Final = 25.0  # a second: each is parsed, answered and journalled on the loop thread
INVITE_EVERY: Final = 5  # of them; the line is busy
PACKET: Final = 160


class Load:
    """OPTIONS and INVITEs, one after the other, by an own thread."""

    def __init__(self, sip_port: int) -> None:
        self._port = sip_port
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: dict[int, int] = {}
        self.longest_s = 0.0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._halt.wait(1 / REQUESTS_S):
            number += 1
            with Probe(self._port) as probe:
                method, payloads = (
                    ("INVITE", "0 8") if number % INVITE_EVERY == 0 else ("OPTIONS", "")
                )
                asked = time.monotonic()
                answer = probe.ask(probe.request(method, payloads=payloads), 5)
                self.longest_s = max(self.longest_s, time.monotonic() - asked)
                status = answer.status or 0
                self.answers[status] = self.answers.get(status, 0) + 1


@pytest.mark.timeout(1200)
def test_no_sample_is_lost(
    tmp_path: Path,
    sound_seconds: float,
    record_property: Callable[[str, object], None],
) -> None:
    pause = threading.Event()
    with (
        Mouth() as mouth,
        Ear() as ear,
        GatewayProcess.usual(tmp_path, line_more=LINE) as gateway,
        Caller(gateway.sip_port) as caller,
        Load(gateway.sip_port) as load,
    ):
        pause.wait(SETTLE_S)
        before = _sound(gateway)
        packets, recorded = len(caller.heard), ear.samples
        used = _cpu_s(gateway.pid)
        pause.wait(sound_seconds)
        packets_after, recorded_after = len(caller.heard), ear.samples
        used = _cpu_s(gateway.pid) - used
        status = gateway.phone.status()
        after = _sound(gateway)
    late = [
        1000 * (packet.t_s - caller.spoken[0].t_s - 0.02 * packet.sequence)
        for packet in caller.spoken
    ]
    record_property("sent late by at most, ms", max(late) - min(late))
    record_property("seconds", sound_seconds)
    record_property("SIP requests answered", dict(sorted(load.answers.items())))
    record_property("longest answer, ms", 1000 * load.longest_s)
    record_property("longest hold, ms", status["interpreter"]["longest_hold_ms"])
    record_property("processor, %", 100 * used / sound_seconds)
    record_property("capture", after["capture"])
    record_property("playback", after["playback"])
    assert (mouth.xruns, ear.xruns) == (0, 0)
    assert set(load.answers) == {200, 486}
    assert sum(load.answers.values()) > sound_seconds * REQUESTS_S / 3
    assert after == before, "nothing was inserted, dropped or lost meanwhile"
    assert before["capture"]["xruns"] == before["playback"]["xruns"] == 0
    _check_packets(caller.heard[packets:packets_after], sound_seconds)
    _check_recording(bytes(ear.heard[2 * recorded : 2 * recorded_after]), sound_seconds)


def test_xruns_are_counted_and_pass(tmp_path: Path) -> None:
    """The whole service stands still for half a second: longer than the card's buffers."""
    pause = threading.Event()
    with (
        Mouth(),
        Ear(),
        GatewayProcess.usual(tmp_path, line_more=LINE) as gateway,
        Caller(gateway.sip_port) as caller,
    ):
        pause.wait(SETTLE_S)
        os.kill(gateway.pid, signal.SIGSTOP)
        pause.wait(0.5)
        os.kill(gateway.pid, signal.SIGCONT)
        pause.wait(SETTLE_S)
        before, packets = _sound(gateway), len(caller.heard)
        pause.wait(5)
        after, packets_after = _sound(gateway), len(caller.heard)
    assert min(before[way]["xruns"] for way in before) >= 1
    assert after == before
    assert after["capture"]["fault"] == after["playback"]["fault"] == ""
    _check_packets(caller.heard[packets:packets_after], 5)


def _sound(gateway: GatewayProcess) -> dict[str, Any]:
    (line,) = gateway.phone.status()["lines"]
    counted = ("xruns", "inserted", "dropped", "discarded", "fault")
    return {way: {key: line["audio"][way][key] for key in counted} for way in line["audio"]}


def _cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100


def _check_packets(packets: list[Passed], seconds: float) -> None:
    """From the card to RTP: one packet each 20 ms, and the pattern goes on in each."""
    assert len(packets) == pytest.approx(seconds * 50, abs=3)
    first = packets[0]
    place = pattern.place_of_codes(first.payload)
    assert place is not None
    for number, packet in enumerate(packets):
        assert packet.sequence == (first.sequence + number) % 65536
        assert packet.payload == pattern.codes(place + number * PACKET, PACKET), f"at {number}"


def _check_recording(recorded: bytes, seconds: float) -> None:
    """From RTP to the card: the pattern without a break."""
    assert len(recorded) == pytest.approx(2 * seconds * RATE, rel=0.01)
    place = pattern.place_of_sound(recorded)
    assert place is not None
    for at in range(0, len(recorded) // 2, RATE):
        expected = pattern.sound(place + at, min(RATE, len(recorded) // 2 - at))
        assert recorded[2 * at : 2 * at + len(expected)] == expected, f"after {at / RATE} s"
