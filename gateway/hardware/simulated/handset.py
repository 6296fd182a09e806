"""The handset of a simulated phone: what a hand does to it, as raw events with exact times.

Everything goes through the hook switch and the key pad, so that the line machine sees what it
would see of real hardware. A gesture begins when the one before it is over; only putting the
handset down ends whatever is going on.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.hardware.simulated import script
from gateway.hardware.simulated.script import NS_PER_MS, HandsetError, Script
from gateway.hardware.simulated.timeline import Timeline
from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone, HookEdge, PortEvent

__all__ = ["Handset", "HandsetError"]

SETTLE_NS = 50 * NS_PER_MS  # a hand needs longer than this from the cradle to the dial
FLASH_SETTLE_NS = 250 * NS_PER_MS


class Handset:
    """`catch_up(now)` reports what is due; the driver tells back by `reported` what it was."""

    def __init__(
        self,
        timeline: Timeline,
        catch_up: Callable[[float], None],
        *,
        bounce_ms: float = 0,
        flash_ms: int = 500,
    ) -> None:
        self._timeline = timeline
        self._catch_up = catch_up
        self._bounce_ms = bounce_ms
        self._flash_ms = flash_ms
        self._lifted = False
        self._busy_until_ns = 0
        self._loop_closed = False
        self._key: str | None = None
        self._early = False

    @property
    def lifted(self) -> bool:
        """Off the cradle."""
        return self._lifted

    @property
    def loop_closed(self) -> bool:
        """What the contact has done by now: open in a dial pulse or a flash."""
        return self._loop_closed

    @property
    def busy_until(self) -> float:
        """When the gestures asked for are over, seconds."""
        return self._busy_until_ns / 1e9

    def off_hook(self, now: float) -> float:
        """Lift; nothing happens when it is lifted. Returns when the contact has settled."""
        if not self._lifted:
            self._lifted = True
            start_ns = max(_ns(now), self._busy_until_ns)
            self._plan(_contact(True, self._bounce_ms), start_ns, SETTLE_NS)
        return self.busy_until

    def on_hook(self, now: float) -> float:
        """Put down at once, whatever was going on; nothing happens when it rests."""
        if self._lifted:
            self._catch_up(now)
            self._lifted = False
            self._timeline.clear()
            self._busy_until_ns = _ns(now)
            self._plan(self._let_go(), _ns(now))
            if self._loop_closed:
                self._plan(_contact(False, self._bounce_ms), _ns(now), SETTLE_NS)
        return self.busy_until

    def flash(self, now: float, *, ms: int | None = None) -> float:
        """Press the hook for `ms` (else the driver's `flash_ms`). Returns the time when done.

        Raises HandsetError on-hook and for a length of nonsense.
        """
        self._needs_lifted("flash")
        length = self._flash_ms if ms is None else ms
        gesture = script.flash(length, self._bounce_ms)
        start_ns = self._free_from(now)
        self._plan(gesture, start_ns, FLASH_SETTLE_NS)
        return (start_ns + gesture.length_ns) / 1e9

    def dial(
        self,
        text: str,
        now: float,
        *,
        pulse: bool = False,
        pps: float = 10,
        break_percent: float = 60,
        on_ms: int = 100,
        off_ms: int = 100,
    ) -> float:
        """Press keys or turn the dial; `,` is a second's pause. Returns the time when done.

        Raises HandsetError on-hook, for a character that the phone does not have, and for a
        length or speed of nonsense.
        """
        self._needs_lifted("dial")
        if pulse:
            gesture = script.pulses(
                text,
                pps=pps,
                break_percent=break_percent,
                pause_ms=off_ms,
                bounce_ms=self._bounce_ms,
            )
        else:
            gesture = script.keys(text, on_ms=on_ms, off_ms=off_ms)
        return self._plan(gesture, self._free_from(now))

    def reported(self, event: PortEvent) -> None:
        """The driver reported `event` of this handset."""
        match event:
            case HookEdge(off_hook):
                self._loop_closed = off_hook
            case DtmfStart(digit):
                self._key = digit
            case DtmfEnd():
                self._key = None
            case EarlyTone(on):
                self._early = on

    def _needs_lifted(self, gesture: str) -> None:
        if not self._lifted:
            raise HandsetError(f"the handset is on-hook: lift it first (off-hook), then {gesture}")

    def _free_from(self, now: float) -> int:
        return max(_ns(now), self._busy_until_ns)

    def _plan(self, gesture: Script, start_ns: int, settle_ns: int = 0) -> float:
        self._busy_until_ns = self._timeline.plan(gesture, start_ns) + settle_ns
        return self.busy_until

    def _let_go(self) -> Script:
        events: list[script.Planned] = []
        if self._key is not None:
            events.append((0, DtmfEnd(self._key, 0)))
        if self._early:
            events.append((0, EarlyTone(False, 0)))
        return Script(tuple(events), 0)


def _contact(off_hook: bool, bounce_ms: float) -> Script:
    return Script(tuple(script.transition(off_hook, 0, bounce_ms)), 0)


def _ns(now: float) -> int:
    return round(now * 1e9)
