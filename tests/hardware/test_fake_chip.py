"""The fake chip passes what a real one has to pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.hardware.fake_chip import FakeChip
from tests.hardware.gpio_conformance import GpioConformance


class FakeBench:
    def __init__(self) -> None:
        self.gpio = FakeChip(lambda: 0)

    def drive(self, pin: int, level: bool) -> None:
        self.gpio.drive(pin, level)

    def level(self, pin: int) -> bool:
        return self.gpio.level(pin)

    def wait_for(self, done: Callable[[], bool]) -> bool:
        return done()


class TestFakeChip(GpioConformance):
    @pytest.fixture
    def bench(self) -> FakeBench:
        return FakeBench()
