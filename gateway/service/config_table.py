"""What every table of the configuration is, and the kinds of value that several of them have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535, description="a port number from 1 to 65535")]
Words: TypeAlias = tuple[str, ...]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration file."""
