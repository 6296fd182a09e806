"""The journal's catalog explains every record that tipring writes, and no other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.service.messages import Message

SYSTEMD = Path(__file__).parents[2] / "systemd"
CATALOG = (SYSTEMD / "tipring.catalog").read_text(encoding="utf-8")
FIELDS = {"LINE", "CALL", "PEER", "SIP_STATUS"}


def entries() -> dict[str, str]:
    parts = re.split(r"^-- ([0-9a-f]{32})$", CATALOG, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_catalog_and_program_know_the_same_ids() -> None:
    assert set(entries()) == {message.id for message in Message}
    assert len(re.findall("^-- ", CATALOG, flags=re.MULTILINE)) == len(Message)


@pytest.mark.parametrize("message", list(Message), ids=lambda message: message.name)
def test_every_record_is_explained(message: Message) -> None:
    entry = entries()[message.id]
    assert re.match(r"\nSubject: \S.*\nDefined-By: tipring\n\n\S", entry)
    assert set(re.findall("@([A-Z_]+)@", entry)) <= FIELDS


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="journalctl is not installed")
def test_journalctl_takes_the_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    (folder / "tipring.catalog").write_text(CATALOG, encoding="utf-8")
    command = ["journalctl", f"--root={tmp_path}"]
    subprocess.run([*command, "--update-catalog"], check=True, capture_output=True)
    shown = subprocess.run(
        [*command, "--dump-catalog", Message.CALL_RECORD.id],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "The record of a call" in shown.stdout
