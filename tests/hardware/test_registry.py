"""One registry, and never one driver in place of another."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError, HardwareError
from gateway.hardware.gpio_slic.driver import GpioLine
from gateway.hardware.gpio_slic.pins import Pins
from gateway.hardware.registry import create_line
from gateway.hardware.serial_card.driver import SerialLine
from gateway.hardware.simulated import SimulatedLine
from tests.hardware.virtual_sound import VirtualEngine

AUDIO = VirtualEngine()


def wake() -> None:
    """Nobody sleeps here."""


def test_simulated() -> None:
    port = create_line("phone1", "simulated", {"auto_answer_s": 0.5}, AUDIO, wake)
    assert isinstance(port, SimulatedLine)
    assert port.driver == "simulated"


def test_an_option_that_is_not_set_is_no_option() -> None:
    create_line("phone1", "simulated", {"auto_answer_s": None, "pins": None}, AUDIO, wake)


def test_serial() -> None:
    port = create_line("phone1", "serial", {"serial": "/dev/none", "ring_hz": 25}, AUDIO, wake)
    assert isinstance(port, SerialLine)
    assert port.driver == "serial"
    with pytest.raises(HardwareError, match="line phone1: /dev/none: there is no such device; "):
        port.start(lambda event: None, 0)


def test_gpio() -> None:
    options = {"pins": Pins(est=None), "fr_rest": False, "ring_hz": 50}
    port = create_line("phone1", "gpio", options, AUDIO, wake)
    assert isinstance(port, GpioLine)
    assert port.driver == "gpio"


@pytest.mark.parametrize("driver", ["", "Simulated", "dahdi"])
def test_unknown(driver: str) -> None:
    with pytest.raises(HardwareError, match="there are gpio, serial, simulated"):
        create_line("phone1", driver, {}, AUDIO, wake)


def test_an_option_of_another_driver() -> None:
    with pytest.raises(ConfigError, match="line phone1: pins: a simulated phone has only"):
        create_line("phone1", "simulated", {"pins": {}}, AUDIO, wake)
    with pytest.raises(ConfigError, match="phone1: pins: a line card has only ring_hz, serial"):
        create_line("phone1", "serial", {"pins": {}}, AUDIO, wake)
    with pytest.raises(ConfigError, match="line phone1: serial is missing"):
        create_line("phone1", "serial", {}, AUDIO, wake)
    with pytest.raises(ConfigError, match="phone1: serial: a line of driver gpio has only pins"):
        create_line("phone1", "gpio", {"serial": "/dev/none"}, AUDIO, wake)
    with pytest.raises(ConfigError, match=r"line phone1: pins\.rm: pin BCM 13 is fr already"):
        create_line("phone1", "gpio", {"pins": Pins(rm=13)}, AUDIO, wake)
