"""The process of a line's pins is a real one: what it says, how it ends, what it leaves behind.

Real time: whatever ends a process also parks its pins, and only a real one can be killed. The bell
itself is tried on virtual time; here it waits for its budget, so that RM stays low.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from gateway.errors import HardwareError
from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.driver import GpioLine
from gateway.hardware.gpio_slic.park import main as park_main
from gateway.hardware.gpio_slic.park import park_noted
from gateway.hardware.gpio_slic.process import PROGRAM as SHIPPED
from gateway.hardware.gpio_slic.process import Arrival, Ended, PinProcess
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.hearing import Hearing
from gateway.line.events import Fault, HookEdge, PortEvent, Recovered
from gateway.line.port import Wake
from tests.architecture.imports import ROOT
from tests.hardware.fake_chip import FakeChip
from tests.hardware.fake_signals import FakeSignals

PROGRAM = (sys.executable, "-m", "tests.hardware.chip_process")
WIRING = Wiring()
PARKED = [(WIRING.pins.fr, 1), (WIRING.pins.rm, 0)]
LIMIT_S = 20


def launch(wake: Wake, program: tuple[str, ...] = PROGRAM) -> PinProcess:
    return PinProcess("phone1", WIRING, wake, Hearing(FakeSignals()), program)


class Child:
    """A PinProcess, and what it sends."""

    def __init__(self) -> None:
        self._woken: Queue[None] = Queue()
        self.process = launch(lambda: self._woken.put(None))

    def next(self) -> Arrival:
        self._woken.get(timeout=LIMIT_S)
        arrival = self.process.arrival()
        assert arrival is not None
        return arrival


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("REFUSE", raising=False)
    monkeypatch.delenv("SHK", raising=False)


@contextmanager
def child() -> Iterator[Child]:
    made = Child()
    try:
        yield made
    finally:
        made.process.close()


def written(text: str) -> list[tuple[int, int]]:
    lines = [line.split() for line in text.splitlines()]
    return [(int(pin), int(level)) for _, pin, level in lines]


def test_it_takes_the_pins_parked_and_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with child() as phone:
        assert isinstance(phone.next(), Recovered)
        phone.process.send(wire.Beat())
        assert phone.next() == wire.Beat()
    assert written(capfd.readouterr().err) == PARKED * 2


def test_a_lifted_phone_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHK", "1")
    with child() as phone:
        phone.next()
        edge = phone.next()
    assert isinstance(edge, HookEdge)
    assert edge.off_hook
    assert 0 <= time.monotonic_ns() - edge.t_ns < LIMIT_S * 1e9


def test_a_refused_pin_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "25")
    with child() as phone:
        fault = phone.next()
        assert isinstance(fault, Fault)
        assert fault.text == "pin BCM 25: another program uses it"
        assert phone.next() == Ended("exit status 1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_ends_the_service_is_for_the_service(number: signal.Signals) -> None:
    with child() as phone:
        phone.next()
        os.kill(phone.process.pid, number)
        phone.process.send(wire.Beat())
        assert phone.next() == wire.Beat()


def test_it_is_killed_while_it_stands_still() -> None:
    with child() as phone:
        phone.next()
        os.kill(phone.process.pid, signal.SIGSTOP)
        phone.process.kill()
        assert phone.next() == Ended("signal 9")


def test_it_parks_and_ends_when_the_service_dies(tmp_path: Path) -> None:
    """The pipe closes with its only writer."""
    service = subprocess.Popen(
        [*PROGRAM, "phone1", str(WIRING)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stdin is not None
    assert service.stdout is not None
    assert service.stdout.readline().startswith("ready ")
    assert [note.name for note in tmp_path.iterdir()] == ["phone1.pins"]
    service.stdin.close()
    service.stdin = None
    _, errors = service.communicate(timeout=LIMIT_S)
    assert written(errors) == PARKED * 2
    assert service.returncode == 0
    assert list(tmp_path.iterdir()) == []


# --- the port over it ---


def test_a_port_takes_up_where_a_killed_process_left() -> None:
    woken: Queue[None] = Queue()
    processes: list[PinProcess] = []

    def start() -> PinProcess:
        processes.append(launch(lambda: woken.put(None)))
        return processes[-1]

    port, heard = GpioLine("phone1", start), list[PortEvent]()
    port.start(heard.append, time.monotonic())
    try:
        processes[0].kill()
        while len(heard) < 2:
            woken.get(timeout=LIMIT_S)
            port.handle_deadline(time.monotonic())
    finally:
        port.close(time.monotonic())
    fault, recovered = heard
    assert isinstance(fault, Fault)
    assert fault.text == "the process of its pins ended (signal 9)"
    assert isinstance(recovered, Recovered)


def test_a_port_without_pins_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "13")
    port = GpioLine("phone1", lambda: launch(lambda: None))
    with pytest.raises(HardwareError, match="line phone1: pin BCM 13: another program uses it"):
        port.start(lambda _: None, time.monotonic())


def test_a_machine_that_is_no_board_says_so() -> None:
    """The shipped program, with the library or without."""
    port = GpioLine("phone1", lambda: launch(lambda: None, SHIPPED))
    with pytest.raises(HardwareError, match=r"^line phone1: (GPIO library|.*Raspberry Pi)"):
        port.start(lambda _: None, time.monotonic())


# --- parking by another ---


def test_noted_pins_are_parked(tmp_path: Path) -> None:
    chip, pauses = FakeChip(lambda: 0), list[float]()
    (tmp_path / "phone1.pins").write_text(f"{WIRING}\n")
    (tmp_path / "control.sock").write_text("")
    park_noted(tmp_path, lambda: chip, pauses.append)
    assert [(each.pin, each.level) for each in chip.written] == PARKED
    assert 0.01 < pauses[0] <= 0.5
    assert chip.closed
    assert [path.name for path in tmp_path.iterdir()] == ["control.sock"]


def test_without_a_note_there_is_nothing_to_park(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert park_main() == 0
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert park_main() == 0


def test_a_note_that_cannot_be_read_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "phone1.pins").write_text("fr=13\n")
    assert park_main() == 1
    assert capsys.readouterr().err.startswith("tipring: ")
