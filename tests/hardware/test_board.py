"""The board: which one, what it uses its pins for, and its supply."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.hardware.board.findings import board
from gateway.hardware.board.pins import pins_in_use
from tests.hardware.machines import CONFIG, Files, check_findings, machine, pi

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
I2S = "proc/device-tree/soc/i2s@7e203000/status"
HWMON = "sys/class/hwmon/hwmon1"

PINS: list[tuple[str, Files, set[int]]] = [
    ("no Pi", {"dev/i2c-1": "", "proc/cmdline": "console=ttyAMA0"}, set()),
    ("nothing on", pi(words="root=/dev/mmcblk0p2"), set()),
    ("I2C", pi() | {"dev/i2c-1": ""}, {2, 3}),
    ("SPI", pi() | {"dev/spidev0.0": ""}, {7, 8, 9, 10, 11}),
    ("console", pi(words="console=serial0,115200 console=tty1"), {14, 15}),
    ("a screen", pi(words="console=tty1"), set()),
    ("I2S", pi() | {I2S: "okay\0"}, {18, 19, 20, 21}),
    ("no I2S", pi() | {I2S: "disabled\0"}, set()),
    ("headphone jack", pi(config="dtparam=audio=on\n"), set()),
    ("sound on the header", pi(config="dtparam=audio=on\ndtoverlay=audremap\n"), {12, 13}),
    ("on other pins", pi(config="dtoverlay=audremap,pins_18_19"), {18, 19}),
    ("on other pins below", pi(config="dtoverlay=audremap\ndtparam=pins_18_19"), {18, 19}),
    ("PWM", pi(config="dtoverlay=pwm\n"), {18}),
    ("PWM on a pin", pi(config="dtoverlay=pwm,pin=12,func=4 # lamp\n"), {12}),
    ("two of them", pi(config="dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4"), {12, 13}),
    ("nonsense", pi(config="dtoverlay=pwm,pin=x\ndtoverlay=\n[\nfoo"), {18}),
    ("commented out", pi(config="#dtoverlay=audremap"), set()),
    ("of another model", pi(config="[pi5]\ndtoverlay=audremap"), set()),
    ("of this model", pi(config="[pi5]\n[pi4]\ndtoverlay=audremap"), {12, 13}),
    ("of all again", pi(config="[pi5]\nfoo=1\n[all]\ndtoverlay=audremap"), {12, 13}),
    ("an unknown filter", pi(config="[EDID=x]\ndtoverlay=audremap"), set()),
    ("an older place", pi() | {"boot/config.txt": "dtoverlay=audremap"}, {12, 13}),
    ("a moved place", pi() | {"boot/config.txt": "dtoverlay=pwm", CONFIG: "arm_64bit=1"}, set()),
]


@pytest.mark.parametrize(("files", "used"), [r[1:] for r in PINS], ids=[r[0] for r in PINS])
def test_what_a_board_uses(tmp_path: Path, files: Files, used: set[int]) -> None:
    assert set(pins_in_use(machine(tmp_path, files))) == used


FINDINGS: list[tuple[str, Files, list[str]]] = [
    ("no Pi", {}, ["ok board: no Raspberry Pi"]),
    ("another", pi("Radxa ROCK 4B"), ["ok board: no Raspberry Pi: Radxa ROCK 4B"]),
    ("untold", pi(), ["ok board: Raspberry Pi 4 Model B"]),
    ("fine", pi() | {THROTTLED: "0\n"}, ["ok board", "ok power: the supply holds"]),
    ("low now", pi() | {THROTTLED: "50005\n"}, ["ok board", "failure power: the supply's voltage"]),
    ("low once", pi() | {THROTTLED: "50000\n"}, ["ok board", "warning power: .* switched on"]),
    ("hot", pi() | {THROTTLED: "e000e\n"}, ["ok board", "ok power", "warning temp.* is slowed"]),
    (
        "was hot",
        pi() | {THROTTLED: "80000\n"},
        ["ok board", "ok power", "warning temp.* was slowed"],
    ),
    (
        "a sensor",
        pi() | {f"{HWMON}/name": "rpi_volt\n", f"{HWMON}/in0_lcrit_alarm": "1\n"},
        ["ok board", "failure power"],
    ),
    (
        "the sensor is content",
        pi() | {f"{HWMON}/name": "rpi_volt\n", f"{HWMON}/in0_lcrit_alarm": "0\n"},
        ["ok board", "ok power"],
    ),
    ("another sensor", pi() | {f"{HWMON}/name": "cpu_thermal\n"}, ["ok board"]),
]


@pytest.mark.parametrize(("files", "said"), [r[1:] for r in FINDINGS], ids=[r[0] for r in FINDINGS])
def test_findings(tmp_path: Path, files: Files, said: list[str]) -> None:
    check_findings(list(board(machine(tmp_path, files))), said)
