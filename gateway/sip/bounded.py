"""Tables that a peer can fill, and that stay small all the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def keep(table: dict[Key, Value], key: Key, value: Value, limit: int) -> Key | None:
    """Set an entry and make it the newest; the oldest goes when there are more than `limit`.

    Returns the key that had to go.
    """
    table.pop(key, None)
    table[key] = value
    if len(table) <= limit:
        return None
    oldest = next(iter(table))
    del table[oldest]
    return oldest
