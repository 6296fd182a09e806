"""The line of each key in a TOML file, which tomllib does not tell.

Reads only what it must of a document that tomllib has accepted: headers, keys, and where values
that span lines end. What stands inside a value belongs to the line of its key.
"""

from __future__ import annotations

import re

from gateway.service.problems import Key

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PATH})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_PATH})\s*=")
# What decides whether a value goes on: brackets, whole strings, openings of long strings, comments.
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


class KeyLines:
    """Looks up the line (from 1) of a key, or of the nearest thing around it, else 0."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Key, int] = {}
        self._array_sizes: dict[Key, int] = {}
        self._table: Key = ()
        self._read(text)

    def line_of(self, key: Key) -> int:
        """The line of `key`, or of what contains it."""
        for length in range(len(key), 0, -1):
            line = self._lines.get(key[:length])
            if line:
                return line
        return 0

    def _read(self, text: str) -> None:
        value = _Value()
        for number, line in enumerate(text.splitlines(), 1):
            start = 0
            if value.is_complete:
                start = self._begin(line, number)
            value.feed(line[start:])

    def _begin(self, line: str, number: int) -> int:
        if header := _HEADER.match(line):
            self._enter(_split(header[2]), header[1] == "[[", number)
            return len(line)
        if assignment := _ASSIGNMENT.match(line):
            self._lines.setdefault(self._table + _split(assignment[1]), number)
            return assignment.end()
        return 0

    def _enter(self, path: Key, is_array: bool, number: int) -> None:
        if is_array:
            index = self._array_sizes.get(path, 0)
            self._array_sizes[path] = index + 1
            self._lines.setdefault(path, number)
            path = (*path, index)
        else:
            path = self._into_last(path)
        self._lines.setdefault(path, number)
        self._table = path

    def _into_last(self, path: Key) -> Key:
        """[line.audio] after [[line]] belongs to the last line (TOML 1.0, array of tables)."""
        for length in range(len(path) - 1, 0, -1):
            size = self._array_sizes.get(path[:length])
            if size:
                return (*path[:length], size - 1, *path[length:])
        return path


class _Value:
    """Tells whether brackets and long strings are closed after the lines seen so far."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""

    @property
    def is_complete(self) -> bool:
        return self._depth == 0 and not self._quote

    def feed(self, text: str) -> None:
        position = 0
        while position < len(text):
            if self._quote:
                end = text.find(self._quote, position)
                if end < 0:
                    return
                position, self._quote = end + 3, ""
                continue
            token = _TOKEN.search(text, position)
            if token is None:
                return
            self._take(token[0])
            position = token.end()

    def _take(self, token: str) -> None:
        if token in {'"""', "'''"}:
            self._quote = token
        elif token in {"[", "{"}:
            self._depth += 1
        elif token in {"]", "}"}:
            self._depth -= 1


def _split(path: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, path))
