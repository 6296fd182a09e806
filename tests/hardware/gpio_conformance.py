"""What every chip of pins does, as rows: the fake one first, the real one by the same suite.

A test of a chip subclasses `GpioConformance` and gives a `bench` fixture: the chip, and the other
end of its wires.
"""

from __future__ import annotations

from collections.abc import Callable
from select import select
from typing import Protocol

import pytest

from gateway.errors import HardwareError
from gateway.hardware.gpio_slic.chip import Gpio

IN, ANOTHER, OUT = 25, 17, 24


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
        bench.gpio.watch([IN])
        for n in range(count):
            bench.drive(IN, n % 2 == 0)
        assert bench.wait_for(lambda: bool(select([bench.gpio], [], [], 0)[0]))
        seen = list(bench.gpio.edges())
        assert [(edge.pin, edge.level) for edge in seen] == [(IN, n % 2 == 0) for n in range(count)]
        stamps = [edge.t_ns for edge in seen]
        assert stamps == sorted(stamps)
        assert list(bench.gpio.edges()) == []
        assert select([bench.gpio], [], [], 0)[0] == []

    def test_edges_of_several_inputs_come_in_their_order(self, bench: Bench) -> None:
        bench.gpio.watch([IN, ANOTHER])
        moves = [(IN, True), (ANOTHER, True), (IN, False), (IN, True), (ANOTHER, False)]
        for pin, level in moves:
            bench.drive(pin, level)
        assert bench.wait_for(lambda: bool(select([bench.gpio], [], [], 0)[0]))
        assert [(edge.pin, edge.level) for edge in bench.gpio.edges()] == moves

    def test_without_a_watched_input_there_is_no_edge(self, bench: Bench) -> None:
        bench.gpio.make_input(IN)
        bench.drive(IN, True)
        assert list(bench.gpio.edges()) == []

    def test_a_watched_input_can_be_read(self, bench: Bench) -> None:
        bench.gpio.watch([IN])
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
