"""The unit says what the service counts on, and systemd understands it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = (SYSTEMD / "tipring.service").read_text(encoding="utf-8")

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def value(key: str) -> str:
    found = re.findall(rf"^{key}=(.*)$", UNIT, flags=re.MULTILINE)
    assert len(found) == 1, f"{key} stands {len(found)} times"
    return str(found[0])


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("Type", "notify"),
        ("ExecStart", "/usr/bin/tipring run"),
        ("ExecStopPost", "-/usr/bin/tipring park"),
        ("User", "tipring"),
        ("RuntimeDirectory", "tipring"),
        ("ConfigurationDirectory", "tipring"),
        ("SyslogIdentifier", "tipring"),
        ("Restart", "on-failure"),
        ("NoNewPrivileges", "yes"),
    ],
)
def test_what_the_service_counts_on(key: str, setting: str) -> None:
    assert value(key) == setting


def test_calls_have_time_to_end_and_only_threads_are_real_time() -> None:
    assert int(value("TimeoutStopSec").removesuffix("s")) > 5
    assert int(value("WatchdogSec").removesuffix("s")) >= 5
    assert int(value("LimitRTPRIO")) >= 50
    assert "CPUSchedulingPolicy" not in UNIT
    assert "PrivateDevices" not in UNIT


@pytest.fixture
def startable(tmp_path: Path) -> Path:
    """The unit with a command that exists on this machine."""
    unit = tmp_path / "tipring.service"
    unit.write_text(UNIT.replace("/usr/bin/tipring", sys.executable), encoding="utf-8")
    return unit


@needs_analyze
def test_systemd_understands_every_line(startable: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(startable)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "tipring.service" in line]
    assert ours == []
    assert done.returncode == 0


@needs_analyze
def test_exposure_is_ok(startable: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(startable)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers")
def test_the_user_can_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/sysusers.d"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    shutil.copy(SYSTEMD / "tipring.sysusers", folder / "tipring.conf")
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True)
    assert re.search(r"^tipring:", (tmp_path / "etc/passwd").read_text(), flags=re.MULTILINE)
    groups = (tmp_path / "etc/group").read_text()
    for group in ("audio", "dialout", "gpio"):
        assert re.search(rf"^{group}:.*tipring", groups, flags=re.MULTILINE)


def test_the_unit_has_the_groups_of_its_user() -> None:
    """A group that nobody made would keep the service from starting."""
    users = (SYSTEMD / "tipring.sysusers").read_text(encoding="utf-8")
    made = set(re.findall(r"^m tipring (\S+)$", users, flags=re.MULTILINE))
    assert set(value("SupplementaryGroups").split()) - {"systemd-journal"} == made


def test_the_pins_are_given_to_a_group_that_the_user_has() -> None:
    rule = (SYSTEMD / "tipring.rules").read_text(encoding="utf-8")
    assert re.findall('GROUP="(.*?)", MODE="0660"', rule) == ["gpio"]
