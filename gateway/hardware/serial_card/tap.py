"""What the card says of key tones and of a lift while it rings, heard on the reading thread.

The loop reads the same bytes a moment later, for everything else. What it must not believe is said
with them: for each key that goes down in them, whether it was one that we played ourselves.
"""

from __future__ import annotations

from contextlib import suppress

from gateway.hardware.hearing import Hearing
from gateway.hardware.serial_card import messages as msg
from gateway.hardware.serial_card.card.framing import LineReader
from gateway.hardware.serial_card.card_clock import CardClock
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, RingTrip


class Tap:
    """One line's. All methods are called on the thread that reads its port."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._reader = LineReader()
        self._clock = CardClock()

    def lost(self) -> None:
        """The card is gone; another may come, and what this one has begun to say is over."""
        self._reader = LineReader()
        self._clock.reset()
        self._hearing.lost()

    def read(self, data: bytes, t_ns: int) -> tuple[bool, ...]:
        """For each key that goes down in `data`, whether it is not the telephone's."""
        guarded = []
        for line in self._reader.feed(data):
            with suppress(msg.WireError):
                match msg.parse(line):
                    case msg.Key(digit, True, t_ms):
                        start = DtmfStart(digit, self._clock.when(t_ms, t_ns))
                        guarded.append(not self._hearing.hear(start))
                    case msg.Key(digit, False, t_ms):
                        self._hearing.hear(DtmfEnd(digit, self._clock.when(t_ms, t_ns)))
                    case msg.Early(on, t_ms):
                        self._hearing.hear(EarlyTone(on, self._clock.when(t_ms, t_ns)))
                    case msg.Tripped(t_ms):
                        self._hearing.hear(RingTrip(self._clock.when(t_ms, t_ns)))
                    case msg.Hook(_, t_ms):
                        self._clock.when(t_ms, t_ns)
                    case msg.Ready():
                        self._clock.reset()
                        self._hearing.lost()
        return tuple(guarded)
