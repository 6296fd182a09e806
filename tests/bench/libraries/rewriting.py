"""Parse, read field by field, change, write: every output is checked against what it must be."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.libraries.invites import Invite
from tests.bench.libraries.library import Library, fields
from tests.bench.libraries.rounds import Contestant, Rate, measure


class Wrong(Exception):
    """A library has read or written something else than it must."""


def rates(libraries: Sequence[Library], invites: Sequence[Invite], rounds: int) -> dict[str, Rate]:
    """Messages a second of each library. Raises Wrong."""
    for library in libraries:
        for invite in invites:
            check_reading(library, invite)
    contestants = [_contestant(library, invites) for library in libraries]
    return measure(contestants, [one.data for one in invites], rounds=rounds, size=500)


def check_reading(library: Library, invite: Invite) -> None:
    """Every field has the value that the message was made with. Raises Wrong."""
    found = fields(library, library.work(invite.data)[0])
    if found != invite.fields:
        raise Wrong(f"{library.name} read {found}, which should be {invite.fields}")


def _contestant(library: Library, invites: Sequence[Invite]) -> Contestant:
    """Keeps the bytes alone: what was read would be the garbage collector's work, on their time."""
    work = library.work
    wanted = [library.normal(invite) for invite in invites]

    def settle(start: int, results: list[bytes]) -> None:
        for at, written in enumerate(results, start):
            if written != wanted[at]:
                raise Wrong(f"{library.name} wrote {written!r}, not {wanted[at]!r}")

    return Contestant(library.name, lambda data: work(data)[1], settle)
