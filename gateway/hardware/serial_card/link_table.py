"""Where a link to a line card can stand, and how it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

LinkState: TypeAlias = Literal["absent", "knocking", "syncing", "up"]
Symbol: TypeAlias = Literal[
    "opened",
    "lost",
    "answered",
    "ready",
    "retry",
    "synced",
    "failed",
    "silent",
    "refused",
    "differs",
]

# absent: the device cannot be opened. knocking: it is open, and VER? is asked until the card
# answers. syncing: our state is being sent. up: the card does what we want.
TRANSITIONS: Final[Mapping[LinkState, Mapping[Symbol, LinkState]]] = {
    "absent": {"opened": "knocking", "lost": "absent"},
    "knocking": {
        "answered": "syncing",
        "ready": "syncing",
        "retry": "knocking",
        "lost": "absent",
    },
    "syncing": {
        "synced": "up",
        "ready": "syncing",  # it has started once more
        "failed": "knocking",  # a command had no answer
        "refused": "knocking",
        "silent": "knocking",  # no BEAT
        "lost": "absent",
    },
    "up": {
        "ready": "syncing",
        "differs": "syncing",  # it is not as we want it: a READY was lost
        "failed": "knocking",
        "refused": "knocking",  # it cannot ring
        "silent": "knocking",
        "lost": "absent",
    },
}
