"""The line port over a serial line card: link and wire put together, on the loop thread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from gateway.errors import ConfigError, HardwareError
from gateway.hardware.hearing import Hearing
from gateway.hardware.linked import LinkStatus
from gateway.hardware.serial_card.link import CardLink
from gateway.hardware.serial_card.tap import Tap
from gateway.hardware.serial_card.wire import Lost, Opened, Received, SerialWire, Wire
from gateway.line.cadence import Cadence
from gateway.line.port import Listener, Wake
from gateway.media.port import EngineLine

OPTIONS: Final = ("ring_hz", "serial")
RING_HZ: Final = 20.0


def create(name: str, options: Mapping[str, Any], audio: EngineLine, wake: Wake) -> SerialLine:
    """For the registry. The line's sound goes by a sound card, not by the line card; but what its
    decoder hears is told to `audio` at once.

    Raises ConfigError for an option that a line card does not have, and without a device.
    """
    for key in options:
        if key not in OPTIONS:
            raise ConfigError(f"line {name}: {key}: a line card has only {', '.join(OPTIONS)}")
    if "serial" not in options:
        raise ConfigError(f"line {name}: serial is missing; it is the line card's device")
    device = str(options["serial"])
    hz = float(options.get("ring_hz", RING_HZ))
    link = CardLink(device, hz, time.monotonic())
    return SerialLine(name, link, SerialWire(device, wake, Tap(Hearing(audio))))


class SerialLine:
    """A LinePort. What the wire has brought is taken in `handle_deadline`."""

    def __init__(self, name: str, link: CardLink, wire: Wire) -> None:
        self.link = link
        self._name = name
        self._wire = wire
        self._listener: Listener | None = None
        self._closed = False
        self._power_at: float | None = None  # when the feed comes back

    @property
    def driver(self) -> str:
        """The registry's name of this driver."""
        return "serial"

    def start(self, listener: Listener, now: float) -> None:
        """Open the device. Whether a card answers there is reported later, by a Fault if none does.

        Raises HardwareError when the device is missing, refused or taken.
        """
        if self._closed or self._listener is not None:
            raise HardwareError(f"line {self._name}: the line card is already in use")
        try:
            self._wire.open()
        except HardwareError as error:
            raise HardwareError(f"line {self._name}: {error}") from error
        self._listener = listener
        self.link.opened(now)
        self.handle_deadline(now)

    def ring(self, cadence: Cadence, now: float) -> None:
        """Ring until `stop_ringing`; RingStarted when the card has confirmed it."""
        if self._listener is not None:
            if self._power_at is not None:  # nobody rings a telephone without feed
                self.power(True, now)
            self.link.ring(cadence, now)
            self._pass_on(now)

    def stop_ringing(self, now: float) -> None:
        """Silence the bell; harmless when it is silent."""
        if self._listener is not None:
            self.link.stop_ringing()
            self._pass_on(now)

    def reverse(self, on: bool, now: float) -> None:
        """Reverse the polarity of the line."""
        self.link.reverse(on)
        self._pass_on(now)

    def power(self, on: bool, now: float) -> None:
        """Feed the line, or do not."""
        self._power_at = None
        self.link.power(on)
        self._pass_on(now)

    def disconnect(self, ms: int, now: float) -> None:
        """Take the feed away for so long."""
        self.power(False, now)
        self._power_at = now + ms / 1e3

    def link_status(self) -> LinkStatus:
        """See Linked."""
        counted = self.link.counters
        return LinkStatus(
            device=self.link.device,
            state=self.link.state,
            version=self.link.version,
            lines=counted.lines,
            damaged=counted.damaged,
            retries=counted.retries,
            reconnects=counted.reconnects,
            resets=counted.resets,
        )

    def next_deadline(self) -> float | None:
        """When the link's next timer is due; None before `start` and after `close`."""
        if self._listener is None:
            return None
        times = (self.link.next_deadline(), self._power_at)
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Take what has arrived, then do what is due: a late call makes no card look silent."""
        if self._listener is None:
            return
        while (arrival := self._wire.arrival()) is not None:
            match arrival:
                case Received(data, t_ns, guarded):
                    self.link.receive(data, t_ns, guarded)
                case Opened(t_ns):
                    self.link.opened(t_ns / 1e9)
                case Lost(text, t_ns):
                    self.link.lost(text, t_ns / 1e9)
        if self._power_at is not None and self._power_at <= now:
            self.power(True, now)
        self.link.handle_deadline(now)
        self._pass_on(now)

    def close(self, now: float) -> None:
        """Tell the card to be silent, and let the device go. Idempotent."""
        self._closed = True
        if self._listener is None:
            return
        self._listener = None
        self.link.park()
        self._wire.write(self.link.to_send(now))
        self._wire.close()

    def _pass_on(self, now: float) -> None:
        """Commands to the card, events to the listener, a try to the thread."""
        out = self.link.to_send(now)
        if out:
            self._wire.write(out)
        if self.link.take_opening():
            self._wire.try_again()
        while self._listener is not None and (event := self.link.next_event()) is not None:
            self._listener(event)
