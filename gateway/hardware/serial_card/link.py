"""The host's end of the serial line card protocol, without a port, a thread or a clock.

Bytes and times go in, port events and bytes come out. What is wanted of the card (power, polarity,
the bell) is kept here, and is sent again whenever the card has forgotten it.

A card that is out of order is reported once, when it has not done what was wanted for 3 s, and
tried for ever: an answer to VER?, then our state, then a BEAT, and it is in order again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from gateway.deadlines import Deadlines
from gateway.hardware.serial_card import complaints
from gateway.hardware.serial_card import messages as msg
from gateway.hardware.serial_card.card.framing import LineReader, frame
from gateway.hardware.serial_card.commands import Command, Commands
from gateway.hardware.serial_card.counters import LinkCounters
from gateway.hardware.serial_card.link_table import TRANSITIONS, LinkState, Symbol
from gateway.hardware.serial_card.reports import Reports
from gateway.hardware.serial_card.wishes import Wishes
from gateway.line.cadence import Cadence
from gateway.line.events import Fault, PortEvent, Recovered, RingPending, RingStarted

BEAT_S: Final = 1.0
SILENCE_S: Final = 3.0
KNOCK_S: Final = 1.0
POLL_S: Final = 10.0  # the hook is asked for, should a line have been lost whole
FIRST_OPEN_S, LAST_OPEN_S = 0.25, 5.0
KEPT_TRANSITIONS: Final = 32

_Timer: TypeAlias = Literal["beat", "silent", "patience", "retry", "poll", "open"]


class CardLink:
    """One card. `now` is CLOCK_MONOTONIC in seconds; `hz` is the bell's frequency."""

    def __init__(self, device: str, hz: float, now: float) -> None:
        self.counters = LinkCounters()
        self.version: str | None = None
        self.transitions: deque[tuple[float, LinkState, Symbol, LinkState]] = deque(
            maxlen=KEPT_TRANSITIONS
        )
        self.device = device
        self.name = f"line card {device}"
        self._state: LinkState = "absent"
        self._deadlines: Deadlines[_Timer] = Deadlines()
        self._commands = Commands(self.counters)
        self._reader = LineReader()
        self._reports = Reports()
        self._wishes = Wishes(hz, now)
        self._bursts = self._wishes.bursts
        self._beating = False
        self._damaged_at_open = 0
        self._fault: str | None = None
        self._open_s = FIRST_OPEN_S
        self._wants_opening = False
        self._out = b""
        self._events: deque[PortEvent] = deque()
        self._last_ns = 0

    @property
    def state(self) -> LinkState:
        """absent, knocking, syncing or up."""
        return self._state

    # --- what is wanted ---

    def ring(self, cadence: Cadence, now: float) -> None:
        """Ring until `stop_ringing`. A card that is out of order is a Fault again."""
        if self._fault is not None:
            self._tell(Fault(self._fault, _ns(now)))
            return
        if self._bursts.sounding:
            self._want(Command("STOP"))
        self._bursts.start(cadence, now)
        self._ring_if_due(now)
        self._perhaps_pending(now)

    def stop_ringing(self) -> None:
        """Silence; harmless when it is silent."""
        if self._bursts.ringing:
            self._bursts.stop()
            self._want(Command("STOP"))

    def reverse(self, on: bool) -> None:
        """Reverse the polarity of the line."""
        self._want(self._wishes.switch("REVERSE", on))

    def power(self, on: bool) -> None:
        """Feed the line, or do not."""
        self._want(self._wishes.switch("POWER", on))

    def park(self) -> None:
        """Say STOP once, and nothing more. The card parks by itself when it hears no BEAT."""
        self._deadlines = Deadlines()
        self._bursts.stop()
        self._commands.clear()
        self._want(Command("STOP"))

    # --- what happens to the port ---

    def opened(self, now: float) -> None:
        """The device is open: a card may be there."""
        self.counters.openings += 1
        self._reader = LineReader()
        self._reports.forget_clock()
        self.version = None
        self._damaged_at_open = self.counters.damaged
        self._out = b"\r\n"  # whatever the card has of a line ends here
        self._deadlines.set("beat", now)
        self._move("opened", now)

    def lost(self, text: str, now: float) -> None:
        """The device is gone, or cannot be opened; `text` says why and what to do."""
        self._move("lost", now)
        self._fail(text, now)

    def receive(self, data: bytes, t_ns: int, guarded: Iterable[bool] = ()) -> None:
        """Bytes that arrived at `t_ns`; `guarded`: which keys in them are not the telephone's."""
        verdicts = iter(guarded)
        for line in self._reader.feed(data):
            try:
                message = msg.parse(line)
            except msg.WireError:
                self._damage(t_ns)
            else:
                self.counters.lines += 1
                if not (isinstance(message, msg.Key) and message.down and next(verdicts, False)):
                    _RECEIVERS[type(message)](self, message, t_ns)

    # --- what comes out ---

    def next_event(self) -> PortEvent | None:
        """The oldest event not yet taken."""
        return self._events.popleft() if self._events else None

    def to_send(self, now: float) -> bytes:
        """What to write now."""
        line = self._commands.to_send(now)
        out, self._out = self._out + (frame(line) if line else b""), b""
        return out

    def take_opening(self) -> bool:
        """Whether to try to open the device now; each try is asked for once."""
        wanted, self._wants_opening = self._wants_opening, False
        return wanted

    def next_deadline(self) -> float | None:
        """When to call `handle_deadline`."""
        cores = (self._commands.next_deadline(), self._bursts.next_deadline())
        times = (self._deadlines.next(), *cores)
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Do what is due; everything that has arrived was received before."""
        while (timer := self._deadlines.pop(now)) is not None:
            _TIMERS[timer](self, now)
        if self._commands.unanswered(now) is not None:
            self._commands.clear()
            self._move("failed", now)
        self._ring_if_due(now)

    def _ring_if_due(self, now: float) -> None:
        due = self._bursts.next_deadline()
        if due is not None and due <= now:
            self._want(self._bursts.command(now))

    def _perhaps_pending(self, now: float) -> None:
        if not self._reports.off_hook and self._bursts.put_off(now):
            self._tell(RingPending(_ns(now)))

    # --- states ---

    def _enter_state(self, state: LinkState, symbol: Symbol, now: float) -> None:
        self.transitions.append((now, self._state, symbol, state))
        self._state = state

    def _move(self, symbol: Symbol, now: float) -> None:
        after = TRANSITIONS[self._state].get(symbol)
        if after is not None:
            self._enter_state(after, symbol, now)
            self._deadlines.cancel("retry")
            self._deadlines.cancel("poll")
            _ENTERED[after](self, now)

    def _be_absent(self, now: float) -> None:
        self._start_over(now)
        for timer in ("beat", "silent", "patience"):
            self._deadlines.cancel(timer)
        self._beating = False
        self._deadlines.set("open", now + self._open_s)
        self._open_s = min(2 * self._open_s, LAST_OPEN_S)

    def _knock(self, now: float) -> None:
        self._start_over(now)
        self._commands.ask(Command("VER?"))
        self._deadlines.set("retry", now + KNOCK_S)
        self._grow_impatient(now)

    def _sync(self, now: float) -> None:
        self._start_over(now)
        self._commands.ask(*self._wishes.everything())
        self._grow_impatient(now)

    def _be_up(self, now: float) -> None:
        self._deadlines.cancel("patience")
        self._deadlines.set("poll", now + POLL_S)
        self._open_s = FIRST_OPEN_S
        if self._fault is not None:
            self._fault = None
            self._tell(Recovered(_ns(now)))

    def _start_over(self, now: float) -> None:
        self._commands.clear()
        self._bursts.again()
        self._tell(*self._reports.let_go(_ns(now)))

    def _grow_impatient(self, now: float) -> None:
        if self._fault is None and "patience" not in self._deadlines:
            self._deadlines.set("patience", now + SILENCE_S)

    def _perhaps_synced(self, now: float) -> None:
        if self._commands.idle and self._beating:
            self._move("synced", now)

    def _fail(self, text: str, now: float) -> None:
        """Told once; the latest reason is what a ring is refused by."""
        told, self._fault = self._fault, f"{self.name}: {text}"
        self._bursts.stop()
        self._deadlines.cancel("patience")
        if told is None:
            self._tell(Fault(self._fault, _ns(now)))

    def _want(self, command: Command) -> None:
        """Of a card that knows nothing of us, later, with the rest."""
        if self._state in ("syncing", "up"):
            self._commands.ask(command)

    def _tell(self, *events: PortEvent) -> None:
        """Time stamps never go back, though a late line may be of an earlier time."""
        for event in events:
            self._last_ns = max(self._last_ns, event.t_ns)
            self._events.append(replace(event, t_ns=self._last_ns))

    # --- timers ---

    def _send_beat(self, now: float) -> None:
        self._out += frame("BEAT")
        self._deadlines.set("beat", now + BEAT_S)

    def _on_silence(self, now: float) -> None:
        self._beating = False
        self._move("silent", now)
        self._fail(complaints.SILENT, now)

    def _lose_patience(self, now: float) -> None:
        damaged = self.counters.damaged - self._damaged_at_open
        self._fail(complaints.never_in_order(beating=self._beating, damaged=damaged), now)

    def _poll(self, now: float) -> None:
        self._commands.ask(Command("STATE?"))
        self._deadlines.set("poll", now + POLL_S)

    def _open(self, now: float) -> None:
        self._wants_opening = True

    # --- messages ---

    def _damage(self, t_ns: int) -> None:
        """What the line said is lost: an edge, or the end of a key."""
        self.counters.damaged += 1
        self._tell(*self._reports.let_go(t_ns))
        if self._state == "up" and not self._commands.waits("STATE?"):
            self._commands.ask(Command("STATE?"))

    def _on_ready(self, message: msg.Ready, t_ns: int) -> None:
        self.version = message.version
        self.counters.resets += self._state == "up"
        self._reports.forget_clock()
        self._move("ready", t_ns / 1e9)

    def _on_beat(self, message: msg.Beat, t_ns: int) -> None:
        self._beating = True
        self._deadlines.set("silent", t_ns / 1e9 + SILENCE_S)
        self._perhaps_synced(t_ns / 1e9)

    def _on_done(self, message: msg.Done, t_ns: int) -> None:
        command = self._commands.answered(message.number)
        if command is None:
            return
        if command.word == "STOP" and not self._commands.waits("STOP"):
            self._bursts.silent(t_ns / 1e9)
            self._perhaps_pending(t_ns / 1e9)
        elif command.word == "RING":
            self._on_ringing(t_ns)
        self._go_on(command, t_ns)

    def _on_ringing(self, t_ns: int) -> None:
        match self._bursts.confirmed(t_ns / 1e9):
            case "first":
                self._tell(RingStarted(t_ns))
            case "late":
                self._want(Command("STOP"))

    def _on_refused(self, message: msg.Refused, t_ns: int) -> None:
        command = self._commands.answered(message.number)
        if command is None:
            return
        self.counters.refused += 1
        if command.word in ("RING", "STOP") and self._bursts.ringing:
            self._move("refused", t_ns / 1e9)
            self._fail(complaints.refuses_to_ring(message.text), t_ns / 1e9)
        else:
            self._go_on(command, t_ns)  # a card may have no way to reverse the line

    def _go_on(self, command: Command, t_ns: int) -> None:
        if command.word == "VER?":
            self._move("answered", t_ns / 1e9)
        else:
            self._perhaps_synced(t_ns / 1e9)

    def _on_state(self, message: msg.State, t_ns: int) -> None:
        self._tell(*self._reports.reconcile(message, t_ns))
        if self._wishes.contradicts(message, self._commands):
            self._move("differs", t_ns / 1e9)

    def _on_telephone(self, message: msg.Hook | msg.Key | msg.Early, t_ns: int) -> None:
        self._tell(*self._reports.events(message, t_ns))

    def _on_trip(self, message: msg.Tripped, t_ns: int) -> None:
        self._bursts.stop()
        if self._commands.waits("RING"):  # it may be obeyed after the trip
            self._want(Command("STOP"))
        elif not self._commands.waits("STOP"):
            self._bursts.silent(t_ns / 1e9)  # as the card is
        self._tell(*self._reports.events(message, t_ns))


def _ns(now: float) -> int:
    return round(now * 1e9)


_ENTERED: Final[Mapping[LinkState, Callable[[CardLink, float], None]]] = {
    "absent": CardLink._be_absent,
    "knocking": CardLink._knock,
    "syncing": CardLink._sync,
    "up": CardLink._be_up,
}

_TIMERS: Final[Mapping[_Timer, Callable[[CardLink, float], None]]] = {
    "beat": CardLink._send_beat,
    "silent": CardLink._on_silence,
    "patience": CardLink._lose_patience,
    "retry": lambda link, now: link._move("retry", now),
    "poll": CardLink._poll,
    "open": CardLink._open,
}

_RECEIVERS: Final[Mapping[type, Callable[[CardLink, Any, int], None]]] = {
    msg.Ready: CardLink._on_ready,
    msg.Beat: CardLink._on_beat,
    msg.Done: CardLink._on_done,
    msg.Refused: CardLink._on_refused,
    msg.State: CardLink._on_state,
    msg.Hook: CardLink._on_telephone,
    msg.Key: CardLink._on_telephone,
    msg.Early: CardLink._on_telephone,
    msg.Tripped: CardLink._on_trip,
}
