"""What goes through the pipe, what is noted, and what is wrong with a wiring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.pins import Pins, check_pins
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.line.events import (
    DtmfEnd,
    DtmfStart,
    EarlyTone,
    Fault,
    HookEdge,
    Recovered,
    RingPending,
    RingStarted,
    RingTrip,
)

COMMANDS: list[wire.Command] = [
    wire.Ring(22.5, ((400, 200), (400, 2000))),
    wire.Ring(20, ((1, 1),)),
    wire.Stop(),
    wire.Reverse(True),
    wire.Reverse(False),
    wire.Power(True),
    wire.Power(False),
    wire.Disconnect(800),
    wire.Beat(),
]
MESSAGES: list[wire.Message] = [
    HookEdge(True, 10**18),
    HookEdge(False, 0),
    EarlyTone(True, 1),
    DtmfStart("#", 2),
    DtmfEnd("A", 3),
    RingTrip(4),
    RingPending(5),
    RingStarted(5),
    Recovered(6),
    Fault("pin BCM 24: another program uses it; gpioinfo says which", 7),
    wire.Beat(),
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_commands(command: wire.Command) -> None:
    assert wire.read_command(wire.command_line(command)) == command


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_messages(message: wire.Message) -> None:
    assert wire.read_message(wire.message_line(message)) == message


def test_a_message_is_one_line() -> None:
    assert wire.read_message(wire.message_line(Fault("a\n  b", 1))) == Fault("a b", 1)


@pytest.mark.parametrize("line", ["", "x", "hook", "hook 1", "hook x 1", "beat", "key 5", "trip a"])
def test_no_message(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for us alone
        wire.read_message(line)


@pytest.mark.parametrize("line", ["", "x", "ring 20 1", "ring x 1 1", "stop 1", "power"])
def test_no_command(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        wire.read_command(line)


@pytest.mark.parametrize(
    "wiring",
    [Wiring(), Wiring(fr_rest=False), Wiring(Pins(pd=None, est=None, std=None, q=()), True)],
    ids=str,
)
def test_wirings(wiring: Wiring) -> None:
    assert Wiring.from_text(str(wiring)) == wiring


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rm": 13}, "pins.rm: pin BCM 13 is fr already; free are 3, 4, 6, 7, 8, 9, 10, 11, 12, 14"),
    ({"q": (22, 23, 26, 22)}, r"pins.q\[3\]: pin BCM 22 is q\[0\] already"),
    ({"shk": 28}, "pins.shk: there is no pin BCM 28; allowed are BCM numbers from 2 to 27"),
    ({"pd": -1}, "pins.pd: there is no pin BCM -1"),
    ({"fr": 1}, "pins.fr: pin BCM 1 belongs to the board's EEPROM bus; free are 3, 4, 6"),
    ({"fr": 2}, r"pins.fr: pin BCM 2 belongs to I2C \(switch it off: dtparam=i2c_arm=off"),
    ({"q": (22, 23, 26)}, "pins.q: these are 3 pins; allowed are four, Q1"),
    ({"q": ()}, "pins.std: a decoder is wired with std and q, or with neither"),
    ({"std": None}, "pins.std: a decoder is wired with std and q, or with neither"),
]
I2C = {2: "I2C (switch it off: dtparam=i2c_arm=off in config.txt)"}


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_wrong_pins(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^line phone1: {said}"):
        check_pins(replace(Pins(), **change), I2C, "phone1")


@pytest.mark.parametrize("pins", [Pins(), Pins(pd=None, est=None), Pins(std=None, q=())])
def test_right_pins(pins: Pins) -> None:
    check_pins(pins, I2C, "phone1")
