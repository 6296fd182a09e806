"""Everything on the pins of one line: hook, bell, feed, polarity, decoder. Sans-IO over a Gpio.

Edges come in as the chip has them (`edge`), commands as they were told (`command`), time as integer
nanoseconds; levels go out through the Gpio and events through `tell`. The process around it
(`worker.py`) has the clock, the pipe and the chip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from gateway.deadlines import Deadlines
from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.chip import Edge, Gpio
from gateway.hardware.gpio_slic.decoder import Decoder
from gateway.hardware.gpio_slic.ring_plan import MS
from gateway.hardware.gpio_slic.ringer import Ringer
from gateway.hardware.gpio_slic.sensed import SensedPin
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.line.events import HookEdge, RingPending, RingStarted, RingTrip

SILENCE_NS: Final = 2000 * MS  # of the one who wants it to ring
WAKE_NS: Final = 50 * MS  # after power-down, SHK says nothing for so long

Feed: TypeAlias = Literal["on", "off", "waking"]


class Slic:
    """One line. F/R and RM are outputs already, parked; it takes the rest when it is made.

    `fuse`: see `ringer.py`.
    """

    def __init__(
        self,
        gpio: Gpio,
        wiring: Wiring,
        tell: Callable[[wire.Message], None],
        now_ns: int,
        fuse: Callable[[bool], object],
    ) -> None:
        self._gpio, self._pins, self._rest = gpio, wiring.pins, wiring.fr_rest
        self._tell = tell
        self._feed: Feed = "on"
        self._told_closed = False
        self._told_ringing = True
        self._wish: wire.Ring | None = None
        self._deadlines: Deadlines[str] = Deadlines()
        self._ringer = Ringer(
            gpio,
            wiring,
            now_ns,
            fuse=fuse,
            allowed=lambda: self._feed == "on" and not self._hook.level,
            began=self._began,
            tripped=self._tripped,
            rested=self._rested,
        )
        watched = self._watched()
        for pin in self._others(watched):
            gpio.make_input(pin)
        gpio.watch(watched)
        self._decoder = Decoder(self.read_q, tell)
        self._sensed = {pin: SensedPin(gpio.read(pin), now_ns) for pin in watched}
        self._hook = self._sensed[self._pins.shk]

    def read_q(self) -> int:
        """What the decoder's outputs say, Q1 the lowest bit."""
        return sum(self._gpio.read(pin) << bit for bit, pin in enumerate(self._pins.q))

    def begin(self, now_ns: int) -> None:
        """Report a handset that is off already."""
        self._tell_hook(now_ns)

    def edge(self, edge: Edge) -> None:
        """A watched pin changed."""
        sensed = self._sensed[edge.pin]
        sensed.edge(edge.level, edge.t_ns)
        self._changed(edge.pin, sensed)

    def command(self, command: wire.Command, now_ns: int) -> None:
        """Do what the line wants."""
        match command:
            case wire.Ring():
                self._wish, self._told_ringing = command, False
                self._ring(now_ns)
            case wire.Stop():
                self._stop(now_ns)
            case wire.Reverse(reverse):
                if not self._ringer.active:
                    self._gpio.write(self._pins.fr, self._rest ^ reverse)
            case wire.Power(on):
                self._power(on, now_ns)
            case wire.Disconnect(ms):
                self._power(False, now_ns)
                self._deadlines.set("power on", now_ns + ms * MS)
            case wire.Beat():
                self._beat(now_ns)

    def next_ns(self) -> int | None:
        """When to call `handle_deadline`."""
        times = (
            self._ringer.next_ns(),
            self._decoder.next_ns(),
            self._deadlines.next(),
            *(sensed.look_ns for sensed in self._sensed.values()),
        )
        return min((int(t) for t in times if t is not None), default=None)

    def handle_deadline(self, now_ns: int) -> None:
        """Do what is due; edges that were seen before come first."""
        self._ringer.handle_deadline(now_ns)
        self._decoder.handle_deadline(now_ns)
        while (name := self._deadlines.pop(now_ns)) is not None:
            _DUE[name](self, now_ns)
        for pin, sensed in self._sensed.items():
            if sensed.look_ns <= now_ns and sensed.look(self._gpio.read(pin), now_ns):
                self._changed(pin, sensed)

    @property
    def parked(self) -> bool:
        """RM is low and stays so."""
        return not self._ringer.active

    def park(self, now_ns: int) -> None:
        """End the bell for good; `parked` says when RM is low."""
        self._stop(now_ns)

    # --- the bell ---

    def _ring(self, now_ns: int) -> None:
        if self._wish is not None:
            self._ringer.ring(self._wish.steps, self._wish.hz, now_ns)
            if not self._told_ringing and self._ringer.rests(now_ns):
                self._tell(RingPending(now_ns))
            self._deadlines.set("silence", now_ns + SILENCE_NS)

    def _stop(self, now_ns: int) -> None:
        self._wish = None
        self._deadlines.cancel("silence")
        self._ringer.stop(now_ns)

    def _beat(self, now_ns: int) -> None:
        if self._wish is not None:
            if "silence" in self._deadlines:
                self._deadlines.set("silence", now_ns + SILENCE_NS)
            else:
                self._ring(now_ns)  # it had stopped, and is back
        self._tell(wire.Beat())

    def _silence(self, now_ns: int) -> None:
        """Who wanted it to ring stands still, and could not stop it either."""
        self._ringer.stop(now_ns)

    def _began(self, now_ns: int) -> None:
        if not self._told_ringing:
            self._told_ringing = True
            self._tell(RingStarted(now_ns))

    def _tripped(self, now_ns: int) -> None:
        self._wish = None
        self._deadlines.cancel("silence")
        self._tell_hook(self._hook.since_ns)
        self._tell(RingTrip(now_ns))

    def _rested(self, now_ns: int) -> None:
        self._tell_hook(self._hook.since_ns)
        if self._feed == "off":
            self._feed_off()

    # --- hook, feed and decoder ---

    def _changed(self, pin: int, sensed: SensedPin) -> None:
        if pin == self._pins.std:
            self._decoder.std(sensed.level, sensed.since_ns, self.read_q())
        elif pin == self._pins.est:
            self._decoder.est(sensed.level, sensed.since_ns)
        elif self._ringer.high:
            self._ringer.shk(sensed.level, sensed.since_ns)
        else:
            self._tell_hook(sensed.since_ns)

    def _tell_hook(self, t_ns: int) -> None:
        if self._feed == "on" and self._hook.level is not self._told_closed:
            self._told_closed = self._hook.level
            self._tell(HookEdge(self._told_closed, t_ns))

    def _power(self, on: bool, now_ns: int) -> None:
        if self._pins.pd is None or on is (self._feed != "off"):
            return
        self._deadlines.cancel("power on")
        if on:
            self._gpio.make_input(self._pins.pd)
            self._feed = "waking"
            self._deadlines.set("awake", now_ns + WAKE_NS)
            return
        self._deadlines.cancel("awake")
        self._stop(now_ns)
        self._feed = "off"
        if not self._ringer.high:
            self._feed_off()

    def _feed_off(self) -> None:
        """PD is active low behind a diode: driven low, and else not at all."""
        if self._pins.pd is not None:
            self._gpio.make_output(self._pins.pd, False)

    def _awake(self, now_ns: int) -> None:
        self._feed = "on"
        self._tell_hook(now_ns)

    def _watched(self) -> list[int]:
        wanted = (self._pins.shk, self._pins.std, self._pins.est)
        return [pin for pin in wanted if pin is not None]

    def _others(self, watched: list[int]) -> list[int]:
        """Q, and PD, which nothing drives while the line is fed."""
        taken = (self._pins.fr, self._pins.rm, *watched)
        return [pin for _, pin in self._pins.wired() if pin not in taken]


_DUE: Final[Mapping[str, Callable[[Slic, int], None]]] = {
    "silence": Slic._silence,
    "power on": lambda slic, now_ns: slic.command(wire.Power(True), now_ns),
    "awake": Slic._awake,
}
