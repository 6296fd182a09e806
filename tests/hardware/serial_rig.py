"""A serial line with the reference card and a telephone on it, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from gateway.hardware.serial_card.card.key_pad import DIGITS
from gateway.hardware.serial_card.card.line_card import LineCard
from gateway.hardware.serial_card.driver import SerialLine
from gateway.hardware.serial_card.link import CardLink
from gateway.hardware.simulated.handset import Handset
from gateway.hardware.simulated.timeline import Timeline
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, HookEdge
from tests.hardware.bench import Bench
from tests.hardware.serial_wires import Cable, MemoryCable

STEP_S = 0.001  # how often the card looks at its pins
START_S = 1000.0
FULL = 10.0  # seconds after which the card's bucket of ring duty is full


class SerialRig:
    """A Rig of the conformance suite. `cable(clock_ns)` makes the wire.

    `to_host` and `to_card` may change what is sent. `fails_by` says how it breaks down.
    """

    def __init__(
        self,
        cable: Callable[[Callable[[], int]], Cable] = MemoryCable,
        *,
        counter: int = 0,
        bounce_ms: float = 0,
        fails_by: str = "unplug",
    ) -> None:
        self.now = START_S
        self.cable = cable(lambda: round(self.now * 1e9))
        self.link = CardLink("/dev/serial/by-id/card", 20, START_S - FULL)
        self.port = SerialLine("phone1", self.link, self.cable)
        self.board = Bench()
        self.to_host: Callable[[bytes], bytes] = bytes
        self.to_card: Callable[[bytes], bytes] = bytes
        self._timeline = Timeline()
        self.handset = Handset(self._timeline, self._move_pins, bounce_ms=bounce_ms)
        self._fails_by = fails_by
        self._steps = 0
        self._zero = -counter  # the step in which the card's counter was 0
        self.card: LineCard | None = LineCard(self.board, counter)
        for _ in range(round(FULL * 1000)):
            self._step_card()

    # --- time ---

    def run_for(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(self.now + STEP_S, end)
            self._move_pins(self.now)
            self._step_card()
            self._host()

    def _host(self) -> None:
        self._exchange()
        while self.cable.pending or self._is_due():
            self.port.handle_deadline(self.now)
            self._exchange()

    def _is_due(self) -> bool:
        due = self.port.next_deadline()
        return due is not None and due <= self.now

    def _exchange(self) -> None:
        """What each end has said reaches the other."""
        heard = self.to_card(self.cable.from_host())
        if self.card is not None:
            self.card.receive(heard)
            said = self.to_host(self.card.to_send())
            if said:
                self.cable.to_host(said)

    def _step_card(self) -> None:
        self._steps += 1
        if self.card is not None:
            self.board.now_ms = self._steps
            self.card.step(self._steps - self._zero)

    def _move_pins(self, now: float) -> None:
        while (event := self._timeline.pop_due(round(now * 1e9))) is not None:
            self.handset.reported(event)
            match event:
                case HookEdge(off_hook):
                    self.board.off_hook = off_hook
                case DtmfStart(digit):
                    self.board.valid, self.board.code = True, DIGITS.index(digit)
                case DtmfEnd():
                    self.board.valid = False
                case EarlyTone(on):
                    self.board.early = on

    # --- the telephone ---

    def lift(self) -> None:
        self.handset.off_hook(self.now)

    def put_down(self) -> None:
        self.handset.on_hook(self.now)

    def flash(self, ms: int) -> float:
        return self.handset.flash(self.now, ms=ms) - self.now

    def press(self, keys: str, on_ms: int, off_ms: int) -> float:
        return self.handset.dial(keys, self.now, on_ms=on_ms, off_ms=off_ms) - self.now

    def turn(self, digits: str, pps: float, break_percent: float) -> float:
        done = self.handset.dial(digits, self.now, pulse=True, pps=pps, break_percent=break_percent)
        return done - self.now

    def meter(self) -> tuple[bool, bool]:
        return self.board.levels["pd"], not self.board.levels["fr"]

    # --- failing ---

    def reset_card(self) -> None:
        """As at power-up: RM is pulled down, the program begins."""
        self.board.ring_mode(False)
        self.board.forward(True)
        self._zero = self._steps
        self.card = LineCard(self.board, 0)

    def break_down(self) -> None:
        if self._fails_by == "unplug":
            self.cable.unplug()
        self.card = None

    def mend(self) -> None:
        if self._fails_by == "unplug":
            self.cable.plug()
        self.reset_card()
