"""What one demonstration call left behind, to be judged and plotted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

CALLER_DIGITS = "1590#*"
PHONE_DIGITS = "2468*0"


@dataclass(slots=True)
class Evidence:
    """Times are monotonic seconds. `..._said` are the WAV files that ought to have been spoken."""

    folder: Path
    speech_s: float
    caller_said: Path
    phone_said: Path
    phone_heard: Path
    caller_heard: Path
    timeline: list[Row] = field(default_factory=list)
    phone_states: list[tuple[float, str]] = field(default_factory=list)
    phone_recording_begun: float = 0.0
    phone_play_begun: float = 0.0
    rang: float = 0.0
    lifted: float = 0.0
    hung_up: float = 0.0
    record: Row = field(default_factory=dict)

    def rows(self, event: str, **facts: object) -> list[Row]:
        """The caller's rows of that event with those values."""
        return [
            row
            for row in self.timeline
            if row["event"] == event and all(row.get(k) == v for k, v in facts.items())
        ]

    def first(self, event: str, **facts: object) -> Row:
        """The first such row, empty when there is none."""
        return next(iter(self.rows(event, **facts)), {})

    @property
    def over(self) -> Row:
        return self.first("over")
