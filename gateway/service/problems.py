"""What is wrong with a configuration: found all at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from gateway.errors import ConfigError
from gateway.service.text import one_line

Key: TypeAlias = tuple[str | int, ...]
"""Where a value is: ("line", 0, "name") is the name of the first [[line]]."""


class Problem(Struct, frozen=True):
    """One finding. `line` counts from 1 and is 0 when the place has no line of its own."""

    file: str
    line: int
    key: str
    text: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        kind = "warning: " if self.severity == "warning" else ""
        return one_line(": ".join(part for part in (place, self.key, kind + self.text) if part))


class ConfigProblems(ConfigError):
    """The configuration cannot be used. The text has one problem a line; all are in `problems`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Report:
    """Collects the problems of one file, in the order of its lines."""

    def __init__(self, file: str, line_of: Callable[[Key], int] = lambda _: 0) -> None:
        self._file = file
        self._line_of = line_of
        self._problems: list[Problem] = []

    def error(self, key: Key, text: str) -> None:
        """The configuration cannot be used because of this."""
        self._problems.append(Problem(self._file, self._line_of(key), show_key(key), text))

    def error_at(self, line: int, text: str) -> None:
        """The file cannot be read from this line on (0: at all)."""
        self._problems.append(Problem(self._file, line, "", text))

    def warn(self, key: Key, text: str) -> None:
        """The configuration works, though perhaps not as meant."""
        line = self._line_of(key)
        self._problems.append(Problem(self._file, line, show_key(key), text, "warning"))

    def blames(self, table: str) -> bool:
        """Was something wrong inside this table, so that it may be missing from the rest?"""
        return any(problem.key.startswith(f"{table}[") for problem in self._problems)

    def problems(self) -> list[Problem]:
        """Everything found so far."""
        return sorted(self._problems, key=lambda problem: problem.line)


def show_key(key: Key) -> str:
    """A key as an owner reads it: line[0].name."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
