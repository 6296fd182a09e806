"""A port whose hardware is at the far end of a link: what can be said of the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """`state`: absent, knocking, syncing or up. Counts since the start; `lines` are whole ones."""

    device: str
    state: str
    version: str | None
    lines: int
    damaged: int
    retries: int
    reconnects: int
    resets: int


@runtime_checkable
class Linked(Protocol):
    """A LinePort with a link."""

    def link_status(self) -> LinkStatus:
        """As it is now."""
