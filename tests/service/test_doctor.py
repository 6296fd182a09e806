"""The doctor on machines that are broken on purpose, each in one way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import __version__
from gateway.errors import HardwareError
from gateway.hardware.finding import Finding
from gateway.hardware.gpio_slic import findings as gpio
from gateway.hardware.gpio_slic.header import PinUsers
from gateway.hardware.serial_card import findings as serial
from gateway.service import commands
from gateway.service.cli_root import invoke
from gateway.service.config_file import read
from gateway.service.doctor.at_start import explain
from gateway.service.doctor.case import Case, Silence, ask_service
from gateway.service.doctor.examination import examine
from gateway.service.doctor.silence import why_silent
from gateway.service.journal import Journal
from tests.hardware.fake_alsa import FakeAlsa
from tests.hardware.machines import machine, pi
from tests.service.control_harness import STATUS, FakeService, serving

GPIO = """
[[line]]
name = "phone1"
driver = "gpio"
users = ["*"]
audio = { capture = "plughw:CARD=x", playback = "plughw:CARD=x" }
"""
SERIAL = GPIO.replace("gpio", "serial") + 'serial = "/dev/serial/by-id/card"\n'
PI = pi() | {"dev/gpiochip0": "", "dev/serial/by-id/card": ""}
STOPPED = Silence("no service answers", "start it")
IDLE = commands.LineStatus("phone1", "gpio", "idle", "")
RUNNING = commands.Status(__version__, True, [IDLE], [], [])
LINK = commands.LinkStatus("/dev/x", "up", "1.0", 5000, 0, 0, 0, 0)
SOUND = commands.SoundStatus(
    "plughw:CARD=x", "", 0, 0, 0, 0, "USB Audio", 48000, 1, period_ms=5, delay_ms=7
)
CARD = commands.LineStatus("phone1", "serial", "idle", "", LINK)

LIBRARY = Finding("ok", "GPIO library", "rpi-lgpio 0.6")
ANSWERS = Finding("ok", "/dev/serial/by-id/card", "a line card answers")


def running(line: commands.LineStatus = IDLE, **more: Any) -> commands.Status:
    return msgspec.structs.replace(RUNNING, lines=[line], **more)


def sounding(playback: commands.SoundStatus) -> commands.LineStatus:
    return msgspec.structs.replace(IDLE, audio=commands.AudioStatus(SOUND, playback))


def linked(**more: Any) -> commands.Status:
    link = msgspec.structs.replace(LINK, **more)
    return running(msgspec.structs.replace(CARD, link=link))


@dataclass
class Row:
    """`bad`: patterns of "check level subject: text -> fix" for all that is not ok, in order.
    `well`: what of the rest is worth a look."""

    bad: list[str]
    service: commands.Status | Silence = STOPPED
    text: str = GPIO
    well: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=lambda: PI)
    users: dict[int, str] = field(default_factory=dict)
    library: Finding = LIBRARY
    card: Finding = ANSWERS
    sound: FakeAlsa = field(default_factory=lambda: FakeAlsa({2: "x"}))


NOT_RUNNING = "service warning service: no service answers -> start it"
ROWS: dict[str, Row] = {
    "all well": Row(
        [],
        running(),
        well=["configuration ok .*: fine", "service ok service: version .* is ready", "lines ok"],
    ),
    "not started": Row([NOT_RUNNING], well=["gpio ok line phone1: its 10 pins are free"]),
    "it hangs": Row(
        ["service failure service: no answer in 10 s -> restart"],
        Silence("no answer in 10 s", "restart", hangs=True),
    ),
    "starting": Row(["service warning service: it is starting"], running(ready=False)),
    "an older one runs": Row(
        [r"service warning service: version 0\.0\.1 runs, .* is installed -> .*restart"],
        running(version="0.0.1"),
    ),
    "another file": Row(
        [r"service warning service: it runs other lines than .*: phone1 \(simulated\) -> "],
        running(commands.LineStatus("phone1", "simulated", "idle")),
    ),
    "no real time": Row(
        ["service warning real time: refused: EPERM -> LimitRTPRIO="],
        running(realtime=commands.RealtimeStatus(False, True, "EPERM")),
    ),
    "real time": Row(
        [],
        running(realtime=commands.RealtimeStatus(True, True)),
        well=["service ok real time"],
    ),
    "a wrong key": Row(
        ["configuration failure .*:7 line.*: .* -> edit line 7; `tipring check ", NOT_RUNNING],
        text=GPIO + "user = 1\n",
    ),
    "a doubtful key": Row(
        ["configuration warning .*: .*no users: no call can ring", NOT_RUNNING],
        text=GPIO.replace('users = ["*"]', ""),
    ),
    "pins of the board": Row(
        [r"configuration failure .*line\[0\].pins.fr: there is no pin BCM 28", NOT_RUNNING],
        text=GPIO + "pins = { fr = 28 }\n",
    ),
    "no board": Row(["gpio failure board: driver gpio has no pins here", NOT_RUNNING], files={}),
    "no library": Row(
        ["gpio failure GPIO library: none -> install it", NOT_RUNNING],
        library=Finding("failure", "GPIO library", "none", "install it"),
    ),
    "a pin in use": Row(
        [r'gpio failure line phone1: pin BCM 13 \(fr\) is used by "fan" -> ', NOT_RUNNING],
        users={13: "fan"},
    ),
    "pins in use by the service": Row([], running(), users={13: "lg"}),
    "in use, and that is the fault": Row(
        [
            r'gpio failure line phone1: pin BCM 13 \(fr\) is used by "fan" -> ',
            "lines failure line phone1: pin BCM 13 is busy -> the journal says more",
        ],
        running(commands.LineStatus("phone1", "gpio", "fault", "pin BCM 13 is busy")),
        users={13: "fan"},
    ),
    "a fault and its fix": Row(
        ["lines failure line phone1: it is gone -> plug it in; wait"],
        running(commands.LineStatus("phone1", "gpio", "fault", "it is gone; plug it in; wait")),
    ),
    "a sound card": Row(
        [],
        running(sounding(SOUND)),
        well=["audio ok .*capture.: USB Audio: 48000 Hz, periods of 5 ms, 7 ms of delay"],
    ),
    "a sound card that is away": Row(
        ["audio failure sound card .*playback.: it is gone -> plug it in"],
        running(sounding(msgspec.structs.replace(SOUND, fault="it is gone", card=None))),
    ),
    "a sound card, no service": Row(
        [NOT_RUNNING],
        well=["audio ok sound card .*capture.: USB Audio Device: 48000 Hz, converted by us"],
    ),
    "another sound card, no service": Row(
        [
            NOT_RUNNING,
            'audio failure .*capture.: there is no card "x"; there are: "Device" -> plug it in',
            "audio failure .*playback.: there is no card",
        ],
        sound=FakeAlsa({1: "Device"}),
    ),
    "a sound card of a service that hangs": Row(
        ["service failure service: no answer"],
        Silence("no answer in 10 s", "restart", hangs=True),
        sound=FakeAlsa({}),
    ),
    "low voltage": Row(
        ["board failure power: the supply's voltage is too low now -> ", NOT_RUNNING],
        files=PI | {"sys/devices/platform/soc/soc:firmware/get_throttled": "50005"},
    ),
    "a line card": Row([NOT_RUNNING], text=SERIAL, well=["serial ok .*: a line card answers"]),
    "no line card": Row(
        ["serial failure .*: nothing is heard of it -> check", NOT_RUNNING],
        text=SERIAL,
        card=Finding("failure", "/dev/serial/by-id/card", "nothing is heard of it", "check"),
    ),
    "its device is missing": Row(
        ["serial failure .*/card: there is no such device -> plug the card in", NOT_RUNNING],
        text=SERIAL,
        files=pi(),
    ),
    "a line card in service": Row(
        [],
        linked(),
        text=SERIAL,
        card=Finding("failure", "", "a port of a running service was opened", "never"),
        well=["lines ok line phone1: card version 1.0: 5000 lines heard, 0 damaged"],
    ),
    "a noisy link": Row(
        ["lines warning line phone1: the link is noisy: 5000 lines heard, 6 damaged, .* -> use"],
        linked(damaged=6),
        text=SERIAL,
    ),
    "a little noise": Row([], linked(damaged=5), text=SERIAL),
    "a loose plug": Row(
        ["lines warning line phone1: .* opened again 2 times, the card began again 1 times -> "],
        linked(reconnects=2, resets=1),
        text=SERIAL,
    ),
}


def case_of(row: Row, folder: Path) -> Case:
    root = machine(folder / "root", row.files)
    file = folder / "tipring.toml"
    file.write_text(row.text)

    @contextmanager
    def kernel() -> Iterator[PinUsers]:
        yield row.users.get

    return Case(
        file,
        read(file),
        row.service,
        root,
        gpio.Host(root, {}, lambda: row.library, lambda _: None, lambda _: True, kernel),
        serial.Host(root, lambda _: None, lambda _: True, lambda _: row.card),
        lambda: row.sound,
    )


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_what_is_found(tmp_path: Path, row: Row) -> None:
    found = list(examine(case_of(row, tmp_path)))
    bad = [shown(each) for each in found if each.level != "ok"]
    assert len(bad) == len(row.bad), bad
    for line, pattern in zip(bad, row.bad, strict=True):
        assert re.match(pattern, line), line
    rest = [shown(each) for each in found if each.level == "ok"]
    for pattern in row.well:
        assert any(re.match(pattern, line) for line in rest), rest
    assert all((each.fix != "") is (each.level != "ok") for each in found)


def shown(each: Any) -> str:
    return f"{each.check} {each.level} {each.subject}: {each.text} -> {each.fix}"


def test_a_check_that_fails_spoils_no_other(tmp_path: Path) -> None:
    def broken(_: Case) -> Iterator[Finding]:
        yield Finding("ok", "a", "before")
        raise ZeroDivisionError("x")

    def works(_: Case) -> Iterator[Finding]:
        yield Finding("ok", "b", "after")

    found = examine(case_of(ROWS["all well"], tmp_path), {"one": broken, "two": works})
    assert [(each.level, each.text) for each in found] == [
        ("ok", "before"),
        ("warning", "this check failed: ZeroDivisionError: x"),
        ("ok", "after"),
    ]


# --- why no service answers ---

SYSTEMD: list[tuple[str, str, str, str]] = [
    ("no systemd", "", "", ""),
    ("no unit", "LoadState=not-found\nActiveState=inactive\n", "", ""),
    (
        "stopped",
        "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\n",
        "",
        "systemd: inactive, dead",
    ),
    (
        "failed",
        "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n",
        "line phone1: no\x1b card\n",
        r"systemd: failed, failed, exit-code; its last error: line phone1: no\x1b card",
    ),
    (
        "killed",
        "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=watchdog\n",
        "",
        "systemd: activating, auto-restart, watchdog",
    ),
]


@pytest.mark.parametrize(
    ("show", "last", "why"), [r[1:] for r in SYSTEMD], ids=[r[0] for r in SYSTEMD]
)
def test_why_silent(show: str, last: str, why: str) -> None:
    def run(arguments: Sequence[str]) -> str:
        return show if arguments[0] == "systemctl" else last

    assert why_silent(run) == why


def test_the_service_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    silent = ask_service(path, lambda: "systemd: dead")
    assert isinstance(silent, Silence)
    assert silent.text == f"no service answers at {path} (systemd: dead)"
    assert silent.fix.startswith("start it with `systemctl start tipring`")
    with serving(path, FakeService().handlers()):
        assert ask_service(path) == msgspec.convert(STATUS, commands.Status)
    with serving(path, {}):
        assert isinstance(ask_service(path), Silence)


# --- at the start of a service ---


def test_a_service_that_cannot_start_says_the_rest_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = replace(ROWS["a pin in use"], library=ROWS["no library"].library)
    files = row.files | {"sys/devices/platform/soc/soc:firmware/get_throttled": "50005"}
    case = case_of(replace(row, files=files), tmp_path)
    with Journal() as journal:
        explain(HardwareError("line phone1: GPIO library: none; install it"), case, journal)
    said = capsys.readouterr().err
    assert "power: the supply's voltage is too low now; use a supply of 5 V" in said
    assert "GPIO library" not in said


# --- the command ---


def silent(text: str) -> str:
    """Without the sound card, which the machine of the test may have or not."""
    return "".join(line for line in text.splitlines(True) if not line.startswith("audio"))


@pytest.fixture
def socket(tmp_path: Path) -> str:
    return str(tmp_path / "control.sock")


def test_the_command_shows_the_worst_last(
    tmp_path: Path, socket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text(silent(SERIAL))
    assert invoke(["doctor", "--config", str(file), "--socket", socket]) == 1
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0].startswith("ok ")
    assert lines[-3:] == [
        "failure  /dev/serial/by-id/card: there is no such device",
        "         plug the card in, or name another device (/dev/serial/by-id is empty now)",
        "1 failure, 2 warnings, 1 ok",
    ]


@pytest.mark.parametrize(
    ("text", "code"), [(GPIO, 1), (silent(GPIO).replace("gpio", "simulated"), 0)]
)
def test_json_and_the_exit_code(
    tmp_path: Path, socket: str, text: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text(text)
    assert invoke(["doctor", "--config", str(file), "--socket", socket, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert {tuple(each) for each in found} == {("check", "level", "subject", "text", "fix")}
    assert found[0]["check"] == "configuration"
