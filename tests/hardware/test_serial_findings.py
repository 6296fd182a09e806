"""Serial ports that have no line card for us, each for one reason, and what the owner is told."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.hardware.board.rights import refused
from gateway.hardware.finding import Finding
from gateway.hardware.serial_card.card.line_card import LineCard
from gateway.hardware.serial_card.findings import Host, ask, serial
from gateway.hardware.serial_card.knock import knock
from tests.hardware.bench import Bench
from tests.hardware.machines import Files, check_findings, machine
from tests.hardware.serial_wires import MemoryCable

CARD = "/dev/serial/by-id/usb-card"
HERE = {CARD.lstrip("/"): ""}
UART = "/dev/ttyAMA0"
ACTIVE = "sys/class/tty/console/active"
LOGIN = r"sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice/serial-getty@ttyAMA0.service/x"
ANSWERS = Finding("ok", CARD, "a line card answers, version 1.0")


@dataclass
class Case:
    """A port with a card, and what is different."""

    said: list[str]
    files: Files = field(default_factory=lambda: HERE)
    device: str = CARD
    group: str = "dialout"
    may_i_look: bool = True
    busy: bool = False
    holder: str = ""


CASES: dict[str, Case] = {
    "all well": Case(["ok .*: a line card answers, version 1.0"]),
    "in the hands of the service": Case([], busy=True),
    "missing": Case(
        [r"failure .*no such device -> plug the card in, .*by-id has: usb-a, usb-b\)"],
        {"dev/serial/by-id/usb-b": "", "dev/serial/by-id/usb-a": ""},
    ),
    "nothing there": Case(["failure .*no such device -> plug the card in, .*is empty now"], {}),
    "the UART is off": Case(
        ["failure /dev/ttyAMA0: there is no such device -> put enable_uart=1 into"], {}, UART
    ),
    "missing from a service": Case(["failure .*no such device"], {}, busy=True),
    "the console": Case(
        ["failure /dev/ttyAMA0: the system's console is on it -> take .*serial-getty@ttyAMA0"],
        {"dev/ttyAMA0": "", ACTIVE: "tty0 ttyAMA0\n"},
        UART,
    ),
    "a login": Case(
        ["failure /dev/ttyAMA0: a login waits on it -> `sudo systemctl disable --now serial-getty"],
        {"dev/ttyAMA0": "", ACTIVE: "tty0\n", LOGIN: ""},
        UART,
    ),
    "the console elsewhere": Case(
        ["ok"],
        {"dev/ttyAMA0": "", ACTIVE: "tty0 ttyAMA10\n", LOGIN.replace("MA0", "MA1"): ""},
        UART,
    ),
    "nobody's": Case(["failure .*it may not be opened: its group is .* -> "], group="root"),
    "not mine to open": Case(["warning .*you may not open it.* -> run .* sudo"], may_i_look=False),
    "held": Case([r"failure .*: in use by minicom \(process 77\) -> end it"], holder="minicom"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_findings(tmp_path: Path, case: Case) -> None:
    root = machine(tmp_path, case.files)
    for path in (root / "dev").glob("**/*"):
        if path.is_file():
            path.chmod(0o660)
    if case.holder:
        machine(root, {"proc/77/comm": f"{case.holder}\n", "proc/78/comm": "other\n"})
        (root / "proc/77/fd").mkdir()
        (root / "proc/77/fd/3").symlink_to(case.device)
    host = Host(
        root,
        lambda path: refused(path, lambda _: case.group, lambda _: False),
        lambda _: case.may_i_look,
        lambda _: ANSWERS,
    )
    busy = {"phone1"} if case.busy else set[str]()
    check_findings(list(serial({"phone1": case.device}, busy, host)), case.said)


# --- who is there ---


class Line:
    """A wire with something at its end, in virtual time."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.now = 1000.0
        self.wire = MemoryCable(lambda: round(self.now * 1e9))
        self.wire.open()
        self._answer = answer

    def wait(self, seconds: float) -> None:
        said = self._answer(self.wire.from_host())
        self.now += 0.001 if said else max(seconds, 0.001)
        if said:
            self.wire.to_host(said)


class ACard:
    """The reference card, switched on a while ago. It is asked, and not moved."""

    def __init__(self) -> None:
        self.board = Bench()
        self.card = LineCard(self.board, 0)
        self.card.step(100)
        self.card.to_send()

    def __call__(self, heard: bytes) -> bytes:
        self.card.receive(heard)
        return self.card.to_send()


class ABeat:
    """Something that only beats."""

    def __init__(self) -> None:
        self.left = 3

    def __call__(self, heard: bytes) -> bytes:
        self.left -= 1
        return b"BEAT*12\r\n" if self.left > 0 else b""


KNOCKS: list[tuple[str, Callable[[], Callable[[bytes], bytes]], str]] = [
    ("a card", ACard, "ok .*: a line card answers, version 1.0"),
    ("silence", lambda: lambda heard: b"", "failure .*: nothing is heard of it -> check its power"),
    ("an echo", lambda: lambda heard: heard, "failure .*: it lives, but does not obey -> its"),
    ("a console", lambda: lambda heard: b"login:\r\n" * bool(heard), "failure .*: only garbage is"),
    (
        "another program",
        ABeat,
        "failure .*: it lives, but does not obey -> its",
    ),
]


@pytest.mark.parametrize(("answer", "said"), [r[1:] for r in KNOCKS], ids=[r[0] for r in KNOCKS])
def test_who_is_there(answer: Callable[[], Callable[[bytes], bytes]], said: str) -> None:
    line = Line(answer())
    check_findings([knock(CARD, line.wire, lambda: line.now, line.wait)], [said])
    assert line.now < 1004


def test_a_card_that_is_asked_moves_nothing() -> None:
    card = ACard()
    line = Line(card)
    knock(CARD, line.wire, lambda: line.now, line.wait)
    assert card.board.changes == []


def test_unplugged_meanwhile() -> None:
    line = Line(lambda heard: b"")
    line.wire.unplug()
    check_findings([knock(CARD, line.wire, lambda: line.now, line.wait)], ["failure .*: the card"])


def test_a_port_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_findings([ask(str(tmp_path / "none"))], ["failure .*no such device"])
    check_findings([ask(str(tmp_path / "file"))], ["failure .*cannot be used as a serial port"])


def test_a_port_with_a_card() -> None:
    """A pseudo-terminal, and a card that answers the first thing that it hears."""
    master, slave = os.openpty()

    def answer() -> None:
        os.read(master, 100)
        os.write(master, b"READY 2.5*42\r\n")

    card = threading.Thread(target=answer)
    card.start()
    found = ask(os.ttyname(slave))
    card.join()
    os.close(master)
    os.close(slave)
    check_findings([found], ["ok .*version 2.5"])
