"""Boards that cannot work a line, each broken in one way, and what the owner is told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.errors import HardwareError
from gateway.hardware.board.rights import refused
from gateway.hardware.gpio_slic.findings import Host, gpio
from gateway.hardware.gpio_slic.header import PinUsers, chip_number
from gateway.hardware.gpio_slic.library import library, own_folder
from gateway.hardware.gpio_slic.pins import Pins
from tests.hardware.machines import Files, check_findings, machine, pi

CHIP = "dev/gpiochip0"
PI = pi() | {CHIP: ""}
NEEDED = {"rpi-lgpio": "0.6", "lgpio": "0.2.2.0", "gpiod": "2.2.0"}
LIBRARY = "ok GPIO library: rpi-lgpio 0.6, lgpio 0.2.2.0, gpiod 2.2.0"
OPEN = "ok GPIO chip: /dev/gpiochip0 may be opened"


@dataclass
class Case:
    """A board that works, and what is different."""

    said: list[str]
    files: Files = field(default_factory=lambda: PI)
    versions: Mapping[str, str] = field(default_factory=lambda: NEEDED)
    source: str = "import lgpio"
    environ: Mapping[str, str] = field(default_factory=dict)
    group: str = "gpio"
    mode: int = 0o660
    may_i_look: bool = True
    users: Mapping[int, str] = field(default_factory=dict)
    refusal: str = ""
    busy: frozenset[str] = frozenset()
    pins: Pins = field(default_factory=Pins)


CASES: dict[str, Case] = {
    "all well": Case([LIBRARY, OPEN, "ok line phone1: its 10 pins are free"]),
    "no Pi": Case(["failure board: .*no pins here: this is no Raspberry Pi -> move"], {CHIP: ""}),
    "another maker": Case(["failure board: .*no pins here: Radxa"], pi("Radxa ROCK") | {CHIP: ""}),
    "an old header": Case(
        ["failure board: its header of 26 pins has no BCM 5, 13, 16, 26 -> "],
        pi("Raspberry Pi Model B Rev 2") | {CHIP: ""},
    ),
    "off a Pi on purpose": Case(
        [LIBRARY, "ok GPIO chip: /dev/gpiochip7", "ok line"],
        {"dev/gpiochip7": ""},
        environ={"RPI_LGPIO_REVISION": "902120", "RPI_LGPIO_CHIP": "7"},
    ),
    "no library": Case(
        ["failure GPIO library: rpi-lgpio is not installed -> install it with: pip", OPEN],
        versions={"lgpio": "0.2.2.0"},
    ),
    "a stub of lgpio": Case(
        ["failure GPIO library: lgpio 0.0.0.2 is older than 0.2.2 -> install", OPEN],
        versions=NEEDED | {"lgpio": "0.0.0.2"},
    ),
    "an old rpi-lgpio": Case(
        ["failure GPIO library: rpi-lgpio 0.5 is older than 0.6", OPEN],
        versions=NEEDED | {"rpi-lgpio": "0.5"},
    ),
    "the classic library": Case(
        ["failure GPIO library: the classic RPi.GPIO is in the way .* -> remove it", OPEN],
        source="from RPi._GPIO import *",
    ),
    "no chip": Case([LIBRARY, "failure GPIO chip: there is no /dev/gpiochip.: .* -> boot"], pi()),
    "another chip": Case(
        [LIBRARY, "failure GPIO chip: there is no /dev/gpiochip0; there are gpiochip4 -> name"],
        pi() | {"dev/gpiochip4": ""},
    ),
    "root's chip": Case(
        [
            LIBRARY,
            "failure GPIO chip: .*its group is root, its mode 0660 -> copy systemd/",
        ],
        group="root",
    ),
    "a chip to be read": Case([LIBRARY, "failure GPIO chip: .*its mode 0640"], mode=0o640),
    "everybody's chip": Case([LIBRARY, OPEN, "ok line"], group="root", mode=0o666),
    "not mine to open": Case(
        [LIBRARY, OPEN, "warning pins: not looked at: .* -> run `tipring doctor` with sudo"],
        may_i_look=False,
    ),
    "two pins in use": Case(
        [
            LIBRARY,
            OPEN,
            r'failure line phone1: pin BCM 22 \(q\[0\]\) is used by "onewire@0" -> end what',
            r"failure line phone1: pin BCM 17 \(std\) is used by something without a name",
        ],
        users={17: "", 22: "onewire@0", 4: "fan"},
    ),
    "in use by the service": Case(
        [LIBRARY, OPEN], users=dict.fromkeys(range(28), "lg"), busy=frozenset({"phone1"})
    ),
    "refused all the same": Case(
        [LIBRARY, OPEN, "failure pins: can not open gpiochip -> the kernel's log"],
        refusal="can not open gpiochip",
    ),
    "few pins": Case(
        [LIBRARY, OPEN, "ok line phone1: its 4 pins are free"],
        pins=Pins(std=None, q=(), est=None),
        users={17: "lg"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_findings(tmp_path: Path, case: Case) -> None:
    root = machine(tmp_path, case.files)
    for path in (root / "dev").glob("gpiochip*"):
        path.chmod(case.mode)
    host = Host(
        root,
        case.environ,
        lambda: library(case.versions.get, lambda: case.source),
        lambda path: within(root, refused(path, lambda _: case.group, lambda _: False)),
        lambda _: case.may_i_look,
        lambda: kernel(case),
    )
    check_findings(list(gpio({"phone1": case.pins}, case.busy, host)), case.said)


def test_nothing_to_say_without_a_line(tmp_path: Path) -> None:
    assert list(gpio({}, set(), Host(tmp_path))) == []


def within(root: Path, text: str | None) -> str | None:
    return None if text is None else text.replace(str(root), "")


@contextmanager
def kernel(case: Case) -> Iterator[PinUsers]:
    if case.refusal:
        raise HardwareError(case.refusal)
    yield case.users.get


CHIPS: list[tuple[str, Files, Mapping[str, str], int]] = [
    ("none told", {}, {}, 0),
    ("chosen", {}, {"RPI_LGPIO_CHIP": "3"}, 3),
    ("a Pi 4", {"gpiochip0": "raspberrypi,firmware-gpio", "gpiochip1": "brcm,bcm2711-gpio"}, {}, 1),
    ("a Pi 3", {"gpiochip0": "brcm,bcm2837-gpio\0brcm,bcm2835-gpio\0"}, {}, 0),
    ("a Pi 5", {"gpiochip0": "brcm,brcmstb-gpio", "gpiochip4": "raspberrypi,rp1-gpio\0"}, {}, 4),
    ("others alone", {"gpiochip2": "nxp,pca9535"}, {}, 0),
]


@pytest.mark.parametrize(
    ("chips", "environ", "number"), [r[1:] for r in CHIPS], ids=[r[0] for r in CHIPS]
)
def test_which_chip(tmp_path: Path, chips: Files, environ: Mapping[str, str], number: int) -> None:
    folder = "sys/bus/gpio/devices"
    files = {f"{folder}/{name}/of_node/compatible": text for name, text in chips.items()}
    assert chip_number(machine(tmp_path, files), environ) == number


RIGHTS: list[tuple[str, int, bool, str | None]] = [
    ("dialout", 0o660, False, None),
    ("audio", 0o660, False, None),
    ("root", 0o660, False, "its group is root, its mode 0660"),
    ("root", 0o660, True, None),
    ("staff", 0o606, False, None),
    ("gpio", 0o600, False, "its group is gpio, its mode 0600"),
]


@pytest.mark.parametrize(("group", "mode", "may", "why"), RIGHTS)
def test_rights(tmp_path: Path, group: str, mode: int, may: bool, why: str | None) -> None:
    device = tmp_path / "device"
    device.touch()
    device.chmod(mode)
    said = refused(device, lambda _: group, lambda _: may)
    assert said == (None if why is None else f"{device} may not be opened: {why}")


@pytest.mark.parametrize("before", [None, "/var/lib/other"])
def test_a_folder_for_lgpio_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before is None:
        monkeypatch.delenv("LG_WD", raising=False)
    else:
        monkeypatch.setenv("LG_WD", before)
    here = Path.cwd()
    with own_folder():
        folder = Path(os.environ["LG_WD"])
        assert folder.is_dir()
        os.chdir(folder)  # as lgpio does
    assert (os.environ.get("LG_WD"), Path.cwd(), folder.exists()) == (before, here, False)
