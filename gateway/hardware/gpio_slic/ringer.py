"""The bell: bursts on F/R and RM, ring trip, and the order in which the pins are parked.

Rules of the Ag1171S data sheet V1.6: F/R rests; RM high; F/R toggles at the ring frequency; F/R
back to rest, and more than 10 ms later RM low. SHK pulses while it rings, so it is an answer only
when it has been high for 10 ms; then the same parking, at once. RM left high would spoil the next
dialled digit. When RM may be high is the interlock's to say.

Sans-IO: time comes in (integer nanoseconds), levels go out through a Gpio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from gateway.deadlines import Deadlines
from gateway.hardware.gpio_slic.chip import Gpio
from gateway.hardware.gpio_slic.ring_plan import MS, PARK_NS, Burst, plan
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.ring_duty import DutyInterlock

TRIP_NS: Final = 10 * MS
# From the time that was read before RM was switched to when it surely was.
_WRITE_NS: Final = MS
_ASK_AGAIN_NS: Final = 50 * MS  # whether the bell may ring, when it may not

State: TypeAlias = Literal["silent", "waiting", "burst", "parking"]

TRANSITIONS: Final[Mapping[State, Mapping[str, State]]] = {
    "silent": {"ring": "waiting"},
    "waiting": {"stop": "silent", "begin": "burst"},
    "burst": {"park": "parking"},
    "parking": {"next": "waiting", "done": "silent"},
}


class Ringer:
    """`began(now_ns)` at each burst, `tripped(now_ns)` at an answer, `rested(now_ns)` at RM low.

    `fuse(on)` is called before RM goes high and after it is low. `allowed()`: whether the circuit
    can ring now (fed, the handset in its place). The pins are outputs already, parked.
    """

    def __init__(
        self,
        gpio: Gpio,
        wiring: Wiring,
        now_ns: int,
        *,
        fuse: Callable[[bool], object],
        allowed: Callable[[], bool],
        began: Callable[[int], None],
        tripped: Callable[[int], None],
        rested: Callable[[int], None],
    ) -> None:
        self._gpio = gpio
        self._fr, self._rm = wiring.pins.fr, wiring.pins.rm
        self._rest = wiring.fr_rest
        self._fuse = fuse
        self._allowed = allowed
        self._began, self._tripped, self._rested = began, tripped, rested
        self._duty = DutyInterlock(now_ns)
        self._deadlines: Deadlines[str] = Deadlines()
        self._state: State = "silent"
        self._round: tuple[Burst, ...] = ()
        self._index = 0  # of the burst that comes next
        self._burst: Burst | None = None  # the last one
        self._burst_ns = 0
        self._earliest_ns = 0

    @property
    def high(self) -> bool:
        """RM is high: SHK says nothing but ring trip."""
        return self._duty.high

    @property
    def active(self) -> bool:
        """It rings, pauses included, or the last burst is being parked."""
        return self._state != "silent"

    def rests(self, now_ns: int) -> bool:
        """Whether it will ring, but not yet."""
        due = self._deadlines.next()
        return self.active and due is not None and due > now_ns and self._allowed()

    def ring(self, steps: Sequence[tuple[int, int]], hz: float, now_ns: int) -> None:
        """Ring until `stop`, in place of what rings now."""
        self.stop(now_ns)
        self._round, self._index, self._earliest_ns = plan(steps, hz), 0, now_ns
        if self._state == "silent":
            self._enter_state("ring")
            self._await(now_ns)

    def stop(self, now_ns: int) -> None:
        """Silence, at once; RM follows when it may."""
        self._round = ()
        if self._state == "burst":
            self._park(now_ns)
        elif self._state == "waiting":
            self._enter_state("stop")
            self._deadlines.cancel("begin")

    def shk(self, high: bool, t_ns: int) -> None:
        """SHK changed while RM is high; a bell that is being ended anyway is not tripped."""
        if high and self._round:
            self._deadlines.set("trip", t_ns + TRIP_NS)
        else:
            self._deadlines.cancel("trip")

    def next_ns(self) -> int | None:
        """When to call `handle_deadline`."""
        due = self._deadlines.next()
        return None if due is None else int(due)

    def handle_deadline(self, now_ns: int) -> None:
        """Do what is due. A call that comes late leaves nothing high for longer than it must."""
        while (name := self._deadlines.pop(now_ns)) is not None:
            _DUE[name](self, now_ns)

    def _enter_state(self, symbol: str) -> None:
        self._state = TRANSITIONS[self._state][symbol]

    def _await(self, now_ns: int) -> None:
        burst, first = self._round[self._index], self._index == 0
        earliest = max(now_ns, self._earliest_ns)
        self._deadlines.set("begin", self._duty.ready_ns(earliest, burst.high_ns, first=first))

    def _begin(self, now_ns: int) -> None:
        if not self._allowed():
            self._deadlines.set("begin", now_ns + _ASK_AGAIN_NS)
            return
        burst = self._round[self._index]
        self._duty.begin(now_ns, burst.high_ns, first=self._index == 0)
        self._fuse(True)
        self._gpio.write(self._rm, True)
        self._enter_state("begin")
        self._burst, self._burst_ns = burst, now_ns
        self._index = (self._index + 1) % len(self._round)
        self._earliest_ns = now_ns + burst.high_ns + burst.low_ns
        self._deadlines.set("toggle", now_ns + burst.half_ns)
        self._began(now_ns)

    def _toggle(self, now_ns: int) -> None:
        burst = self._burst
        assert burst is not None
        half, phase = divmod(now_ns - self._burst_ns, burst.half_ns)
        if half >= 2 * burst.cycles:
            self._park(now_ns)
            return
        self._gpio.write(self._fr, self._rest ^ bool(half % 2))
        self._deadlines.set("toggle", now_ns - phase + burst.half_ns)

    def _park(self, now_ns: int) -> None:
        self._gpio.write(self._fr, self._rest)
        self._enter_state("park")
        self._deadlines.cancel("toggle")
        self._deadlines.set("down", now_ns + PARK_NS)

    def _down(self, now_ns: int) -> None:
        self._gpio.write(self._rm, False)
        self._fuse(False)
        self._duty.end(now_ns + _WRITE_NS)
        self._deadlines.cancel("trip")
        self._enter_state("next" if self._round else "done")
        if self._round:
            self._await(now_ns)
        self._rested(now_ns)

    def _trip(self, now_ns: int) -> None:
        self._round = ()
        if self._state == "burst":
            self._park(now_ns)
        self._tripped(now_ns)


_DUE: Final[Mapping[str, Callable[[Ringer, int], None]]] = {
    "begin": Ringer._begin,
    "toggle": Ringer._toggle,
    "down": Ringer._down,
    "trip": Ringer._trip,
}
