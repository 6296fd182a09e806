"""Reads `tipring.toml`: text to TOML to structs to checks, with every problem at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gateway.service.config import Config
from gateway.service.config_checks import check_config
from gateway.service.config_decode import decode_table
from gateway.service.config_secrets import check_readers, with_passwords
from gateway.service.config_tls import with_tls_files
from gateway.service.problems import ConfigProblems, Problem, Report
from gateway.service.secrets import search_folders
from gateway.service.toml_lines import KeyLines

MAX_FILE_BYTES = 1 << 20

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_OF_HARDWARE = ("pins", "fr_rest", "ring_hz", "serial", "audio", "dtmf_lookahead_ms")


class Reading(msgspec.Struct, frozen=True):
    """What reading a file gave: no `config` when any problem is an error."""

    config: Config | None
    problems: list[Problem]


def load(path: str | Path, *, simulated: bool = False) -> Config:
    """The configuration in `path`, passwords read. ConfigProblems (a ConfigError) lists them all.

    `simulated` gives every line a simulated phone, whatever its driver.
    """
    reading = read(path, simulated=simulated)
    if reading.config is None:
        raise ConfigProblems([p for p in reading.problems if p.severity == "error"])
    return reading.config


def check(path: str | Path, *, simulated: bool = False) -> list[Problem]:
    """Every error and warning of the file; an empty list for a good one."""
    return read(path, simulated=simulated).problems


def read(path: str | Path, *, simulated: bool = False) -> Reading:
    """The configuration, if it can be used, and everything that is wrong with it."""
    file = Path(path)
    report = Report(str(file))
    config = None
    text = _read_text(file, report)
    data = None if text is None else _parse(text, report)
    if text is not None and data is not None:
        report = Report(str(file), KeyLines(text).line_of)
        if simulated:
            _simulate(data)
        config = _build(data, file, report)
    problems = report.problems()
    is_usable = all(problem.severity != "error" for problem in problems)
    return Reading(config if is_usable else None, problems)


def _read_text(file: Path, report: Report) -> str | None:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        report.error_at(0, "there is no such file")
        return None
    except OSError as error:
        report.error_at(0, f"cannot be read: {error.strerror or error}")
        return None
    if len(data) > MAX_FILE_BYTES:
        report.error_at(0, f"longer than {MAX_FILE_BYTES} bytes")
        return None
    try:
        return data.decode("utf-8-sig")  # editors on other systems begin a file with a mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.error_at(line, f"byte 0x{data[error.start]:02x} is not UTF-8 text")
        return None


def _parse(text: str, report: Report) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _AT.search(message)
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        report.error_at(line, f"not TOML: {_AT.sub('', message)}")
        return None


def _simulate(data: dict[str, Any]) -> None:
    lines = data.get("line")
    for line in lines if isinstance(lines, list) else ():
        if not isinstance(line, dict) or line.get("driver") == "simulated":
            continue
        line["driver"] = "simulated"
        for name in _OF_HARDWARE:
            line.pop(name, None)


def _build(data: dict[str, Any], file: Path, report: Report) -> Config | None:
    if not data.get("line"):
        report.error((), "no lines; at least one [[line]] is needed")
    config = decode_table(Config, data, (), report)
    if config is None:
        return None
    check_config(config, report)
    check_readers(config, file, report)
    folders = search_folders(file.absolute().parent)
    return with_tls_files(with_passwords(config, folders, report), folders, report)
