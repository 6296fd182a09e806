"""The one hook state machine: undebounced edges in; lift, hang-up, flash and pulse trains out.

Time. A decision is dated by the time stamps of the edges, never by when the loop got to them:

1. An edge at t first brings the machine up to t: timers that run out by then run out first.
2. `handle_deadline(now)` may run a timer out only if no edge older than it is still on its way.
   Called on time, the timer is younger than any edge that can be under way, but for the loop's own
   jitter: decisions that an edge of the same instant would change wait GRACE_NS longer.
3. Called late (the loop was stalled), edges may be queued behind the call. The machine then only
   notes how far it may go, and asks to be called again at once: the queue comes first, since every
   driver hands its edges to the loop as they happen. So a flash stays a flash through a stall.

Contact bounce. A level counts when it has held for the persistence time, and is dated by the edge
that began the hold; a bounce that falls back continues what was going on before.

Times in here are integer nanoseconds, so that a window's last instant still belongs to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.deadlines import Deadlines
from gateway.line.dial import Dial
from gateway.line.hook_table import GRACE_NS, TIMERS, TRANSITIONS, Hook, Symbol
from gateway.line.pulse import NS_PER_MS, Break, HookTimings, classify

LATE_NS = NS_PER_MS
ROUNDING_NS = 500  # float seconds resolve no nanosecond after weeks of uptime
KEPT_TRANSITIONS = 32


@dataclass(frozen=True, slots=True)
class Lifted:
    """The handset is off-hook for good."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class HungUp:
    """The loop has been open for longer than any flash."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class Flashed:
    """One break within the flash window."""

    t_ns: int


@dataclass(frozen=True, slots=True)
class PulseTrain:
    """Dial pulses with a pause after them; as many as there were, legal or not."""

    pulses: int
    t_ns: int


HookEvent: TypeAlias = Lifted | HungUp | Flashed | PulseTrain


@dataclass(frozen=True, slots=True)
class HookTransition:
    """One line of the log."""

    t_ns: int
    before: Hook
    symbol: Symbol
    after: Hook


class HookMachine:
    """Decides what hook edges mean, by `timings`; hands each decision to `report`.

    `talking` says which of two things a break is that could be either: a flash during a call, a
    dialled 1 before it. `dial` is what the rotary dial has shown of itself. `signalled`: the line
    tells a display something, which may answer by closing the loop for a moment; a lift has to
    last longer meanwhile.
    """

    def __init__(self, timings: HookTimings, report: Callable[[HookEvent], None]) -> None:
        self.talking = False
        self.signalled = False
        self.dial = Dial()
        self.late_edges = 0  # edges older than a decision already taken
        self.transitions: deque[HookTransition] = deque(maxlen=KEPT_TRANSITIONS)
        self._timings = timings
        self._report = report
        self._state = Hook.ON_HOOK
        self._t_ns = 0  # the time up to which everything is decided
        self._edge_ns = 0  # the last edge
        self._opened_ns = 0  # where the break began
        self._closed_ns = 0  # where the make after the last break began
        self._breaks: list[int] = []  # lengths of the pulses of this train
        self._makes: list[int] = []  # and of the makes between them
        self._timer: Deadlines[Symbol] = Deadlines()  # in nanoseconds
        self._horizon_ns: int | None = None

    @property
    def state(self) -> Hook:
        """Where the loop is."""
        return self._state

    @property
    def off_hook(self) -> bool:
        """Lifted and not yet hung up, breaks included."""
        return self._state not in (Hook.ON_HOOK, Hook.LIFTING)

    def edge(self, off_hook: bool, t_ns: int) -> None:
        """The loop closed (off-hook) or opened at `t_ns`. A repeated level is no edge."""
        self._happen(Symbol.CLOSED if off_hook else Symbol.OPENED, t_ns)

    def trip(self, t_ns: int) -> None:
        """The driver saw loop current under ringing voltage: off-hook without persistence."""
        self._happen(Symbol.TRIPPED, t_ns)

    def next_deadline(self) -> float | None:
        """When to call `handle_deadline`, in seconds."""
        if self._horizon_ns is not None:
            return self._horizon_ns / 1e9
        due = self._due_ns()
        return None if due is None else (due + self._grace_ns() + ROUNDING_NS) / 1e9

    def handle_deadline(self, now: float) -> None:
        """Run out the timers that are due, or ask for a second call when this one is late."""
        now_ns = round(now * 1e9)
        due = self._due_ns()
        limit, self._horizon_ns = self._horizon_ns, None
        if due is None:
            return
        if limit is None and now_ns - due - self._grace_ns() > LATE_NS:
            self._horizon_ns = now_ns
            return
        if limit is None:
            limit = now_ns
        self._run_to(limit, graceful=True)

    def _due_ns(self) -> int | None:
        due = self._timer.next()
        return None if due is None else int(due)

    def _grace_ns(self) -> int:
        return GRACE_NS[TIMERS[self._state]] if self._state in TIMERS else 0

    def _happen(self, symbol: Symbol, t_ns: int) -> None:
        if t_ns < self._t_ns:
            self.late_edges += 1
            t_ns = self._t_ns
        self._run_to(t_ns)
        self._t_ns = t_ns
        if symbol in TRANSITIONS[self._state]:
            self._edge_ns = t_ns
            self._apply(symbol, t_ns)

    def _run_to(self, t_ns: int, *, graceful: bool = False) -> None:
        due = self._due_ns()
        while due is not None and due + (self._grace_ns() if graceful else 0) <= t_ns:
            (symbol,) = self._timer.pop_due(due)
            self._t_ns = max(self._t_ns, due)
            self._apply(symbol, due)
            due = self._due_ns()

    def _apply(self, symbol: Symbol, t_ns: int) -> None:
        before = self._state
        self._enter_state(TRANSITIONS[before][symbol], symbol, t_ns)
        action = _ACTIONS.get((before, symbol))
        if action is not None:
            action(self, t_ns)
        self._arm()

    def _enter_state(self, state: Hook, symbol: Symbol, t_ns: int) -> None:
        self.transitions.append(HookTransition(t_ns, self._state, symbol, state))
        self._state = state

    def _arm(self) -> None:
        for symbol in GRACE_NS:
            self._timer.cancel(symbol)
        symbol_due = TIMERS.get(self._state)
        if symbol_due is None or (symbol_due is Symbol.TRAIN_OVER and not self._breaks):
            return
        self._timer.set(symbol_due, self._runs_out(symbol_due))

    def _runs_out(self, symbol: Symbol) -> int:
        timings = self._timings
        if symbol is Symbol.PERSISTED:
            longer = self.signalled and self._state is Hook.LIFTING
            wait_ms = timings.signalled_persistence_ms if longer else timings.persistence_ms
            return self._edge_ns + wait_ms * NS_PER_MS
        if symbol is Symbol.LAPSED:
            return self._opened_ns + timings.hang_up_ms * NS_PER_MS + 1
        wait_ms = timings.single_break_ms if self._may_be_flash() else timings.inter_digit_ms
        return self._closed_ns + wait_ms * NS_PER_MS

    def _may_be_flash(self) -> bool:
        """One break so far, in a call, as long as a flash and as long as a pulse."""
        timings = self._timings
        if not (self.talking and len(self._breaks) == 1 and timings.flash_looks_like_pulse):
            return False
        (length,) = self._breaks
        if self.dial.made(length) and length < timings.shortest_key_ms * NS_PER_MS:
            return False
        return length >= timings.flash_min_ms * NS_PER_MS

    # --- what happens on the way from one state to the next ---

    def _forget_train(self) -> None:
        self._breaks, self._makes = [], []

    def _lift(self, t_ns: int) -> None:
        self._forget_train()
        self._report(Lifted(t_ns))

    def _hang_up(self, t_ns: int) -> None:
        self._forget_train()
        self._report(HungUp(t_ns))

    def _open(self, t_ns: int) -> None:
        self._opened_ns = t_ns

    def _judge_break(self, t_ns: int) -> None:
        length = self._edge_ns - self._opened_ns
        kind = classify(self._timings, length, in_train=bool(self._breaks))
        if kind is Break.GLITCH:
            return
        make, self._closed_ns = self._opened_ns - self._closed_ns, self._edge_ns
        if kind is Break.PULSE:
            self._makes += [make] if self._breaks else []
            self._breaks.append(length)
        elif kind is Break.UNKNOWN:
            self._forget_train()  # no dial does this: what was counted is no digit
        elif kind is Break.FLASH:
            self._report(Flashed(t_ns))

    def _end_train(self, t_ns: int) -> None:
        flash = self._may_be_flash()
        breaks, makes = self._breaks, self._makes
        self._forget_train()
        self.dial.learn(breaks, makes)
        self._report(Flashed(t_ns) if flash else PulseTrain(len(breaks), t_ns))


_ACTIONS: Final[Mapping[tuple[Hook, Symbol], Callable[[HookMachine, int], None]]] = {
    (Hook.ON_HOOK, Symbol.TRIPPED): HookMachine._lift,
    (Hook.LIFTING, Symbol.TRIPPED): HookMachine._lift,
    (Hook.LIFTING, Symbol.PERSISTED): HookMachine._lift,
    (Hook.OFF_HOOK, Symbol.OPENED): HookMachine._open,
    (Hook.OFF_HOOK, Symbol.TRAIN_OVER): HookMachine._end_train,
    (Hook.OPEN, Symbol.LAPSED): HookMachine._hang_up,
    (Hook.CLOSING, Symbol.PERSISTED): HookMachine._judge_break,
}
