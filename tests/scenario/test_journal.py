"""The journal tells a call's whole story: a real journald, asked as its reader would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from gateway.service.messages import Message
from tests.peers.driver import ROOT, twilio_caller
from tests.peers.under_journald import JOURNALD
from tests.scenario.gateway_process import configuration, free_sip_port, tipring
from tests.scenario.phone import Phone

STORY = [
    "CALL_INCOMING",
    "CALL_RINGING",
    "CALL_ANSWERED",
    "CALL_MEDIA",
    "CALL_ENDED",
    "CALL_RECORD",
]
NAMES = {message.id: message.name for message in Message}


class UnderJournald:
    """The service under a journald of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sip_port = free_sip_port()
        config = folder / "tipring.toml"
        config.write_text(configuration(self.sip_port, auth=("alice", "open sesame")))
        self.socket = folder / "c.sock"
        self.phone = Phone(self.socket, "phone1")
        module = ["unshare", "--mount", sys.executable, "-m", "tests.peers.under_journald"]
        run = [tipring(), "run", "--config", config, "--socket", self.socket]
        self._process = subprocess.Popen(
            [*module, str(folder), "--", *map(str, run)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self.await_started()

    def await_started(self) -> None:
        """Until the (next) process runs; an earlier one has ended by then."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "started\n"
        self.phone.await_up()

    @property
    def _orders(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def restart(self) -> None:
        self._orders.write("restart\n")
        self._orders.flush()
        self.await_started()

    def command(self, *arguments: str) -> str:
        command = [str(tipring()), *arguments, "--socket", str(self.socket)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=True)
        return done.stdout

    def close(self) -> list[dict[str, Any]]:
        """End it; the journal's records, oldest first."""
        self._orders.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        lines = (self.folder / "journal.json").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[UnderJournald]:
    if os.geteuid() != 0 or not JOURNALD.exists() or shutil.which("journalctl") is None:
        pytest.skip("needs root and systemd's journald for a journal of its own")
    running = UnderJournald(tmp_path)
    yield running
    if not (tmp_path / "journal.json").exists():
        running.close()


def test_one_call_from_invite_to_record(service: UnderJournald, tmp_path: Path) -> None:
    target = f"sip:alice@127.0.0.1:{service.sip_port}"
    (tmp_path / "caller").mkdir()
    login = ("--user", "alice", "--password", "open sesame")
    with twilio_caller(target, tmp_path / "caller", *login, "--header", "X-Who: door") as caller:
        service.phone.await_state("ringing")
        service.phone.lift()
        caller.wait_for("response", status=200)
        caller.order("digits 12")
        service.phone.await_status(
            lambda status: status["calls"][0]["digits"]["received"] == "12", 5, "digits"
        )
        caller.order("bye")
        caller.over()
    record = service.phone.await_record()
    service.restart()
    # A new process: the record can only come out of the journal.
    assert json.loads(service.command("calls", "--json")) == [record]
    journal = service.close()

    story = [NAMES[e["MESSAGE_ID"]] for e in journal if e.get("CALL") == record["call"]]
    assert [name for name in story if name in STORY] == STORY
    sid = record["twilio_call_sid"]
    of_call = [entry for entry in journal if entry.get("TWILIO_CALL_SID") == sid]
    assert len(of_call) == len(story)
    assert {entry["CALL_ID"] for entry in of_call} == {record["call_id"]}
    assert all(entry["LINE"] == "phone1" for entry in of_call)
    (final,) = (e for e in of_call if e["MESSAGE_ID"] == Message.CALL_RECORD.id)
    wanted = {"SIP_STATUS": "200", "REASON": "remote-hangup", "CODEC": "PCMU", "DTMF_RECEIVED": "2"}
    assert {key: final[key] for key in wanted} == wanted
    assert "X-Who: door" in final["X_HEADERS"]
    assert "open sesame" not in json.dumps(journal)
