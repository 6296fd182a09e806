"""The simulated line port: a handset, a bell, and time stamps as exact as they were planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.deadlines import Deadlines
from gateway.errors import ConfigError, HardwareError
from gateway.hardware.simulated.bell import Bell
from gateway.hardware.simulated.handset import Handset
from gateway.hardware.simulated.timeline import Timeline
from gateway.line.cadence import Cadence
from gateway.line.events import DtmfStart, Fault, HookEdge, PortEvent, Recovered, RingStarted
from gateway.line.port import Listener, Wake
from gateway.media.port import LineAudio

OPTIONS = ("auto_answer_s", "bounce_ms", "flash_ms")


def create(name: str, options: Mapping[str, Any], audio: LineAudio, wake: Wake) -> SimulatedLine:
    """For the registry. The phone's sound is played and recorded by the service, through `audio`.

    Raises ConfigError for an option that a simulated phone does not have.
    """
    for key in options:
        if key not in OPTIONS:
            allowed = ", ".join(OPTIONS)
            raise ConfigError(f"line {name}: {key}: a simulated phone has only {allowed}")
    return SimulatedLine(name, **options)


class SimulatedLine:
    """A LinePort. `auto_answer_s`: lifts itself that long after ringing starts.

    And puts itself down when it hears that the far end is gone, as an answering machine does.
    """

    def __init__(
        self,
        name: str = "simulated",
        *,
        auto_answer_s: float | None = None,
        bounce_ms: float = 0,
        flash_ms: int = 500,
    ) -> None:
        self._name = name
        self._auto_answer_s = auto_answer_s
        self._timeline = Timeline()
        self._deadlines: Deadlines[str] = Deadlines()
        self._listener: Listener | None = None
        self._closed = False
        self._fault: str | None = None
        self._told_off_hook = False
        self._lifted_itself = False
        self._reversed = False
        self._fed = True
        self.bell = Bell()
        self.handset = Handset(
            self._timeline, self._emit_due, bounce_ms=bounce_ms, flash_ms=flash_ms
        )

    @property
    def driver(self) -> str:
        """The registry's name of this driver."""
        return "simulated"

    def start(self, listener: Listener, now: float) -> None:
        """Take the phone. Raises HardwareError when it was taken or closed before."""
        if self._closed or self._listener is not None:
            raise HardwareError(f"line {self._name}: the simulated phone is already in use")
        self._listener = listener
        self._emit_due(now)

    def ring(self, cadence: Cadence, now: float) -> None:
        """Ring until `stop_ringing`; RingStarted is reported before this returns."""
        if self._listener is None:
            return
        if self._fault is not None:
            self._tell(Fault(self._fault, _ns(now)))
            return
        self.power(True, now)
        self.bell.start(cadence, now)
        if self._auto_answer_s is not None:
            self._deadlines.set("off-hook", now + self._auto_answer_s)
        self._tell(RingStarted(_ns(now)))

    def stop_ringing(self, now: float) -> None:
        """Silence the bell; harmless when it is silent."""
        self.bell.stop(now)
        self._deadlines.cancel("off-hook")

    @property
    def reversed(self) -> bool:
        """Tip and ring have changed places: what a meter at the telephone would show."""
        return self._reversed

    @property
    def fed(self) -> bool:
        """There is current for the telephone."""
        return self._fed

    def reverse(self, on: bool, now: float) -> None:
        """Reverse the polarity of the line, or have it as usual."""
        self._reversed = on

    def power(self, on: bool, now: float) -> None:
        """Feed the phone, or do not; its hook says nothing meanwhile."""
        self._emit_due(now)
        self._deadlines.cancel("power")
        self._fed = on
        if on:
            self._reconcile(now)
        else:
            self.stop_ringing(now)

    def disconnect(self, ms: int, now: float) -> None:
        """Take the feed away for so long; a phone that lifted itself takes it for the end."""
        self.power(False, now)
        self._deadlines.set("power", now + ms / 1e3)
        self.hear_the_end(now)

    def hear_the_end(self, now: float) -> None:
        """The call is over, by a tone or by the line: nobody is there any more."""
        if self._lifted_itself:
            self._deadlines.set("on-hook", now)

    def next_deadline(self) -> float | None:
        """When the next planned event, or what the phone does by itself, is due."""
        if self._listener is None:
            return None
        planned = self._timeline.next_ns()
        times = (self._deadlines.next(), None if planned is None else planned / 1e9)
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Report what is due; each event carries the time it was planned for."""
        while (at := self._deadlines.next()) is not None and (what := self._deadlines.pop(now)):
            if what == "power":
                self.power(True, at)
            elif what == "off-hook":
                self._lifted_itself = not self.handset.lifted
                self.handset.off_hook(at)
            elif self._lifted_itself:
                self.handset.on_hook(at)
        self._emit_due(now)

    def close(self, now: float) -> None:
        """Let the phone go: nothing is reported any more. Idempotent."""
        self._closed = True
        self._listener = None
        self.stop_ringing(now)
        self._timeline.clear()

    def fail(self, text: str, now: float) -> None:
        """Break the phone, to see what the rest makes of it; the owner is told `text`."""
        self._emit_due(now)
        self._fault = text
        self.stop_ringing(now)
        self._tell(Fault(text, _ns(now)))

    def repair(self, now: float) -> None:
        """Mend it: Recovered, and the hook's position if it is not as last reported."""
        self._emit_due(now)
        self._fault = None
        self._tell(Recovered(_ns(now)))
        self._reconcile(now)

    def _reconcile(self, now: float) -> None:
        """The hook's position, if it is not as last reported."""
        if self.handset.loop_closed is not self._told_off_hook and self._fault is None:
            self._tell(HookEdge(self.handset.loop_closed, _ns(now)))

    def _emit_due(self, now: float) -> None:
        if self._listener is None:
            return
        while (event := self._timeline.pop_due(_ns(now))) is not None:
            self.handset.reported(event)
            self._lifted_itself = self._lifted_itself and self.handset.lifted
            if isinstance(event, HookEdge) and event.off_hook:
                self.bell.stop(event.t_ns / 1e9)
            if self._fault is None and (self._fed or not isinstance(event, HookEdge | DtmfStart)):
                self._tell(event)

    def _tell(self, event: PortEvent) -> None:
        if isinstance(event, HookEdge):
            self._told_off_hook = event.off_hook
        if self._listener is not None:
            self._listener(event)


def _ns(now: float) -> int:
    return round(now * 1e9)
