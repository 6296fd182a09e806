"""Header fields as a message has them: an ordered container, found by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.sip.grammar import KNOWN_NAMES, header_key

# A header's key -> its value, or the values of all its lines: one string costs less than a list.
Index = dict[str, "str | list[str]"]


class Headers:
    """Header fields in the order of the message; names compare without case, compact forms too."""

    __slots__ = ("_fields", "_index")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = list(fields)
        self._index: Index | None = None

    @classmethod
    def indexed(cls, fields: list[tuple[str, str]], index: Index) -> Headers:
        """For the parser, which has both at hand: no second pass."""
        headers = cls.__new__(cls)
        headers._fields = fields
        headers._index = index
        return headers

    def get(self, name: str) -> str | None:
        """The first value under `name`, or None."""
        index = self._index
        if index is None:
            index = self.index()
        # Most callers name a header by its key, which needs no folding.
        found = index.get(name)
        if found is None:
            found = index.get(header_key(name))
        return found[0] if isinstance(found, list) else found

    def get_all(self, name: str) -> list[str]:
        """Every value under `name`, one for each header line, in order."""
        found = self.index().get(name)
        if found is None:
            found = self.index().get(header_key(name))
            if found is None:
                return []
        return list(found) if isinstance(found, list) else [found]

    def index(self) -> Index:
        """Key to value (or values), for readers of many headers at once."""
        if self._index is None:
            self._index = _index_of(self._fields)
        return self._index

    def items(self) -> list[tuple[str, str]]:
        """Names as written and values, in order."""
        return list(self._fields)

    def add(self, name: str, value: str) -> None:
        """Append a header line."""
        self._fields.append((name, value))
        self._index = None

    def set(self, name: str, value: str) -> None:
        """Replace the first line under `name`, drop its other lines; append when there is none."""
        key = header_key(name)
        fields: list[tuple[str, str]] = []
        done = False
        for old, old_value in self._fields:
            if header_key(old) != key:
                fields.append((old, old_value))
            elif not done:
                fields.append((old, value))
                done = True
        self._fields = fields if done else [*fields, (name, value)]
        self._index = None

    def update(self, changes: Mapping[str, Iterable[object]]) -> None:
        """Give headers other values: `changes` has, by key, one for each line of that header.

        Values are texts, or typed ones that write themselves. Names and places of the lines stay.
        A header without enough values keeps the rest of its own; values too many are appended.
        """
        left = {header_key(name): iter(values) for name, values in changes.items()}
        fields, known = self._fields[:], KNOWN_NAMES.get
        for at, (name, value) in enumerate(fields):
            new = left.get(known(name) or name.lower())
            if new is not None:
                fields[at] = (name, str(next(new, value)))
        fields += [(key, str(value)) for key, values in left.items() for value in values]
        self._fields = fields
        self._index = None

    def remove(self, name: str) -> None:
        """Drop every line under `name`."""
        key = header_key(name)
        self._fields = [field for field in self._fields if header_key(field[0]) != key]
        self._index = None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and header_key(name) in self.index()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


def _index_of(fields: list[tuple[str, str]]) -> Index:
    index: Index = {}
    for name, value in fields:
        key = header_key(name)
        there = index.get(key)
        if there is None:
            index[key] = value
        elif isinstance(there, list):
            there.append(value)
        else:
            index[key] = [there, value]
    return index
