"""What a link counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LinkCounters:
    """What was heard, and what went wrong on the wire and was put right."""

    lines: int = 0  # whole ones
    damaged: int = 0  # lines
    retries: int = 0  # commands that were sent again
    late: int = 0  # answers to nobody
    refused: int = 0  # commands
    resets: int = 0  # of the card, while it was in order
    openings: int = 0  # of the device

    @property
    def reconnects(self) -> int:
        """Openings after the first."""
        return max(0, self.openings - 1)
