"""What a line's electronics report, to the engine first: on the thread that hears it.

The engine takes a key's tone out of what is sent while the loop still knows nothing of the key. It
also says whose the key is: a tone that we play to the telephone comes back and is decoded, and that
digit is nobody's.
"""

from __future__ import annotations

from gateway.errors import LocalProtocolError
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, RingTrip
from gateway.media.port import LineSignals


class Hearing:
    """One line's; all methods are called on the one thread that hears its electronics."""

    def __init__(self, signals: LineSignals) -> None:
        self._signals = signals
        self._last_ns = 0
        self._guarded = False  # the key that is down is no key of the telephone's

    def hear(self, event: object) -> bool:
        """Whether the event is for the loop too; one that says nothing to the engine is."""
        try:
            return self._hear(event)
        except LocalProtocolError:  # the line was closed: nobody hears it any more
            return True

    def lost(self) -> None:
        """Nothing more will be heard: no key is down."""
        self.hear(EarlyTone(False, self._last_ns))
        self.hear(DtmfEnd("", self._last_ns))

    def _hear(self, event: object) -> bool:
        match event:
            case EarlyTone(on, t_ns):
                self._last_ns = t_ns
                self._signals.early_tone(on, t_ns)
            case DtmfStart(digit, t_ns):
                self._last_ns = t_ns
                self._guarded = not self._signals.key_down(digit, t_ns)
                return not self._guarded
            case DtmfEnd(_, t_ns):
                guarded, self._guarded = self._guarded, False
                self._signals.key_up(t_ns)
                return not guarded
            case RingTrip(t_ns):
                self._signals.ring_trip(t_ns)
        return True
