"""What the card tells of the telephone, as port events: each edge once, on our clock.

Lines can be lost. A hook position that is not as last told is an edge, one that is, is none; and a
key whose end may have been lost is let go, rather than held for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.hardware.serial_card.card_clock import CardClock
from gateway.hardware.serial_card.messages import Early, Hook, Key, State, Tripped
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, HookEdge, PortEvent, RingTrip


class Reports:
    """Remembers what was told. `t_ns` is when a message arrived."""

    def __init__(self) -> None:
        self._clock = CardClock()
        self._off_hook = False
        self._key: str | None = None
        self._early = False

    @property
    def off_hook(self) -> bool:
        """As last told."""
        return self._off_hook

    def forget_clock(self) -> None:
        """The card's counter has begun again."""
        self._clock.reset()

    def events(self, message: Hook | Key | Early | Tripped, t_ns: int) -> Iterator[PortEvent]:
        """What a message of the card is news of."""
        at = self._clock.when(message.t_ms, t_ns)
        match message:
            case Hook(off_hook):
                yield from self._hook(off_hook, at)
            case Key(digit, down):
                yield from self._key_moved(digit, down, at)
            case Early(on) if on is not self._early:
                self._early = on
                yield EarlyTone(on, at)
            case Tripped():
                yield RingTrip(at)

    def reconcile(self, state: State, t_ns: int) -> Iterator[PortEvent]:
        """The card's answer to a question: an edge that was lost is found."""
        yield from self._hook(state.off_hook, t_ns)

    def let_go(self, t_ns: int) -> Iterator[PortEvent]:
        """The end of a key may have been lost."""
        if self._key is not None:
            yield DtmfEnd(self._key, t_ns)
        if self._early:
            yield EarlyTone(False, t_ns)
        self._key, self._early = None, False

    def _hook(self, off_hook: bool, t_ns: int) -> Iterator[PortEvent]:
        if off_hook is not self._off_hook:
            self._off_hook = off_hook
            yield HookEdge(off_hook, t_ns)

    def _key_moved(self, digit: str, down: bool, t_ns: int) -> Iterator[PortEvent]:
        if self._key is not None:  # whatever the digit: the lines between were lost
            yield DtmfEnd(self._key, t_ns)
            self._key = None
        if down:
            self._key = digit
            yield DtmfStart(digit, t_ns)
