"""Passwords: a type that never shows itself, and the files they are kept in.

A relative file name is looked up in `$CREDENTIALS_DIRECTORY` (systemd's LoadCredential=) first and
in the configuration's folder next; never in the working directory, which is anybody's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from gateway.errors import ConfigError

MAX_SECRET_BYTES = 4096
HIDDEN = "(hidden)"


class Secret:
    """A password. `reveal()` is the only way to see it: str, repr, format and pickling hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The password itself, for the digest computation alone."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def decode_secret(kind: type[Any], value: object) -> Any:
    """msgspec's hook for the one type it does not know: a TOML string becomes a Secret."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("expected a string")


def search_folders(config_folder: Path, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Where a relative password file is looked for, in order."""
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    return [*([Path(credentials)] if credentials else []), config_folder]


def read_secret(name: str, folders: list[Path]) -> Secret:
    """The password in the file `name`, without its line end. ConfigError names file and folders."""
    file = find_file(name, folders)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"the password file {file} cannot be read: {reason}") from None
    if len(data) > MAX_SECRET_BYTES:
        raise ConfigError(f"the password file {file} is longer than {MAX_SECRET_BYTES} bytes")
    return Secret(_one_line(data, file))


def is_open_to_others(name: str, folders: list[Path]) -> bool:
    """May every user of the machine read this password file?"""
    try:
        return bool(find_file(name, folders).stat().st_mode & 0o004)
    except (OSError, ConfigError):
        return False


def find_file(name: str, folders: list[Path], what: str = "password file") -> Path:
    """The file `name`, in the first folder that has it. ConfigError says where it was sought."""
    if not name:
        raise ConfigError(f"the name of the {what} is empty")
    candidates = [folder / name for folder in folders]  # an absolute name replaces the folder
    for file in candidates:
        if file.exists():
            return file
    if Path(name).is_absolute():
        raise ConfigError(f"there is no {what} {name}")
    searched = ", ".join(str(folder) for folder in folders)
    raise ConfigError(f"there is no {what} {name!r} in {searched}")


def _one_line(data: bytes, file: Path) -> str:
    try:
        text = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"the password file {file} is not UTF-8 text") from None
    if not text:
        raise ConfigError(f"the password file {file} is empty")
    if "\n" in text or "\r" in text or "\0" in text:
        raise ConfigError(f"the password file {file} holds more than one line")
    return text
