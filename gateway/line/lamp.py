"""The message lamp of a telephone: switched by a data message, while the line rests.

A lamp that was not told to the end, because the telephone rang or was lifted, is told again.
"""

from __future__ import annotations

from typing import Final

REST_S: Final = 2.0  # at rest for so long before the lamp is switched


class MessageLamp:
    """What is still to be told, and when. `now` is CLOCK_MONOTONIC in seconds."""

    def __init__(self) -> None:
        self._wanted: bool | None = None
        self._sending: bool | None = None
        self._shown: bool | None = None  # what it was told last; at first nobody knows
        self._at: float | None = None

    def want(self, waiting: bool) -> None:
        """On or off, once the line has rested; what it shows already is not told again."""
        known = self._shown if self._sending is None else self._sending
        self._wanted = None if waiting is known else waiting

    def rest(self, now: float) -> None:
        """The line is idle."""
        if self._wanted is not None:
            self._at = now + REST_S

    def disturb(self) -> None:
        """The line is wanted for something else."""
        self._at = None
        if self._wanted is None:
            self._wanted = self._sending
        self._sending = None

    def next_deadline(self) -> float | None:
        """When to ask `due`."""
        return self._at

    def due(self, now: float) -> bool | None:
        """What is to be sent now; None for nothing."""
        if self._at is None or now < self._at:
            return None
        self._at = None
        self._sending, self._wanted = self._wanted, None
        return self._sending

    def told(self) -> None:
        """The message has been sent whole."""
        if self._sending is not None:
            self._shown, self._sending = self._sending, None
