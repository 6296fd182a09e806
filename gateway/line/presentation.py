"""What is done when, from the decision to ring until the bell rings and the display has been told.

A plan is data: effects at once, then steps, each so long after the one before. A step may wait for
the bell, which alone knows when its first burst began. Whatever has been begun can be undone: an
answer is heard without a rest of the data, and the line never stays reversed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from gateway.line.cadence import Cadence
from gateway.line.caller_id import (
    CallerIdentity,
    LocalTime,
    message_waiting,
    multiple_data_message,
    number_in_keys,
    single_data_message,
)
from gateway.line.display import CallerIdScheme
from gateway.line.effects import (
    Effect,
    PlayTone,
    Reverse,
    SendData,
    StartRing,
    StopRing,
    StopTone,
)
from gateway.line.tones import Tone, ToneSegment, dtmf_frequencies

BITS_A_SECOND: Final = 1200
TRAIL_BITS: Final = 8  # what the voice engine adds behind the last stop bit

# Dual tone alerting signal, 88 to 110 ms (EN 300 659-1 section 6.1.3, BT SIN 227).
ALERTING_HZ: Final = (2130.0, 2750.0)
ALERTING_MS: Final = 100
KEY_MS, KEY_PAUSE_MS = 70, 70  # EN 300 659-1 annex B: 65 ms at least
PULSE_PAUSE_MS: Final = 60_000  # the bell is silent behind the pulse until it is told otherwise


@dataclass(frozen=True, slots=True)
class Step:
    """`after_s` after the step before, when what that one played is over.

    More than `late_s` later it is too late: this step and all after it are left out.
    """

    after_s: float
    effects: tuple[Effect, ...]
    late_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`by_bell`: the first step is so long after the beginning of the first burst."""

    at_once: tuple[Effect, ...]
    steps: tuple[Step, ...] = ()
    by_bell: bool = False

    @property
    def rings_first(self) -> bool:
        """The bell is the first that the telephone gets of it."""
        return any(isinstance(effect, StartRing) for effect in self.at_once)


@dataclass(frozen=True, slots=True)
class _Sound:
    effects: tuple[Effect, ...]
    length_s: float


def call_plan(
    scheme: CallerIdScheme,
    cadence: Cadence,
    caller: CallerIdentity | None,
    when: LocalTime,
    dtmf_dbm: float,
) -> Plan:
    """Ring by `cadence`, and show `caller` in its place."""
    ring = StartRing(cadence)
    sound = None if caller is None else _caller_sound(scheme, caller, when, dtmf_dbm)
    if sound is None:
        return Plan((ring,))
    if scheme.placement == "after-ring":
        return _after_ring(scheme, cadence, sound)
    return _alerted(scheme, sound, (ring,))


def lamp_plan(scheme: CallerIdScheme, waiting: bool) -> Plan | None:
    """Switch the message lamp of a telephone that rests; None where displays know no such thing."""
    if not scheme.by_modem:
        return None
    return _alerted(scheme, _data(scheme, message_waiting(waiting)), ())


def _after_ring(scheme: CallerIdScheme, cadence: Cadence, sound: _Sound) -> Plan:
    """In the first pause that has room for it; a cadence without one shows nothing."""
    wait_s = scheme.wait_ms / 1e3
    needed_s = wait_s + sound.length_s + scheme.ring_wait_ms / 1e3
    pause = cadence.pause_of(round(needed_s * 1e3))
    if pause is None:
        return Plan((StartRing(cadence),))
    begin_ms, length_ms = pause
    show = Step(begin_ms / 1e3 + wait_s, sound.effects, late_s=length_ms / 1e3 - needed_s)
    return Plan((StartRing(cadence),), (show, Step(sound.length_s, ())), by_bell=True)


def _alerted(scheme: CallerIdScheme, sound: _Sound, then: tuple[Effect, ...]) -> Plan:
    """Alert the display, tell it, and go on with `then`."""
    at_once: tuple[Effect, ...] = ()
    lead_s, by_bell = 0.0, False
    if scheme.placement == "ring-pulse":
        pulse = Cadence("pulse", ((scheme.pulse_ms, PULSE_PAUSE_MS),))
        lead_s, at_once, by_bell = scheme.pulse_ms / 1e3, (StartRing(pulse),), True
        lead_s += scheme.wait_ms / 1e3
        then = then or (StopRing(),)
    elif scheme.reversal:
        lead_s, at_once = scheme.lead_ms / 1e3, (Reverse(True),)
        then = (Reverse(False), *then)
    end_s = sound.length_s + scheme.ring_wait_ms / 1e3
    return Plan(at_once, (Step(lead_s, sound.effects), Step(end_s, then)), by_bell)


def _caller_sound(
    scheme: CallerIdScheme, caller: CallerIdentity, when: LocalTime, dtmf_dbm: float
) -> _Sound | None:
    if scheme.standard == "none":
        return None
    if scheme.standard == "dtmf":
        return _keys(number_in_keys(caller, scheme.dtmf), dtmf_dbm)
    write = multiple_data_message if scheme.message == "mdmf" else single_data_message
    return _data(scheme, write(caller, when))


def _keys(keys: str, level_dbm: float) -> _Sound:
    segments = tuple(
        ToneSegment(dtmf_frequencies(key), 0, level_dbm, KEY_MS, KEY_PAUSE_MS) for key in keys
    )
    return _Sound((PlayTone(Tone(segments)),), len(keys) * (KEY_MS + KEY_PAUSE_MS) / 1e3)


def _data(scheme: CallerIdScheme, message: bytes) -> _Sound:
    bits = scheme.seizure_bits + scheme.mark_bits + 10 * len(message) + TRAIL_BITS
    data = SendData(
        scheme.standard, message, scheme.seizure_bits, scheme.mark_bits, scheme.level_dbm
    )
    if not scheme.alerting_tone:
        return _Sound((data,), bits / BITS_A_SECOND)
    level = scheme.level_dbm - 3  # of each of two tones, as loud together as the data
    alert = Tone((ToneSegment(ALERTING_HZ, 0, level, ALERTING_MS, scheme.wait_ms),))
    length_s = (ALERTING_MS + scheme.wait_ms) / 1e3 + bits / BITS_A_SECOND
    return _Sound((PlayTone(alert), data), length_s)


class Presentation:
    """Carries out a plan, one at a time. `now` is CLOCK_MONOTONIC in seconds."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._from: float | None = None  # when the step before was done
        self._undo: list[Effect] = []
        self._bell_first = True

    @property
    def active(self) -> bool:
        """There are steps to come."""
        return bool(self._steps)

    @property
    def signalling(self) -> bool:
        """The line itself is being used to tell the telephone, with its bell at rest."""
        return self.active and not self._bell_first

    def begin(self, plan: Plan, now: float) -> list[Effect]:
        """Start; the effects of this moment."""
        self._steps, self._undo = deque(plan.steps), []
        self._bell_first = plan.rings_first
        self._from = None if plan.by_bell else now
        return self._did(plan.at_once) + self.due(now)

    def bell_rings(self, at: float) -> None:
        """The first burst began."""
        if self._steps and self._from is None:
            self._from = at

    def next_deadline(self) -> float | None:
        """When the next step is due."""
        if not self._steps or self._from is None:
            return None
        return self._from + self._steps[0].after_s

    def due(self, now: float) -> list[Effect]:
        """The effects of the steps that are due."""
        effects: list[Effect] = []
        while (at := self.next_deadline()) is not None and at <= now:
            step = self._steps.popleft()
            if step.late_s is not None and now - at > step.late_s:
                self._steps.clear()
                break
            self._from = at if now - at < 0.001 else now
            if StopTone() in self._undo:
                self._undo.remove(StopTone())
            effects += self._did(step.effects)
        return effects

    def cancel(self) -> list[Effect]:
        """No more of it; what undoes that which has been begun."""
        self._steps.clear()
        undo, self._undo = self._undo, []
        return undo

    def _did(self, effects: tuple[Effect, ...]) -> list[Effect]:
        for effect in effects:
            match effect:
                case Reverse(True):
                    self._undo.append(Reverse(False))
                case Reverse(False):
                    self._undo.remove(Reverse(False))
                case PlayTone() | SendData() if StopTone() not in self._undo:
                    self._undo.append(StopTone())
        return list(effects)
