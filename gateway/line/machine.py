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
from gateway.line.country import Country
from gateway.line.effects import Effect, PlayTone, StartRing, StopRing, StopTone
from gateway.line.hook import Flashed, HookEvent, HookMachine, HungUp, Lifted, PulseTrain
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
    """One line. `now` is CLOCK_MONOTONIC in seconds."""

    def __init__(self, country: Country) -> None:
        self.country = country
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
        return self._hook.next_deadline()

    def handle_deadline(self, now: float) -> None:
        """Decide what is due. All port events at hand must have been received before."""
        self._hook.handle_deadline(now)

    def ring(self, now: float, cadence_name: str | None = None) -> bool:
        """Ring the bell; False when the line is not idle (lifted or failed a moment ago)."""
        if not self._move("ring", round(now * 1e9)):
            return False
        self._bell_confirmed = False
        self._effects.append(StartRing(self.country.cadence(cadence_name)))
        return True

    def stop_ringing(self, now: float) -> None:
        """Nobody answered, or the caller gave up; harmless when the bell is silent."""
        if self._move("stop", round(now * 1e9)):
            self._effects.append(StopRing())

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

    # --- what the port reported ---

    def _on_edge(self, event: ev.HookEdge) -> None:
        self._hook.edge(event.off_hook, event.t_ns)

    def _on_trip(self, event: ev.RingTrip) -> None:
        self._hook.trip(event.t_ns)

    def _on_bell(self, event: ev.RingPending | ev.RingStarted) -> None:
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
        self._release_key(event.t_ns)
        self._silence()
        if rang:
            self._effects.append(StopRing())
        self._events.append(ev.LineFault(event.text))

    def _on_recovered(self, event: ev.Recovered) -> None:
        if not self._move("recover", event.t_ns):
            return
        self._events.append(ev.LineReady())
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
