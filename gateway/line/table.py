"""Reads a table of a TOML file: a mistake is told with file, key and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.errors import ConfigError


class Table:
    """A TOML table that knows where it stands and which of its keys were asked for."""

    def __init__(self, data: object, file: str, path: str) -> None:
        self._file, self._path = file, path
        if not isinstance(data, Mapping):
            raise self.wrong("", "a table")
        self._data = data
        self._asked: set[str] = set()

    def wrong(self, key: str, allowed: str) -> ConfigError:
        where = ".".join(part for part in (self._path, key) if part) or "the whole file"
        return ConfigError(f"{self._file}: {where}: must be {allowed}")

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def names(self) -> list[str]:
        return [str(key) for key in self._data]

    def table(self, key: str) -> Table:
        path = f"{self._path}.{key}" if self._path else key
        return Table(self._take(key, "a table"), self._file, path)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, "a text", default)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text that is not empty")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self._take(key, "one of " + ", ".join(allowed), default)
        if value not in allowed:
            raise self.wrong(key, "one of " + ", ".join(allowed))
        return str(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key, "true or false", default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key, "a list of texts", ())
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        allowed = f"a number from {low:g} to {high:g}"
        value = self._take(key, allowed, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, allowed)
        if not low <= value <= high:
            raise self.wrong(key, f"{allowed}, and not {value:g}")
        return float(value)

    def milliseconds(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(key, low, high, default)
        if value != int(value):
            raise self.wrong(key, "a whole number of milliseconds")
        return int(value)

    def pairs(self, key: str) -> tuple[tuple[int, int], ...]:
        allowed = "a list of [on, off] pairs, whole milliseconds above 0"
        value = self._take(key, allowed)
        if not isinstance(value, list | tuple) or not value:
            raise self.wrong(key, allowed)
        return tuple(self._pair(key, pair, allowed) for pair in value)

    def pair(self, key: str) -> tuple[int, int]:
        allowed = "two whole numbers of milliseconds above 0, [shortest, longest]"
        return self._pair(key, self._take(key, allowed), allowed)

    def tables(self, key: str) -> list[Table]:
        value = self._take(key, "a list of tables")
        if not isinstance(value, list | tuple) or not value:
            raise self.wrong(key, "a list of tables that is not empty")
        path = f"{self._path}.{key}" if self._path else key
        return [Table(item, self._file, f"{path}[{n}]") for n, item in enumerate(value)]

    def no_more(self) -> None:
        """Every key was asked for; another one is a mistake, never ignored."""
        for key in self._data:
            if key not in self._asked:
                raise self.wrong(str(key), "one of " + ", ".join(sorted(self._asked)))

    def _take(self, key: str, allowed: str, default: object = None) -> object:
        self._asked.add(key)
        if key in self._data:
            return self._data[key]
        if default is None:
            raise self.wrong(key, f"{allowed}, but it is missing")
        return default

    def _pair(self, key: str, value: object, allowed: str) -> tuple[int, int]:
        match value:
            case [int(first), int(second)] if first > 0 and second > 0:
                return first, second
        raise self.wrong(key, allowed)
