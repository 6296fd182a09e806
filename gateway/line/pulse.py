"""What a break of the loop means, and which digit a train of breaks is.

A break is judged by its length alone: too short to be anything, a dial pulse, a hook flash, or
nothing known. Longer than `hang_up_ms` is a hang-up, which the hook machine decides by a timer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NS_PER_MS = 1_000_000

# Pulses to digit. Most dials send 10 for 0; Swedish ones send one more than the digit, and
# New Zealand ones send ten less the digit.
NUMBERINGS = {
    "standard": "1234567890",
    "swedish": "0123456789",
    "new-zealand": "9876543210",
}


@dataclass(frozen=True, slots=True)
class HookTimings:
    """When a hook edge means what, in milliseconds. Windows include both ends.

    `signalled_persistence_ms`: of a lift, while the line itself tells a display something. A
    display acknowledges the alerting tone by closing the loop for 14 to 16 ms (BT SIN 242), and a
    line that is reversed may look closed for a moment.
    """

    flash_min_ms: int
    flash_max_ms: int
    hang_up_ms: int
    persistence_ms: int = 10
    signalled_persistence_ms: int = 40
    glitch_ms: int = 20
    pulse_max_ms: int = 120
    inter_digit_ms: int = 100
    single_break_ms: int = 200

    def __post_init__(self) -> None:
        if not self.glitch_ms <= self.flash_min_ms <= self.flash_max_ms:
            raise ValueError(f"flash must be a window above {self.glitch_ms} ms")
        if self.hang_up_ms < max(self.flash_max_ms, self.pulse_max_ms):
            raise ValueError("hang_up must not be shorter than the longest flash or pulse")
        if not 0 < self.persistence_ms <= self.glitch_ms < self.pulse_max_ms:
            raise ValueError("persistence, glitch and pulse_max must rise in this order")

    @property
    def typical_flash_ms(self) -> int:
        """What a telephone's R key makes: the middle of the window, and no more than 500 ms."""
        return min((self.flash_min_ms + self.flash_max_ms) // 2, 500)

    @property
    def shortest_key_ms(self) -> int:
        """An R key keeps its time within a fifth; a shorter break was made by something else."""
        return self.typical_flash_ms * 4 // 5

    @property
    def flash_looks_like_pulse(self) -> bool:
        """A European flash is as long as a dial pulse; a single break is then ambiguous."""
        return self.flash_min_ms <= self.pulse_max_ms


class Break(Enum):
    """What one break of the loop was."""

    GLITCH = "glitch"
    PULSE = "pulse"
    FLASH = "flash"
    UNKNOWN = "unknown break"


def classify(timings: HookTimings, break_ns: int, *, in_train: bool) -> Break:
    """Judge a break that ended by the loop closing again. `in_train`: pulses came before it."""
    if break_ns < timings.glitch_ms * NS_PER_MS:
        return Break.GLITCH
    if break_ns <= timings.pulse_max_ms * NS_PER_MS:
        return Break.PULSE
    flash_min, flash_max = timings.flash_min_ms * NS_PER_MS, timings.flash_max_ms * NS_PER_MS
    if flash_min <= break_ns <= flash_max and not in_train:
        return Break.FLASH
    return Break.UNKNOWN


def digit_of(pulses: int, numbering: str = "standard") -> str | None:
    """The digit of a complete train, or None when no dial sends so many pulses."""
    digits = NUMBERINGS[numbering]
    return digits[pulses - 1] if 1 <= pulses <= len(digits) else None
