"""The GPIO driver on the kernel's pins: the suite of every line driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hardware.conformance import LinePortConformance, Watched
from tests.line.traces import country
from tests.vm.guest.board import Board
from tests.vm.guest.hand import Hand
from tests.vm.guest.line import RESTED_S, Attended, GpioRig, gpio_rig


class TestGpio(LinePortConformance):
    @pytest.fixture
    def rig(self, board: Board, hand: Hand) -> Iterator[GpioRig]:
        with gpio_rig(board, hand) as rig:
            yield rig

    @pytest.fixture
    def line(self, rig: GpioRig) -> Watched:
        line = Attended(rig, country("us")).start()
        line.run_for(RESTED_S)
        return line
