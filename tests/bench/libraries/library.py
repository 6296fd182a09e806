"""What the benchmark asks of a SIP library, and what helps to say it for each of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tests.bench.libraries.invites import (
    AddressFields,
    Fields,
    Invite,
    Line,
    Params,
    UriFields,
    ViaFields,
)

# What `work` has read: `Fields` in plain tuples, parameters in whatever shape the library has them.
Read = Any


@dataclass(frozen=True, slots=True)
class Library:
    """One library. `note` says where its faithful output differs from what came in.

    `work` is what is timed: parse, read every Via, From, To, Contact and the Request-URI field by
    field, set `rport` of the top Via and the host of the top Route, put every typed header and the
    Request-URI back from its fields, and write. `params` (its parameters as a dict, None for flags)
    and `normal` (its faithful output) are for the check afterwards. `accept` parses and reads what
    `work` reads, and raises when the library refuses a message.
    """

    name: str
    version: str
    note: str
    work: Callable[[bytes], tuple[Read, bytes]]
    params: Callable[[Any], Params]
    normal: Callable[[Invite], bytes]
    accept: Callable[[bytes], object]


def fields(library: Library, read: Read) -> Fields:
    """What a library has read, in the shape that all are compared in."""
    vias, addresses, uri = read
    found = Fields(
        [
            ViaFields(transport, host, port, library.params(params))
            for transport, host, port, params in vias
        ],
        [
            AddressFields(display or "", _uri(library, one), library.params(params))
            for display, one, params in addresses
        ],
        _uri(library, uri),
    )
    # Most libraries have changed the very dict that was read.
    found.vias[0].params["rport"] = None
    return found


def _uri(library: Library, read: Read) -> UriFields:
    scheme, user, host, port, params = read
    return UriFields(scheme, user, host, port, library.params(params))


NAMES = ("ours", "aiosipua", "opensip", "sipmessage", "sippy")


def load(name: str) -> Library | None:
    """The library of that name, None when it is not installed."""
    try:
        module = importlib.import_module(f"tests.bench.libraries.adapters.{name}_adapter")
    except ModuleNotFoundError as missing:
        if missing.name is not None and missing.name.partition(".")[0] == name:
            return None
        raise
    library: Library = module.LIBRARY
    return library


def version_of(name: str) -> str:
    """The installed version of a distribution."""
    return version(name)


def grouped(lines: Iterable[Line]) -> list[Line]:
    """Lines as libraries write them that keep headers by name: all of one name where its first is.

    The order among them, which the standard cares about, stays.
    """
    groups: dict[str, list[Line]] = {}
    for name, value in lines:
        groups.setdefault(name.lower(), []).append((name, value))
    return [line for group in groups.values() for line in group]


def capitalized(name: str) -> str:
    """The spelling that several libraries give to names they do not know."""
    known = {"call-id": "Call-ID", "cseq": "CSeq"}
    return known.get(name.lower()) or "-".join(word.capitalize() for word in name.split("-"))


def last(lines: Iterable[Line], *names: str) -> list[Line]:
    """The same lines with those of these names at the end."""
    kept = [line for line in lines if line[0] not in names]
    return kept + [line for name in names for line in lines if line[0] == name]
