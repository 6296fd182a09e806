"""What a check of the hardware found out, for `tipring doctor` and the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.errors import HardwareError

Level: TypeAlias = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is what was looked at, `text` the evidence, `fix` what to do; "" when all is well.

    A failure keeps a line from working; a warning makes it work worse than it could.
    """

    level: Level
    subject: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        """In one sentence, as an error or a record says it."""
        return f"{self.subject}: {self.text}" + (f"; {self.fix}" if self.fix else "")


class FoundFaulty(HardwareError):
    """A driver cannot work for a reason that the doctor would tell in the same words."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding
