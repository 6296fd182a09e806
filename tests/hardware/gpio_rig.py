"""A GPIO line on a fake chip and virtual time, with a simulated phone that turns its pins."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.driver import GpioLine
from gateway.hardware.gpio_slic.park import park
from gateway.hardware.gpio_slic.process import Arrival, Ended
from gateway.hardware.gpio_slic.slic import Slic
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.simulated import SimulatedLine
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, Fault, HookEdge, PortEvent, Recovered
from tests.hardware.fake_chip import FakeChip, Written

PINS = Wiring().pins
CODES = {digit: code for code, digit in enumerate("D1234567890*#ABC")}
AGE_S = 10  # the service has been up for so long: the bell's budget is full


class VirtualProcess:
    """A LineProcess without a process: its Slic runs on the rig's time."""

    def __init__(self, chip: FakeChip, now_ns: int, born_ns: int, wiring: Wiring) -> None:
        self.chip = chip
        self.stopped = False  # as by SIGSTOP
        self._arrivals: deque[Arrival] = deque()
        park(chip, wiring, lambda _: None)
        self.slic = Slic(chip, wiring, self._tell, born_ns, lambda _: None)
        self._tell(Recovered(now_ns))
        self.slic.begin(now_ns)

    def run_to(self, now_ns: int) -> None:
        if not self.stopped:
            self.take_edges()
            self.slic.handle_deadline(now_ns)
            self.take_edges()

    def take_edges(self) -> None:
        for edge in self.chip.edges():
            self.slic.edge(edge)

    def next_ns(self) -> int | None:
        return None if self.stopped or self.chip.closed else self.slic.next_ns()

    def wait(self, timeout_s: float) -> None:
        assert self._arrivals

    def arrival(self) -> Arrival | None:
        return self._arrivals.popleft() if self._arrivals else None

    def send(self, command: wire.Command) -> None:
        if not self.stopped and not self.chip.closed:
            text = wire.command_line(command)
            self.slic.command(wire.read_command(text), self.chip.clock())

    def kill(self) -> None:
        self.chip.close()
        self._arrivals.append(Ended("signal 9"))

    def close(self) -> None:
        if self.chip.closed:
            return
        self.slic.park(self.chip.clock())
        while not self.slic.parked:
            self.slic.handle_deadline(self.slic.next_ns() or 0)
        self.chip.close()

    def _tell(self, message: wire.Message) -> None:
        self._arrivals.append(wire.read_message(wire.message_line(message)))


class RefusedProcess:
    """One that was refused its pins."""

    def __init__(self) -> None:
        text = "pin BCM 24: another program uses it"
        self._arrivals: deque[Arrival] = deque([Fault(text, 0), Ended("exit status 1")])

    def wait(self, timeout_s: float) -> None:
        assert self._arrivals

    def arrival(self) -> Arrival | None:
        return self._arrivals.popleft() if self._arrivals else None

    def send(self, command: wire.Command) -> None:
        assert not command

    def kill(self) -> None:
        self._arrivals.clear()

    def close(self) -> None:
        self._arrivals.clear()


class GpioRig:
    """`ripple_ms`: so long SHK is high after each toggle of F/R while the bell rings."""

    def __init__(
        self,
        *,
        bounce_ms: float = 0,
        ripple_ms: float = 0,
        hz: float = 20,
        wiring: Wiring | None = None,
        age_s: float = AGE_S,
    ) -> None:
        self.now = 1000.0
        self.phone = SimulatedLine("phone", bounce_ms=bounce_ms)
        self.phone.start(self._turned, self.now)
        self.process: VirtualProcess | None = None
        self.launched = 0
        self.broken = False
        self.written: list[Written] = []
        self._wiring = wiring or Wiring()
        self._age_s = age_s
        self._ripple_s = ripple_ms / 1e3
        self._ripple_ends: float | None = None
        self.chip = self._new_chip()
        self.port = GpioLine("phone1", self._launch, ring_hz=hz)

    @property
    def now_ns(self) -> int:
        return round(self.now * 1e9)

    def run_for(self, seconds: float) -> None:
        end = self.now + seconds
        self._run_everything()
        while (due := self._next()) is not None and due <= end:
            self.now = max(self.now, due)
            self._run_everything()
        self.now = end

    def lift(self) -> None:
        self.phone.handset.off_hook(self.now)

    def put_down(self) -> None:
        self.phone.handset.on_hook(self.now)

    def flash(self, ms: int) -> float:
        return self.phone.handset.flash(self.now, ms=ms) - self.now

    def press(self, keys: str, on_ms: int, off_ms: int) -> float:
        return self.phone.handset.dial(keys, self.now, on_ms=on_ms, off_ms=off_ms) - self.now

    def turn(self, digits: str, pps: float, break_percent: float) -> float:
        handset = self.phone.handset
        done = handset.dial(digits, self.now, pulse=True, pps=pps, break_percent=break_percent)
        return done - self.now

    def break_down(self) -> None:
        self.broken = True
        if self.process is not None:
            self.process.kill()

    def mend(self) -> None:
        self.broken = False

    def meter(self) -> tuple[bool, bool]:
        fed = PINS.pd is None or not self.chip.is_output(PINS.pd)
        return fed, self.chip.level(PINS.fr) is not self._wiring.fr_rest

    def bursts(self) -> list[tuple[float, float]]:
        """When RM went high and low, in seconds after the rig's beginning."""
        levels = [(t_ns / 1e9 - 1000, level) for t_ns, pin, level in self.written if pin == PINS.rm]
        return [(on, off) for (on, high), (off, still) in pairwise(levels) if high and not still]

    def _launch(self) -> VirtualProcess | RefusedProcess:
        self.launched += 1
        if self.broken:
            return RefusedProcess()
        born_ns = self.now_ns - round(self._age_s * 1e9) if self.launched == 1 else self.now_ns
        if self.chip.closed:
            self.chip = self._new_chip()
        self.process = VirtualProcess(self.chip, self.now_ns, born_ns, self._wiring)
        return self.process

    def _new_chip(self) -> FakeChip:
        chip = FakeChip(lambda: self.now_ns, self.written, on_write=self._driven)
        chip.drive(PINS.shk, self.phone.handset.loop_closed)
        return chip

    def _run_everything(self) -> None:
        self.phone.handle_deadline(self.now)
        if self._ripple_ends is not None and self._ripple_ends <= self.now:
            self._ripple_ends = None
            self.chip.drive(PINS.shk, self.phone.handset.loop_closed)
        if self.process is not None and not self.chip.closed:
            self.process.run_to(self.now_ns)
        self.port.handle_deadline(self.now)

    def _next(self) -> float | None:
        process = self.process.next_ns() if self.process is not None else None
        times = (
            self.phone.next_deadline(),
            self._ripple_ends,
            self.port.next_deadline(),
            None if process is None else process / 1e9 + 1e-7,
        )
        return min((t for t in times if t is not None), default=None)

    def _driven(self, written: Written) -> None:
        if written.pin == PINS.fr and self._ripple_s and self.chip.level(PINS.rm):
            self._ripple_ends = self.now + self._ripple_s
            self.chip.drive(PINS.shk, True)

    def _turned(self, event: PortEvent) -> None:
        if self.process is not None and not self.chip.closed:
            self.process.run_to(self.now_ns)
        match event:
            case HookEdge(off_hook):
                self.chip.drive(PINS.shk, off_hook)
            case EarlyTone(on) if PINS.est is not None:
                self.chip.drive(PINS.est, on)
            case DtmfStart(digit) if PINS.std is not None:
                for bit, pin in enumerate(PINS.q):
                    self.chip.drive(pin, bool(CODES[digit] >> bit & 1))
                self.chip.drive(PINS.std, True)
            case DtmfEnd() if PINS.std is not None:
                self.chip.drive(PINS.std, False)
