"""The GPIO line: a LinePort whose pins are worked by a process of its own.

The port holds what the line should do and who is told; the process (`worker.py`) has the pins. A
process that ends, or falls silent while it rings, is a Fault; another one is started at once, and
then ever more slowly, until one has the pins: Recovered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from gateway.deadlines import Deadlines
from gateway.errors import ConfigError, HardwareError
from gateway.hardware.board.pins import pins_in_use
from gateway.hardware.gpio_slic import wire
from gateway.hardware.gpio_slic.pins import Pins, check_pins
from gateway.hardware.gpio_slic.process import Ended, LineProcess, PinProcess
from gateway.hardware.gpio_slic.ring_plan import SLOWEST_HZ, rung_hz
from gateway.hardware.gpio_slic.wiring import Wiring
from gateway.hardware.hearing import Hearing
from gateway.line.cadence import Cadence
from gateway.line.events import Fault, PortEvent, Recovered
from gateway.line.port import Listener, Wake
from gateway.media.port import EngineLine

OPTIONS: Final = ("pins", "fr_rest", "ring_hz")
START_S: Final = 10.0
BEAT_S: Final = 0.4  # while it rings
SILENCE_S: Final = 0.8  # a beat was sent, and nothing has come since
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 8.0


def create(name: str, options: Mapping[str, Any], audio: EngineLine, wake: Wake) -> GpioLine:
    """For the registry. The line's sound goes by a sound card, not by the pins; but what the
    decoder hears is told to `audio` at once.

    `pins` is a Pins, `fr_rest` where F/R rests, `ring_hz` what the country's exchanges ring at.
    Raises ConfigError for an option or a wiring that cannot be.
    """
    for key in options:
        if key not in OPTIONS:
            allowed = ", ".join(OPTIONS)
            raise ConfigError(f"line {name}: {key}: a line of driver gpio has only {allowed}")
    pins = options.get("pins", Pins())
    check_pins(pins, pins_in_use(), name)
    wiring = Wiring(pins, options.get("fr_rest", True))
    launch = partial(PinProcess, name, wiring, wake, Hearing(audio))
    return GpioLine(name, launch, ring_hz=options.get("ring_hz", SLOWEST_HZ))


class GpioLine:
    """A LinePort, which can also reverse the line and take its feed away.

    What its process has sent is taken in `handle_deadline`.
    """

    def __init__(
        self, name: str, launch: Callable[[], LineProcess], *, ring_hz: float = SLOWEST_HZ
    ) -> None:
        self._name = name
        self._launch = launch
        self._hz = rung_hz(ring_hz)
        self._listener: Listener | None = None
        self._process: LineProcess | None = None
        self._works = False
        self._fault: str | None = None  # what the owner was told
        self._why = ""  # what the process said before it ended
        self._retry_s = 0.0
        self._deadlines: Deadlines[str] = Deadlines()
        self._closed = False

    @property
    def driver(self) -> str:
        """The registry's name of this driver."""
        return "gpio"

    def start(self, listener: Listener, now: float) -> None:
        """Take the pins. Raises HardwareError when there are none to be had."""
        if self._closed or self._listener is not None:
            raise HardwareError(f"line {self._name}: its pins are already in use")
        process = self._launch()
        process.wait(START_S)
        answer = process.arrival()
        if not isinstance(answer, Recovered):
            process.close()
            text = answer.text if isinstance(answer, Fault) else "its process does not answer"
            raise HardwareError(f"line {self._name}: {text}")
        self._process, self._listener, self._works = process, listener, True
        self.handle_deadline(now)

    def ring(self, cadence: Cadence, now: float) -> None:
        """Ring until `stop_ringing`; RingStarted comes with the first burst.

        Before it RingPending, when the interlock lets it wait.
        """
        if self._fault is not None:
            self._tell(Fault(self._fault, _ns(now)))
        elif self._listener is not None:
            self._send(wire.Ring(self._hz, cadence.steps))
            self._beat(now)

    def stop_ringing(self, now: float) -> None:
        """Silence the bell; harmless when it is silent."""
        self._deadlines.cancel("beat")
        self._deadlines.cancel("silence")
        self._send(wire.Stop())

    def reverse(self, on: bool, now: float) -> None:
        """Reverse the polarity of the line; nothing happens while the bell rings."""
        self._send(wire.Reverse(on))

    def power(self, on: bool, now: float) -> None:
        """Feed the line, or do not, where PD is wired. The hook says nothing meanwhile."""
        self._send(wire.Power(on))

    def disconnect(self, ms: int, now: float) -> None:
        """Take the feed away for so long: the sign that the far end has hung up."""
        self._send(wire.Disconnect(ms))

    def next_deadline(self) -> float | None:
        """When a beat, a silence or another try is due; what arrives wakes the loop itself."""
        return self._deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Take what has arrived, then do what is due: a late call makes no process look silent."""
        while self._process is not None and (arrival := self._process.arrival()) is not None:
            self._arrived(arrival, now)
        while (name := self._deadlines.pop(now)) is not None:
            _DUE[name](self, now)

    def close(self, now: float) -> None:
        """Park the line and let its pins go. Idempotent."""
        self._closed = True
        self._listener = None
        for name in _DUE:
            self._deadlines.cancel(name)
        process, self._process = self._process, None
        if process is not None:
            process.close()

    # --- the process ---

    def _send(self, command: wire.Command) -> None:
        if self._process is not None and self._works:
            self._process.send(command)

    def _beat(self, now: float) -> None:
        self._send(wire.Beat())
        self._deadlines.set("beat", now + BEAT_S)
        if "silence" not in self._deadlines:
            self._deadlines.set("silence", now + SILENCE_S)

    def _silent(self, now: float) -> None:
        """It may hold RM high. Once it is dead the next one parks the pins."""
        self._why = "the process of its pins stood still"
        if self._process is not None:
            self._process.kill()

    def _retry(self, now: float) -> None:
        self._why = ""
        try:
            self._process = self._launch()
        except OSError as error:
            self._ended(str(error), now)
        else:
            self._deadlines.set("silence", now + START_S)

    def _arrived(self, arrival: wire.Message | Ended, now: float) -> None:
        self._deadlines.cancel("silence")
        match arrival:
            case Ended(how):
                self._ended(how, now)
            case Fault(text):
                self._why = text
            case Recovered():
                self._works, self._fault, self._retry_s = True, None, 0.0
                self._tell(arrival)
            case wire.Beat():
                pass
            case _:
                self._tell(arrival)

    def _ended(self, how: str, now: float) -> None:
        if self._process is not None:
            self._process.close()
        self._process, self._works = None, False
        self._deadlines.cancel("beat")
        self._deadlines.set("retry", now + self._retry_s)
        self._retry_s = min(max(2 * self._retry_s, FIRST_RETRY_S), LAST_RETRY_S)
        if self._fault is None:
            self._fault = self._why or f"the process of its pins ended ({how})"
            self._tell(Fault(self._fault, _ns(now)))

    def _tell(self, event: PortEvent) -> None:
        if self._listener is not None:
            self._listener(event)


_DUE: Final[Mapping[str, Callable[[GpioLine, float], None]]] = {
    "beat": GpioLine._beat,
    "silence": GpioLine._silent,
    "retry": GpioLine._retry,
}


def _ns(now: float) -> int:
    return round(now * 1e9)
