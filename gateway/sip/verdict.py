"""What came of judging a request's credentials."""

from __future__ import annotations

from typing import Final, NamedTuple

SLOWED: Final = "too-many-failures"
STALE: Final = "stale-nonce"
REPLAYED: Final = "replayed-nonce"

# The luck of honest callers too: a nonce that is not good any more is nobody's failed login.
NONCE_FAULTS: Final = frozenset({STALE, REPLAYED})
GUESSES: Final = frozenset({"wrong-password", "unknown-user"})


class Verdict(NamedTuple):
    """`accepted`, or `challenges` to send, or neither: 403. `why` is "" when nothing was tried.

    `slows`: this failure was one too many, the source is slowed from now on.
    """

    accepted: bool
    username: str = ""
    why: str = ""
    challenges: tuple[tuple[str, str], ...] = ()
    slows: bool = False
