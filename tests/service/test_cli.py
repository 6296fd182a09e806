"""The tipring command against a fake service that uses the real control server."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.service.cli import main, run_arguments
from gateway.service.cli_root import invoke
from gateway.service.control_client import ControlClient, NoAnswer, NoService
from tests.service.control_harness import RECORD, STATUS, FakeService, serving

MAIN = "import sys; from gateway.service.cli import main; sys.exit(main())"
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.getcwd()}

Outputs = pytest.CaptureFixture[str]


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def service(socket_path: Path) -> Iterator[FakeService]:
    fake = FakeService()
    with serving(socket_path, fake.handlers()):
        yield fake


HANDSET_ROWS: list[tuple[list[str], dict[str, Any]]] = [
    (["off-hook"], {"command": "handset.off-hook"}),
    (["on-hook"], {"command": "handset.on-hook"}),
    (["flash"], {"command": "handset.flash"}),
    (["flash", "--ms", "200"], {"command": "handset.flash", "ms": 200}),
    (
        ["dial", "12#,*"],
        {
            "command": "handset.dial",
            "digits": "12#,*",
            "pulse": False,
            "pps": 10,
            "break": 60,
            "on_ms": 100,
            "off_ms": 100,
        },
    ),
    (
        ["dial", "90", "--pulse", "--pps", "20", "--break", "67"],
        {
            "command": "handset.dial",
            "digits": "90",
            "pulse": True,
            "pps": 20,
            "break": 67,
            "on_ms": 100,
            "off_ms": 100,
        },
    ),
    (["record", "--stop"], {"command": "handset.record-stop"}),
]


@pytest.mark.parametrize(("arguments", "request_"), HANDSET_ROWS)
def test_gestures(
    service: FakeService, socket_path: Path, arguments: list[str], request_: dict[str, Any]
) -> None:
    assert invoke(["--socket", str(socket_path), "handset", "phone1", *arguments]) == 0
    assert service.asked == [{"v": 1, "line": "phone1", **request_}]


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["dial", "+15551234567"], {"command": "call.dial", "to": "+15551234567"}),
        (["dial", "sip:bob@192.0.2.1"], {"command": "call.dial", "to": "sip:bob@192.0.2.1"}),
        (["hold"], {"command": "call.hold"}),
        (["resume"], {"command": "call.resume"}),
        (["transfer", "sip:carol@b"], {"command": "call.transfer", "to": "sip:carol@b"}),
        (["hang-up"], {"command": "call.hang-up"}),
    ],
)
def test_calls_by_command(
    service: FakeService, socket_path: Path, arguments: list[str], request_: dict[str, Any]
) -> None:
    assert invoke(["call", "phone1", *arguments, "--socket", str(socket_path)]) == 0
    assert service.asked == [{"v": 1, "line": "phone1", **request_}]


@pytest.mark.parametrize(
    "place",
    [
        ["--socket={}", "handset", "phone1", "off-hook"],
        ["handset", "--socket", "{}", "phone1", "off-hook"],
        ["handset", "phone1", "off-hook", "--socket", "{}"],
    ],
)
def test_the_socket_may_be_named_anywhere(
    service: FakeService, socket_path: Path, place: list[str]
) -> None:
    assert invoke([part.format(socket_path) for part in place]) == 0
    assert len(service.asked) == 1


@pytest.mark.parametrize(("extra", "wait"), [([], True), (["--no-wait"], False)])
def test_play_passes_the_open_file(
    service: FakeService, socket_path: Path, tmp_path: Path, extra: list[str], wait: bool
) -> None:
    wav = tmp_path / "speech.wav"
    wav.write_bytes(b"RIFF speech")
    arguments = ["--socket", str(socket_path), "handset", "phone1", "play", str(wav), *extra]
    assert invoke(arguments) == 0
    assert service.read == [b"RIFF speech"]
    assert service.asked[0]["wait"] is wait


@pytest.mark.parametrize(("extra", "fields"), [([], {}), (["--seconds", "2.5"], {"seconds": 2.5})])
def test_record_passes_a_file_that_the_service_writes(
    service: FakeService,
    socket_path: Path,
    tmp_path: Path,
    extra: list[str],
    fields: dict[str, float],
) -> None:
    wav = tmp_path / "heard.wav"
    wav.write_bytes(b"older and longer")  # emptied by the service, once it has accepted
    arguments = ["--socket", str(socket_path), "handset", "phone1", "record", str(wav), *extra]
    assert invoke(arguments) == 0
    assert wav.read_bytes() == b"RIFFr and longer"
    assert service.asked == [{"v": 1, "command": "handset.record", "line": "phone1", **fields}]


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "soon"])
def test_record_for_no_time_is_wrong_use(
    service: FakeService, socket_path: Path, tmp_path: Path, seconds: str
) -> None:
    wav = str(tmp_path / "heard.wav")
    arguments = ["--socket", str(socket_path), "handset", "phone1", "record", wav]
    assert invoke([*arguments, "--seconds", seconds]) == 2
    assert service.asked == []


def test_status_as_json_is_what_the_service_said(
    service: FakeService, socket_path: Path, capsys: Outputs
) -> None:
    assert invoke(["status", "--json", "--socket", str(socket_path)]) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_status_for_people(service: FakeService, socket_path: Path, capsys: Outputs) -> None:
    assert invoke(["status", "--socket", str(socket_path)]) == 0
    shown = capsys.readouterr().out
    lines = (
        "tipring 0.1.0: ready",
        "phone1 simulated off-hook",
        "trunk registered sip:example.com - -",
        "spare waiting sip:spare.example.com 30 s 403 [Forbidden]",
        "a1b2 phone1 from sip:[bold]\\x1b[2Jevil@example.com answered, on hold 500 498 2",
        "c3d4 phone3 to sip:600@example.com ringing 0 0 0",
        "limit sip.limits.connections = 8: reached 3 times so far",
        "line phone3: line card /dev/x: it is gone; plug the card in again",
        "line phone3: card ? absent, 4711 lines heard, 12 damaged, 3 commands sent again,"
        " 2 reconnects, 1 restarts of the card",
    )
    plain = " ".join(shown.split())
    assert [line for line in lines if line not in plain] == []
    assert "sip.limits.dialogs" not in shown
    assert "\x1b[2J" not in shown
    assert "no calls" not in shown


@pytest.mark.parametrize(
    ("extra", "seen"), [(["--json"], b'"ready": true'), ([], b"tipring 0.1.0: ready")]
)
def test_watching_ends_with_the_interrupt_key(
    service: FakeService, socket_path: Path, extra: list[str], seen: bytes
) -> None:
    watch = subprocess.Popen(
        [sys.executable, "-c", MAIN, "status", "--watch", "--socket", str(socket_path), *extra],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1", "FORCE_COLOR": ""},
    )
    assert watch.stdout is not None
    shown = b""
    while seen not in shown:
        assert select.select([watch.stdout], [], [], 10)[0], f"it is silent after {shown!r}"
        shown += os.read(watch.stdout.fileno(), 4096) or pytest.fail(f"it ended: {shown!r}")
    watch.send_signal(signal.SIGINT)
    assert watch.communicate(timeout=10)[1] == b""
    assert watch.returncode == 0


def test_a_service_that_says_nothing_is_told_apart(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(socket_path))
        silent.listen()
        with (
            ControlClient(socket_path, timeout_s=0.01) as client,
            pytest.raises(NoAnswer, match=r"gave no answer in 0\.01 s"),
        ):
            client.request("status")


def test_a_service_that_hangs_up_is_told_apart(socket_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as leaving:
        leaving.bind(str(socket_path))
        leaving.listen()
        with ControlClient(socket_path) as client:
            leaving.accept()[0].close()
            with pytest.raises(NoService, match="no service answers at"):
                client.request("status")


def test_calls(service: FakeService, socket_path: Path, capsys: Outputs) -> None:
    assert invoke(["calls", "--json", "--since", "@0", "--socket", str(socket_path)]) == 0
    assert json.loads(capsys.readouterr().out) == [RECORD]
    assert service.asked[0]["since"] == "1970-01-01T00:00:00.000Z"
    assert invoke(["calls", "--socket", str(socket_path)]) == 0
    assert "cancelled" in capsys.readouterr().out


def test_version_works_with_and_without_a_service(
    service: FakeService, socket_path: Path, tmp_path: Path, capsys: Outputs
) -> None:
    assert invoke(["version", "--json", "--socket", str(socket_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": "0.1.0", "service": "0.1.0"}
    assert invoke(["version", "--socket", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out == "tipring 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["handset", "nobody", "off-hook"], 1, "tipring: there is no line 'nobody'"),
        (["handset", "phone1", "play", "/none.wav"], 1, "tipring: /none.wav: No such file"),
        (["handset", "phone1", "record"], 2, "the FILE to record into is missing"),
        (["handset", "phone1", "dial"], 2, "Missing argument 'DIGITS'"),
        (["handset", "phone1", "dial", "1", "--pps", "0"], 2, "Invalid value for '--pps'"),
        (["handset", "phone1", "jump"], 2, "No such command 'jump'"),
        (["handset"], 2, "LINE"),
        (["calls", "--since", "soon"], 2, "tipring: 'soon' is no time"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["status", "--colour"], 2, "No such option"),
        (["phone", "phone1"], 1, "this view needs a terminal"),
        ([], 2, "Usage: tipring"),
    ],
)
def test_exit_codes(
    service: FakeService,
    socket_path: Path,
    capsys: Outputs,
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    given = ["--socket", str(socket_path), *arguments] if arguments else []
    assert invoke(given) == code
    shown = capsys.readouterr()
    assert words in shown.out + shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "arguments", [["status"], ["calls"], ["handset", "phone1", "off-hook"], ["phone", "phone1"]]
)
def test_no_service_is_said_plainly(
    tmp_path: Path, capsys: Outputs, arguments: Sequence[str]
) -> None:
    path = tmp_path / "none.sock"
    assert invoke(["--socket", str(path), *arguments]) == 1
    expected = f"tipring: no service answers at {path}; start it with `systemctl start tipring`"
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('[[line]]\nname = "a"\ndriver = "simulated"\nusers = ["*"]\n', 0, "c.toml: fine\n"),
        (
            '[[line]]\nname = "a"\ndriver = "simulated"\n',
            0,
            "c.toml:1: line[0]: warning: no users",
        ),
        ("[rtp]\ndscp = 99\n", 1, "c.toml:2: rtp.dscp: 99 is not allowed; allowed is a number fr"),
        ("[rtp]\ndscp = 99\n", 1, "c.toml: 2 errors, 0 warnings\n"),
    ],
)
def test_check(tmp_path: Path, capsys: Outputs, text: str, code: int, words: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    assert invoke(["check", str(file)]) == code
    assert words in capsys.readouterr().out
    assert invoke(["check", "--json", str(file)]) == code
    problems = json.loads(capsys.readouterr().out)
    assert all(set(each) == {"file", "line", "key", "text", "severity"} for each in problems)


def test_check_of_nothing(tmp_path: Path, capsys: Outputs) -> None:
    assert invoke(["check", str(tmp_path / "none")]) == 1
    assert "there is no such file" in capsys.readouterr().out
    assert invoke(["check"]) == 2


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        (["run"], []),
        (["run", "--config", "f"], ["--config", "f"]),
        (["--socket", "s", "run", "--simulated"], ["--socket", "s", "--simulated"]),
        (["--socket=s", "run"], ["--socket=s"]),
        (["status"], None),
        (["--socket", "run"], None),
        (["handset", "run", "off-hook"], None),
        (["--help"], None),
        ([], None),
    ],
)
def test_run_is_told_apart_before_click_is_loaded(
    arguments: list[str], run: list[str] | None
) -> None:
    assert run_arguments(arguments) == run


def test_help_lists_every_command(capsys: Outputs) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("run", "status", "calls", "handset", "check", "doctor", "version", "phone"):
        assert f"\n  {command} " in shown


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=ENVIRONMENT,
        check=False,
    )


def test_the_service_process_loads_neither_click_nor_rich() -> None:
    code = (
        "import sys\n"
        "from gateway.service import cli\n"
        "assert cli.run_arguments(['run']) == []\n"
        "import gateway.service.config_file, gateway.service.control, gateway.service.journal\n"
        "import gateway.service.records, gateway.service.notify\n"
        "print(sorted({'click', 'rich', 'systemd'} & set(sys.modules)))\n"
    )
    assert python(code).stdout == "[]\n"


def test_the_command_as_a_process(service: FakeService, socket_path: Path) -> None:
    done = python(MAIN, "status", "--json", "--socket", str(socket_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ready"] is True
    done = python(MAIN, "status", "--socket", str(socket_path) + "x")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
