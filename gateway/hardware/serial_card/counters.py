"""What a link counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LinkCounters:
    """What went wrong on the wire, and was put right."""

    damaged: int = 0  # lines
    retries: int = 0  # commands that were sent again
    late: int = 0  # answers to nobody
    refused: int = 0  # commands
    resets: int = 0  # of the card, while it was in order
