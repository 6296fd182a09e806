"""Reads `tipring.toml`: text to TOML to structs to checks, with every problem at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gateway.errors import ConfigError
from gateway.service.config import Config, User
from gateway.service.config_checks import check_config
from gateway.service.config_decode import decode_table
from gateway.service.problems import ConfigProblems, Key, Problem, Report
from gateway.service.secrets import is_open_to_others, read_secret, search_folders
from gateway.service.toml_lines import KeyLines

MAX_FILE_BYTES = 1 << 20

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_OF_HARDWARE = ("pins", "serial", "audio")


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
    _check_readers(config, file, report)
    return _with_passwords(config, search_folders(file.absolute().parent), report)


def _check_readers(config: Config, file: Path, report: Report) -> None:
    auth = config.sip.inbound_auth
    if auth is not None and auth.passwords() and is_open_to_others(file.name, [file.parent]):
        key: Key = ("sip", "inbound_auth", "users")
        report.warn(key, "every user of this machine may read the passwords in this file")


def _with_passwords(config: Config, folders: list[Path], report: Report) -> Config:
    auth = config.sip.inbound_auth
    if auth is None:
        return config
    users = tuple(
        _with_password(user, folders, ("sip", "inbound_auth", "users", index), report)
        for index, user in enumerate(auth.users)
    )
    replace = msgspec.structs.replace
    return replace(config, sip=replace(config.sip, inbound_auth=replace(auth, users=users)))


def _with_password(user: User, folders: list[Path], key: Key, report: Report) -> User:
    if (user.password is None) == (user.password_file is None):
        report.error(key, "either password or password_file is needed, and not both")
        return user
    if user.password is not None:
        if not user.password.reveal():
            report.error((*key, "password"), "the password is empty")
        return user
    name = user.password_file or ""
    try:
        password = read_secret(name, folders)
    except ConfigError as error:
        report.error((*key, "password_file"), str(error))
        return user
    if is_open_to_others(name, folders):
        report.warn((*key, "password_file"), f"every user of this machine may read {name}")
    return msgspec.structs.replace(user, password=password)
