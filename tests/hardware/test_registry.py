"""One registry, and never one driver in place of another."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError, HardwareError
from gateway.hardware.registry import DRIVERS, available, create_line
from gateway.hardware.simulated import SimulatedLine
from tests.hardware.fake_alsa import FakeLineAudio

AUDIO = FakeLineAudio()


def test_simulated() -> None:
    port = create_line("phone1", "simulated", {"auto_answer_s": 0.5}, AUDIO)
    assert isinstance(port, SimulatedLine)
    assert port.driver == "simulated"


def test_an_option_that_is_not_set_is_no_option() -> None:
    create_line("phone1", "simulated", {"auto_answer_s": None, "pins": None}, AUDIO)


@pytest.mark.parametrize("driver", ["gpio", "serial"])
def test_known_and_not_there_yet(driver: str) -> None:
    assert driver in DRIVERS
    text = rf"line phone1: driver '{driver}' is not available in this version; use simulated"
    with pytest.raises(HardwareError, match=text):
        create_line("phone1", driver, {}, AUDIO)


@pytest.mark.parametrize("driver", ["", "Simulated", "dahdi"])
def test_unknown(driver: str) -> None:
    with pytest.raises(HardwareError, match="there are gpio, serial, simulated"):
        create_line("phone1", driver, {}, AUDIO)


def test_an_option_of_another_driver() -> None:
    with pytest.raises(ConfigError, match="line phone1: pins: a simulated phone has only"):
        create_line("phone1", "simulated", {"pins": {}}, AUDIO)


def test_available() -> None:
    assert available() == ("simulated",)
