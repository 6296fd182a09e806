"""Where records go: to journald, or as readable lines to stderr.

journald is taken when our stderr is connected to it, which is what systemd does for a service
(`$JOURNAL_STREAM` names device and inode of that stream, systemd.exec(5)). In a shell, even on a
machine that runs journald, the owner is looking at stderr: the lines belong there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

from gateway.service.messages import Priority

IDENTIFIER = "tipring"
JOURNAL_SOCKET = Path("/run/systemd/journal/socket")


class Sink(Protocol):
    """Writes one record; called on the writer thread alone, and may block."""

    def write(self, fields: Mapping[str, str]) -> None:
        """`fields`: journal fields in order, MESSAGE and PRIORITY among them."""


class StderrSink:
    """Readable lines: time, priority when it matters, text, and whom it is about."""

    _SHOWN = ("LINE", "CALL", "TWILIO_CALL_SID", "PEER")

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr

    def write(self, fields: Mapping[str, str]) -> None:
        """Write one line; a closed terminal is no reason to fail."""
        at = datetime.fromtimestamp(float(fields["TIME"])).strftime("%H:%M:%S.%f")[:-3]
        priority = Priority(int(fields["PRIORITY"]))
        kind = f" {priority.name.lower()}:" if priority <= Priority.WARNING else ""
        about = " ".join(f"{key.lower()}={fields[key]}" for key in self._SHOWN if key in fields)
        line = f"{at}{kind} {fields['MESSAGE']}" + (f"  [{about}]" if about else "")
        trace = fields.get("TRACEBACK", "").splitlines()
        text = "".join(f"{each}\n" for each in [line, *(f"    {each}" for each in trace)])
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return


class JournaldSink:
    """Structured records by journald's own protocol, through systemd-python."""

    def __init__(self) -> None:
        from systemd.journal import sendv  # noqa: PLC0415 - only a service under systemd needs it

        self._send: Any = sendv

    def write(self, fields: Mapping[str, str]) -> None:
        """Send one record; waits while journald is slow."""
        self._send(
            f"SYSLOG_IDENTIFIER={IDENTIFIER}",
            *(f"{key}={value}" for key, value in fields.items() if key != "TIME"),
        )


def stderr_is_journal(environ: Mapping[str, str] = os.environ, descriptor: int = 2) -> bool:
    """Is this descriptor the stream that systemd connected to journald?"""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return False
    return (device, inode) == (str(stat.st_dev), str(stat.st_ino))


def has_journal(environ: Mapping[str, str] = os.environ) -> bool:
    """Do our records go to journald, so that they can be read back from it?"""
    return JOURNAL_SOCKET.exists() and stderr_is_journal(environ)


def choose_sink(environ: Mapping[str, str] = os.environ) -> Sink:
    """journald for a service, stderr for a shell."""
    return JournaldSink() if has_journal(environ) else StderrSink()
