"""What every chip of pins does, as rows: the fake one first, the real one by the same suite.

A test of a chip subclasses `GpioConformance` and gives a `bench` fixture: the chip, and the other
end of its wires.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from gateway.errors import HardwareError
from gateway.hardware.gpio_slic.chip import Gpio

IN, OUT = 25, 24


class Bench(Protocol):
    """A chip with everything wired."""

    @property
    def gpio(self) -> Gpio: ...

    def drive(self, pin: int, level: bool) -> None:
        """Turn an input from outside."""

    def level(self, pin: int) -> bool:
        """What a meter at an output shows."""

    def wait_for(self, done: Callable[[], bool]) -> bool:
        """Whether it came to be; a chip with threads needs a moment."""


class GpioConformance:
    """Subclass, and give a `bench` fixture."""

    @pytest.mark.parametrize("level", [True, False])
    def test_an_output_begins_at_its_level(self, bench: Bench, level: bool) -> None:
        bench.gpio.make_output(OUT, level)
        assert bench.level(OUT) is level

    def test_an_output_follows(self, bench: Bench) -> None:
        bench.gpio.make_output(OUT, False)
        for level in (True, False, True, True, False):
            bench.gpio.write(OUT, level)
            assert bench.level(OUT) is level

    def test_an_output_may_be_made_again(self, bench: Bench) -> None:
        bench.gpio.make_output(OUT, True)
        bench.gpio.make_output(OUT, False)
        assert not bench.level(OUT)

    def test_an_input_is_read(self, bench: Bench) -> None:
        bench.gpio.make_input(IN)
        for level in (True, False, True):
            bench.drive(IN, level)
            assert bench.gpio.read(IN) is level

    def test_an_output_may_become_an_input_and_back(self, bench: Bench) -> None:
        bench.gpio.make_output(OUT, False)
        bench.gpio.make_input(OUT)
        bench.gpio.make_output(OUT, True)
        assert bench.level(OUT)

    @pytest.mark.parametrize("count", [1, 2, 20])
    def test_every_edge_is_told(self, bench: Bench, count: int) -> None:
        seen: list[int] = []
        bench.gpio.make_input(IN)
        bench.gpio.watch(IN, seen.append)
        for n in range(count):
            bench.drive(IN, n % 2 == 0)
        assert bench.wait_for(lambda: len(seen) == count)
        assert seen == [IN] * count

    def test_a_watched_input_can_be_read(self, bench: Bench) -> None:
        bench.gpio.make_input(IN)
        bench.gpio.watch(IN, lambda _: None)
        bench.drive(IN, True)
        assert bench.gpio.read(IN)

    def test_an_input_is_not_written(self, bench: Bench) -> None:
        bench.gpio.make_input(IN)
        with pytest.raises(HardwareError, match=f"BCM {IN}"):
            bench.gpio.write(IN, True)

    def test_a_pin_is_set_up_before_it_is_read(self, bench: Bench) -> None:
        with pytest.raises(HardwareError, match=f"BCM {IN}"):
            bench.gpio.read(IN)

    def test_closing_is_idempotent(self, bench: Bench) -> None:
        bench.gpio.make_output(OUT, False)
        bench.gpio.close()
        bench.gpio.close()
