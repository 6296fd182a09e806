"""From the mapping that TOML gives to the structs of `config`, noting every problem on the way.

msgspec stops at the first error; an owner wants them all. So tables are walked here, key by key,
and msgspec judges single values. A value that is wrong is reported and replaced by its default, so
that the checks after this still find what else is wrong.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar, Union

import msgspec

from gateway.service.config import Config
from gateway.service.config_table import Table
from gateway.service.problems import Key, Report, show_key
from gateway.service.secrets import Secret, decode_secret

Kind = TypeVar("Kind", bound=Table)

NOT_AVAILABLE = "not available in this version"

LATER_KEYS: frozenset[Key] = frozenset(
    {
        ("sip", "limits", "rates"),
    }
)
"""Keys of the design that this version cannot honour. Ignoring one would make a configuration look
safer than it is."""


def decode_table(kind: type[Kind], data: object, key: Key, report: Report) -> Kind | None:
    """The table at `key`; None when it is no table or lacks what it cannot do without."""
    if not isinstance(data, dict):
        report.error(key, f"{_show(data)} is not allowed; allowed is a table")
        return None
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    _report_unknown(data, fields, key, report)
    values: dict[str, Any] = {}
    is_whole = True
    for name, field in fields.items():
        if name in data:
            found = _decode(field.type, data[name], (*key, name), report)
            if found is not None:
                values[name] = found
        elif field.required:
            report.error(key, f"{name} is missing; it must be {_allowed(field.type)}")
        is_whole = is_whole and (name in values or not field.required)
    return kind(**values) if is_whole else None


def _report_unknown(
    data: dict[str, Any], known: Mapping[str, object], key: Key, report: Report
) -> None:
    for name in data:
        path = (*key, name)
        if name in known:
            continue
        if _without_indexes(path) in LATER_KEYS:
            report.error(path, NOT_AVAILABLE)
        else:
            report.error(path, f"unknown key; {_suggestion(name, known)}")


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    import difflib  # noqa: PLC0415 - a good configuration never needs it

    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    homes = sorted(home for home in _homes(Config, ()) if home.endswith(f".{name}"))
    if homes:
        return f"did you mean {' or '.join(homes)}?"
    return f"allowed are {', '.join(known)}"


def _homes(kind: type[Table], path: Key) -> Iterator[str]:
    """Every key there is, as an owner would write its place."""
    for field in msgspec.structs.fields(kind):
        plain = _plain(field.type)
        inner = _table_items(plain) or plain
        place = (*path, field.name)
        yield show_key(place)
        if isinstance(inner, type) and issubclass(inner, Table):
            yield from _homes(inner, place)


def _decode(kind: Any, value: object, key: Key, report: Report) -> Any:
    """The value as `kind`; None when it was wrong, and reported."""
    plain = _plain(kind)
    if isinstance(plain, type) and issubclass(plain, Table):
        return decode_table(plain, value, key, report)
    items = _table_items(plain)
    if items is not None:
        return _decode_tables(items, value, key, report)
    try:
        return msgspec.convert(value, kind, dec_hook=decode_secret)
    except msgspec.ValidationError:
        shown = "this value" if plain is Secret else _show(value)
        report.error(key, f"{shown} is not allowed; allowed is {_allowed(kind)}")
        return None


def _decode_tables(kind: type[Kind], value: object, key: Key, report: Report) -> tuple[Kind, ...]:
    if not isinstance(value, list):
        report.error(key, f"{_show(value)} is not allowed; allowed is a list of tables")
        return ()
    decoded = [decode_table(kind, item, (*key, i), report) for i, item in enumerate(value)]
    whole = tuple(table for table in decoded if table is not None)
    return whole if len(whole) == len(decoded) else ()  # later checks count on the positions


def _plain(kind: Any) -> Any:
    """The type without None and without Annotated."""
    kind = _without_none(kind)
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in {Union, types.UnionType}:
        return next(part for part in typing.get_args(kind) if part is not type(None))
    return kind


def _table_items(kind: Any) -> type[Table] | None:
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple and isinstance(arguments[0], type):
        return arguments[0] if issubclass(arguments[0], Table) else None
    return None


def _allowed(kind: Any) -> str:
    """What is allowed, in words."""
    kind = _without_none(kind)
    if typing.get_origin(kind) is typing.Annotated:
        for note in typing.get_args(kind)[1:]:
            if isinstance(note, msgspec.Meta) and note.description:
                return note.description
    plain = _plain(kind)
    if typing.get_origin(plain) is Literal:
        return " or ".join(_show(choice) for choice in typing.get_args(plain))
    return _TYPE_WORDS.get(typing.get_origin(plain) or plain, "something else")


_TYPE_WORDS: Mapping[Any, str] = {
    str: "a string",
    bool: "true or false",
    Secret: "a string",
    tuple: "a list of strings",
    dict: "a table of strings",
}


def _show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _without_indexes(key: Key) -> Key:
    return tuple(part for part in key if isinstance(part, str))
