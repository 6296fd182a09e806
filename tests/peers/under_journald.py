"""Runs a command as systemd would, its stderr connected to a real journald of its own.

    unshare --mount python -m tests.peers.under_journald FOLDER -- tipring run ...

The mount namespace keeps that journald apart from the machine's. `restart` on stdin ends the
command and starts it again; each start says `started`. The end of stdin ends it, and
FOLDER/journal.json gets the journal.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

JOURNALD = Path("/lib/systemd/systemd-journald")
STREAM = "/run/systemd/journal/stdout"
PATIENCE_S = 5.0


def main(folder: Path, command: Sequence[str]) -> None:
    for place in ("/run/systemd", "/run/log"):
        Path(place).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    Path("/run/systemd/journal").mkdir()
    Path("/run/log/journal").mkdir()
    journald = subprocess.Popen([JOURNALD], stderr=subprocess.DEVNULL)
    try:
        running = start(command)
        for line in sys.stdin:
            if line.strip() == "restart":
                end(running)
                running = start(command)
        end(running)
        subprocess.run(["journalctl", "--sync"], check=False, capture_output=True)
        with (folder / "journal.json").open("wb") as file:
            subprocess.run(
                ["journalctl", "--no-pager", "-o", "json", "-t", "tipring"], stdout=file, check=True
            )
    finally:
        journald.terminate()
        journald.wait(PATIENCE_S)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the command with the stream that sd_journal_stream_fd(3) would make."""
    with connect() as stream:
        stream.sendall(b"tipring\n\n6\n0\n0\n0\n0\n")
        status = os.fstat(stream.fileno())
        environment = os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        running: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream.fileno(),
            stderr=stream.fileno(),
            env=environment,
        )
    print("started", flush=True)
    return running


def end(running: subprocess.Popen[bytes]) -> None:
    running.terminate()
    running.wait(PATIENCE_S + 5)


def connect() -> socket.socket:
    """A connection to journald, which takes a moment to start."""
    pause = threading.Event()
    for _ in range(100):
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            stream.connect(STREAM)
        except OSError:
            stream.close()
            pause.wait(PATIENCE_S / 100)
        else:
            return stream
    raise SystemExit("journald did not start")


if __name__ == "__main__":
    at = sys.argv.index("--")
    main(Path(sys.argv[1]), sys.argv[at + 1 :])
