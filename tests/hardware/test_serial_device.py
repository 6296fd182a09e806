"""A real device: what is said when it cannot be opened, and the thread that reads it."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from gateway.errors import HardwareError
from gateway.hardware.hearing import Hearing
from gateway.hardware.serial_card import device as dev
from gateway.hardware.serial_card.tap import Tap
from gateway.hardware.serial_card.wire import Arrival, Lost, Opened, Received, SerialWire
from tests.hardware.fake_signals import FakeSignals

PATIENCE_S = 10


def unheard() -> Tap:
    return Tap(Hearing(FakeSignals()))


class Port:
    """A pseudo-terminal and a wire on it, on the real clock."""

    def __init__(self, folder: Path) -> None:
        self.device = folder / "card"
        self.woken = threading.Semaphore(0)
        self.wire = SerialWire(str(self.device), self.woken.release, unheard())
        self.plug()

    def plug(self) -> None:
        self.master, self.slave = os.openpty()
        self.device.symlink_to(os.ttyname(self.slave))

    def unplug(self) -> None:
        self.device.unlink()
        os.close(self.slave)
        os.close(self.master)

    def next(self) -> Arrival:
        assert self.woken.acquire(timeout=PATIENCE_S)
        arrival = self.wire.arrival()
        assert arrival is not None
        return arrival


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    port = Port(tmp_path)
    yield port
    port.wire.close()
    if port.device.exists():
        port.unplug()


def test_bytes_arrive_in_order_with_their_times(port: Port) -> None:
    port.wire.open()
    before = time.monotonic_ns()
    sent = b"".join(b"HOOK OFF %d\r\n" % n for n in range(300))
    os.write(port.master, sent)
    got, last = b"", before
    while len(got) < len(sent):
        arrival = port.next()
        assert isinstance(arrival, Received)
        assert last <= arrival.t_ns <= time.monotonic_ns()
        got, last = got + arrival.data, arrival.t_ns
    assert got == sent


def test_nothing_is_changed_on_the_way(port: Port) -> None:
    """Raw: no echo, no line ends put right, no control characters obeyed."""
    port.wire.open()
    every = bytes(range(256))
    port.wire.write(every)
    assert os.read(port.master, 1000) == every
    os.write(port.master, every)
    got = b""
    while len(got) < 256:
        arrival = port.next()
        assert isinstance(arrival, Received)
        got += arrival.data
    assert got == every


def test_a_card_that_takes_nothing_does_not_hold_up_the_loop(port: Port) -> None:
    port.wire.open()
    began = time.monotonic()
    for _ in range(1000):
        port.wire.write(b"BEAT*12\r\n" * 100)
    assert time.monotonic() - began < PATIENCE_S


def test_unplugged_and_plugged_again(port: Port) -> None:
    port.wire.open()
    port.unplug()
    lost = port.next()
    assert isinstance(lost, Lost)
    assert "it is gone; plug the card in again" in lost.text
    port.wire.write(b"to nobody")
    port.wire.try_again()
    missing = port.next()
    assert isinstance(missing, Lost)
    assert "there is no such device" in missing.text
    port.plug()
    port.wire.try_again()
    assert isinstance(port.next(), Opened)
    os.write(port.master, b"BEAT*12\r\n")
    assert isinstance(port.next(), Received)


def test_a_lost_card_costs_no_time(port: Port) -> None:
    """Never a busy loop: the thread waits to be told."""
    port.wire.open()
    port.unplug()
    assert isinstance(port.next(), Lost)
    assert not port.woken.acquire(timeout=0.05)
    assert port.wire.arrival() is None


@pytest.mark.parametrize("state", ["never opened", "open", "lost"])
def test_closing_ends_the_thread_at_once(port: Port, state: str) -> None:
    before = threading.active_count()
    if state != "never opened":
        port.wire.open()
    if state == "lost":
        port.unplug()
        port.next()
    began = time.monotonic()
    port.wire.close()
    port.wire.close()
    assert time.monotonic() - began < 1
    assert threading.active_count() == before


# --- what is said ---


def test_no_such_device(tmp_path: Path) -> None:
    wire = SerialWire(str(tmp_path / "none"), lambda: None, unheard())
    with pytest.raises(HardwareError, match=r"none: there is no such device; plug the card in"):
        wire.open()


def test_in_use_by_another_program(port: Port) -> None:
    with (
        serial.Serial(str(port.device), exclusive=True),
        pytest.raises(HardwareError, match=": in use by "),
    ):
        port.wire.open()


def test_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HardwareError, match="file: it cannot be used as a serial port"):
        SerialWire(str(tmp_path / "file"), lambda: None, unheard()).open()


ERRORS = [
    (errno.ENOENT, "/dev/x: there is no such device; plug the card in"),
    (errno.ENODEV, "/dev/x: there is no such device; plug the card in"),
    (errno.EACCES, "/dev/x: it may not be opened: its group is dialout; `sudo usermod -aG dialout"),
    (errno.EBUSY, "/dev/x: in use by another program; end it"),
    (errno.EAGAIN, "/dev/x: in use by another program; end it"),
    (errno.EIO, "/dev/x: it cannot be used as a serial port: [Errno 5]"),
]


@pytest.mark.parametrize(("number", "text"), ERRORS)
def test_what_an_error_means(number: int, text: str) -> None:
    error = serial.SerialException(number, os.strerror(number))
    assert str(dev.why_not("/dev/x", error)).startswith(text)
