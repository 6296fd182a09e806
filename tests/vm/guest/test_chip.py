"""RPi.GPIO on the kernel's simulated chip: the suite of every chip."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from gateway.hardware.gpio_slic.rpi_gpio import RpiGpio
from tests.hardware.gpio_conformance import GpioConformance
from tests.vm.guest.board import Board
from tests.vm.guest.line import wait_for

BOUNCE_S = 0.0005  # no contact is faster than this


class PinBench:
    """A Bench of the suite."""

    def __init__(self, board: Board) -> None:
        self.gpio = RpiGpio()
        self._board = board

    def drive(self, pin: int, level: bool) -> None:
        self._board.pull(pin, level)
        time.sleep(BOUNCE_S)

    def level(self, pin: int) -> bool:
        return bool(self._board.value(pin))

    def wait_for(self, done: Callable[[], bool]) -> bool:
        return wait_for(done)


class TestRpiGpio(GpioConformance):
    @pytest.fixture
    def bench(self, board: Board) -> Iterator[PinBench]:
        bench = PinBench(board)
        yield bench
        bench.gpio.close()
