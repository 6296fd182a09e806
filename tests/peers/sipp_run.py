"""Runs sipp on a scenario of ours: fragments filled in, free ports, bounded, its log read back."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.host import free_port

FOLDER = Path(__file__).parent / "sipp"
INVITE_BRANCH = "z9hG4bK-[pid]-[call_number]-invite"
_PLACE = re.compile(r"\{\{(\w+)((?: \w+=[^\s{}]*(?:\{\{\w+\}\})?[^\s{}]*)*)\}\}")


class SippError(AssertionError):
    """sipp was not content; the message holds its messages and errors."""


def installed() -> bool:
    return shutil.which("sipp") is not None


def scenario(name: str, values: Mapping[str, str]) -> str:
    """The scenario's XML with every {{place}} filled by a value or a fragment."""
    usual = {
        "branch": INVITE_BRANCH,
        "cseq": "1",
        "version": "1311022221",
        "direction": "sendrecv",
        "more": "",
        "up_ms": "300",
        "sid": secrets.token_hex(16),
        "record": "",
        "tag": "sipp",
        "contact": "sip:[local_ip]:[local_port];transport=[transport]",
    }
    text = (FOLDER / f"{name}.xml").read_text(encoding="utf-8")
    filled = _fill(text, usual | dict(values))
    # A place that nothing filled must not leave an empty line: that would end the headers.
    return re.sub(r"\n[ ]+(?=\n)", "", filled)


def _fill(text: str, values: Mapping[str, str]) -> str:
    def place(match: re.Match[str]) -> str:
        name, given = match[1], match[2]
        inner = dict(values)
        for pair in given.split():
            key, _, value = pair.partition("=")
            inner[key] = _fill(value, values)
        if name in inner:
            return inner[name]
        return _fill((FOLDER / "fragments" / f"{name}.txt").read_text().rstrip("\n"), inner)

    return _PLACE.sub(place, text)


class SippProcess:
    """A sipp that runs until its scenario is over, or `limit_s` is."""

    def __init__(
        self,
        name: str,
        folder: Path,
        arguments: list[str],
        values: Mapping[str, str],
        limit_s: int = 30,
    ) -> None:
        self.name = name
        self._folder, self._limit_s = folder, limit_s
        folder.mkdir(parents=True)
        (folder / "scenario.xml").write_text(scenario(name, values), encoding="utf-8")
        command = ["sipp", *arguments, "-sf", "scenario.xml", "-m", "1"]
        command += ["-nostdin", "-timeout", f"{limit_s}s", "-timeout_error", "-skip_rlimit"]
        command += ["-trace_msg", "-message_file", "messages.log"]
        command += ["-trace_err", "-error_file", "errors.log"]
        with (folder / "screen.log").open("wb") as screen:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                env=os.environ | {"TERM": "xterm"},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if error is not None and not isinstance(error, SippError):
            error.add_note(self.told())

    def finish(self) -> str:
        """Wait until sipp is done; its message log. Raises SippError unless it is content."""
        code = self.process.wait(self._limit_s + 5)
        if code != 0:
            raise SippError(f"exit code {code}; {self.told()}")
        return self._read("messages.log")

    def told(self) -> str:
        logs = ("errors.log", "messages.log")
        told = "\n".join(f"--- {log}\n{self._read(log)[-4000:]}" for log in logs)
        return f"sipp {self.name} told:\n{told}"

    def _read(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


class Sipp(SippProcess):
    """A caller: `with Sipp("cancelled", port, folder) as sipp: ...; sipp.finish()`."""

    def __init__(
        self,
        name: str,
        port: int,
        folder: Path,
        *,
        user: str = "alice",
        local: str = "127.0.0.1",
        limit_s: int = 30,
        options: tuple[str, ...] = (),
        **values: str,
    ) -> None:
        self.call_id = f"{name}-{secrets.token_hex(6)}@sipp.example"
        arguments = [f"127.0.0.1:{port}", "-s", user, "-cid_str", self.call_id]
        arguments += [*addresses(local), *options]
        own = folder / self.call_id.partition("@")[0]
        super().__init__(name, own, arguments, values, limit_s)


def addresses(host: str) -> list[str]:
    """Options with one port for SIP and four for audio and video, free a moment ago."""
    sip, media = free_port(host), free_port(host, 4)
    return ["-i", host, "-p", str(sip), "-mi", host, "-mp", str(media)]


def received(log: str, start: str) -> int:
    """How many messages that begin so sipp received."""
    parts = re.split(r"^-{20,} .*$", log, flags=re.MULTILINE)
    got = [part for part in parts if "message received" in part.partition("\n\n")[0]]
    return sum(1 for part in got if part.partition("\n\n")[2].lstrip().startswith(start))
