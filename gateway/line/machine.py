"""The line state machine: raw port events in, what a telephone exchange wants to know out.

One LineMachine stands over any LinePort. It owns the hook machine, ignores what cannot be (a digit
from a decoder while the handset rests), and asks for bell and tones through effects. Everything a
port does wrong ends in LineFault; nothing raises.

The caller hands over every port event it has before it calls `handle_deadline` (see hook.py), and
drains `effects()` and `next_event()` after each call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from gateway.line import events as ev
from gateway.line.caller_id import CallerIdentity, LocalTime
from gateway.line.country import Country
from gateway.line.display import CallerIdScheme
from gateway.line.effects import Disconnect, Effect, PlayTone, StopRing, StopTone
from gateway.line.hook import Flashed, HookEvent, HookMachine, HungUp, Lifted, PulseTrain
from gateway.line.lamp import MessageLamp
from gateway.line.presentation import Presentation, call_plan, lamp_plan
from gateway.line.pulse import digit_of
from gateway.line.tones import TONE_NAMES

KEPT_TRANSITIONS = 32

LineState: TypeAlias = Literal["idle", "ringing", "off-hook", "fault"]

TRANSITIONS: Final[Mapping[LineState, Mapping[str, LineState]]] = {
    "idle": {"ring": "ringing", "lift": "off-hook", "fault": "fault"},
    "ringing": {"stop": "idle", "lift": "off-hook", "fault": "fault"},
    "off-hook": {"hang up": "idle", "fault": "fault"},
    "fault": {"recover": "idle"},
}


@dataclass(frozen=True, slots=True)
class LineTransition:
    """One line of the log. `t_ns` is the time of the port event or call that caused it."""

    t_ns: int
    before: LineState
    symbol: str
    after: LineState


class LineMachine:
    """One line. `now` is CLOCK_MONOTONIC in seconds.

    `calendar` tells what time it is on the wall, for displays; `display` is how they are told, the
    country's way unless another is given; `disconnect_ms` for how long the feed is taken away when
    the far end has hung up, 0 for not at all.
    """

    def __init__(
        self,
        country: Country,
        *,
        calendar: Callable[[], LocalTime] = lambda: LocalTime(1, 1, 0, 0),
        display: CallerIdScheme | None = None,
        disconnect_ms: int = 0,
    ) -> None:
        self.country = country
        self._calendar = calendar
        self._display = display or country.caller_id
        self._disconnect_ms = disconnect_ms
        self._presentation = Presentation()
        self._lamp = MessageLamp()
        self.transitions: deque[LineTransition] = deque(maxlen=KEPT_TRANSITIONS)
        self._state: LineState = "idle"
        self._hook = HookMachine(country.hook, self._hook_decided)
        self._events: deque[ev.LineEvent] = deque()
        self._effects: list[Effect] = []
        self._key: ev.DtmfStart | None = None
        self._bell_confirmed = False
        self._tone_plays = False

    @property
    def state(self) -> LineState:
        """idle, ringing, off-hook or fault."""
        return self._state

    @property
    def hook(self) -> HookMachine:
        """The hook machine, for its log and counters, and to say when a call is in talk."""
        return self._hook

    def receive(self, event: ev.PortEvent, now: float) -> None:
        """Take one event of the port; `now` is only when it got here, its own `t_ns` decides."""
        _RECEIVERS[type(event)](self, event)

    def next_event(self) -> ev.LineEvent | None:
        """The oldest event not yet taken."""
        return self._events.popleft() if self._events else None

    def effects(self) -> list[Effect]:
        """What is to be done, in order; each effect is handed out once."""
        effects, self._effects = self._effects, []
        return effects

    def next_deadline(self) -> float | None:
        """When to call `handle_deadline`; may be in the past, meaning at once."""
        parts = (self._hook, self._presentation, self._lamp)
        times = (part.next_deadline() for part in parts)
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Decide what is due. All port events at hand must have been received before."""
        self._hook.handle_deadline(now)
        self._effects += self._presentation.due(now)
        if not self._presentation.active:
            self._lamp.told()
        waiting = self._lamp.due(now)
        plan = None if waiting is None else lamp_plan(self._display, waiting)
        if plan is not None:
            self._effects += self._presentation.begin(plan, now)
        self._hook.signalled = self._presentation.signalling

    def ring(
        self, now: float, cadence_name: str | None = None, caller: CallerIdentity | None = None
    ) -> bool:
        """Ring the bell, and show who calls; False when the line is not idle (lifted or failed a
        moment ago).

        Where the caller is shown before the first ring, Ringing is told at once: the telephone is
        being called, though not by its bell yet.
        """
        if not self._move("ring", round(now * 1e9)):
            return False
        self._cancel_presentation()
        levels = self.country.dtmf
        plan = call_plan(
            self._display,
            self.country.cadence(cadence_name),
            caller,
            self._calendar(),
            (levels.high_dbm + levels.low_dbm) / 2,
        )
        self._bell_confirmed = not plan.rings_first
        if self._bell_confirmed:
            self._events.append(ev.Ringing())
        self._effects += self._presentation.begin(plan, now)
        self._hook.signalled = self._presentation.signalling
        return True

    def show_messages(self, waiting: bool, now: float) -> None:
        """Switch the telephone's message lamp, as soon as the line has been idle for a moment."""
        self._lamp.want(waiting)
        if self._state == "idle":
            self._lamp.rest(now)

    def stop_ringing(self, now: float) -> None:
        """Nobody answered, or the caller gave up; harmless when the bell is silent."""
        if self._move("stop", round(now * 1e9)):
            self._cancel_presentation()
            self._effects.append(StopRing())
            self._lamp.rest(now)

    def tone(self, name: str | None, now: float) -> None:
        """Play the country's tone of that name, or silence: for None, and where it has none.

        Ignored while the handset rests: the exchange may be an event behind.
        """
        if name is not None and name not in TONE_NAMES:
            raise ValueError(f"no tone is called {name!r}; there are {', '.join(TONE_NAMES)}")
        tone = None if name is None else self.country.tones.get(name)
        if tone is None or self._state != "off-hook":
            self._silence()
            return
        self._tone_plays = True
        self._effects.append(PlayTone(tone))

    def talking(self, talking: bool) -> None:
        """Whether a call is connected: a break that could be a flash or a dialled 1 is a flash."""
        self._hook.talking = talking

    def far_end_gone(self) -> None:
        """The far end has hung up, the handset is still lifted: tell it without a word."""
        if self._disconnect_ms and self._state == "off-hook":
            self._effects.append(Disconnect(self._disconnect_ms))

    # --- states ---

    def _enter_state(self, state: LineState, symbol: str, t_ns: int) -> None:
        self.transitions.append(LineTransition(t_ns, self._state, symbol, state))
        self._state = state

    def _move(self, symbol: str, t_ns: int) -> bool:
        after = TRANSITIONS[self._state].get(symbol)
        if after is None:
            return False
        self._enter_state(after, symbol, t_ns)
        return True

    def _cancel_presentation(self) -> None:
        self._effects += self._presentation.cancel()
        self._hook.signalled = False
        self._lamp.disturb()

    def _silence(self) -> None:
        if self._tone_plays:
            self._tone_plays = False
            self._effects.append(StopTone())

    def _release_key(self, t_ns: int) -> None:
        if self._key is not None:
            held_ms = max(0, t_ns - self._key.t_ns) // 1_000_000
            self._events.append(ev.DigitEnded(self._key.digit, held_ms))
            self._key = None

    # --- what the hook machine decided ---

    def _hook_decided(self, event: HookEvent) -> None:
        match event:
            case Lifted(t_ns):
                self._lift(t_ns)
            case HungUp(t_ns):
                self._hang_up(t_ns)
            case Flashed() if self._state == "off-hook":
                self._events.append(ev.HookFlash())
            case PulseTrain(pulses) if self._state == "off-hook":
                digit = digit_of(pulses, self.country.pulse_numbering)
                if digit is not None:
                    self._events.append(ev.PulseDigit(digit))

    def _lift(self, t_ns: int) -> None:
        answered = self._state == "ringing"
        if not self._move("lift", t_ns):
            return
        self._cancel_presentation()
        if answered:
            self._effects.append(StopRing())
        self._hook.talking = answered
        self._events.append(ev.OffHook(answered))

    def _hang_up(self, t_ns: int) -> None:
        if not self._move("hang up", t_ns):
            return
        self._release_key(t_ns)
        self._silence()
        self._events.append(ev.OnHook())
        self._lamp.rest(t_ns / 1e9)

    # --- what the port reported ---

    def _on_edge(self, event: ev.HookEdge) -> None:
        self._hook.edge(event.off_hook, event.t_ns)

    def _on_trip(self, event: ev.RingTrip) -> None:
        self._hook.trip(event.t_ns)

    def _on_bell(self, event: ev.RingPending | ev.RingStarted) -> None:
        if isinstance(event, ev.RingStarted):
            self._presentation.bell_rings(event.t_ns / 1e9)
        if self._state == "ringing" and not self._bell_confirmed:
            self._bell_confirmed = True
            self._events.append(ev.Ringing())

    def _on_key(self, event: ev.DtmfStart) -> None:
        if self._state != "off-hook":
            return
        self._release_key(event.t_ns)
        self._key = event
        self._events.append(ev.DigitStarted(event.digit))

    def _on_key_end(self, event: ev.DtmfEnd) -> None:
        if self._key is not None and self._key.digit == event.digit:
            self._release_key(event.t_ns)

    def _on_fault(self, event: ev.Fault) -> None:
        rang = self._state == "ringing"
        if not self._move("fault", event.t_ns):
            return
        self._cancel_presentation()
        self._release_key(event.t_ns)
        self._silence()
        if rang:
            self._effects.append(StopRing())
        self._events.append(ev.LineFault(event.text))

    def _on_recovered(self, event: ev.Recovered) -> None:
        if not self._move("recover", event.t_ns):
            return
        self._events.append(ev.LineReady())
        self._lamp.rest(event.t_ns / 1e9)
        if self._hook.off_hook:  # lifted while the line was out: it wants dial tone
            self._lift(event.t_ns)

    def _ignore(self, event: object) -> None:
        """Early tone goes from the driver to the voice engine; here it is not yet a digit."""


_RECEIVERS: Final[Mapping[type, Callable[[LineMachine, Any], None]]] = {
    ev.HookEdge: LineMachine._on_edge,
    ev.RingTrip: LineMachine._on_trip,
    ev.RingPending: LineMachine._on_bell,
    ev.RingStarted: LineMachine._on_bell,
    ev.DtmfStart: LineMachine._on_key,
    ev.DtmfEnd: LineMachine._on_key_end,
    ev.EarlyTone: LineMachine._ignore,
    ev.Fault: LineMachine._on_fault,
    ev.Recovered: LineMachine._on_recovered,
}
