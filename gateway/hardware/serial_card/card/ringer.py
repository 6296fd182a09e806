"""The bell of a line card: bursts and pauses, ring trip, and a duty that nobody can pass.

Rules of the Ag1171S data sheet: during a burst RM is high and F/R toggles at the ring frequency;
at its end F/R parks high, and RM falls more than 10 ms later. RM may be high for a third of the
time at most, which `Duty` guards with a margin, whatever the host asks for: a pause is stretched
until a whole burst can be afforded.
"""

from .board import Board

LONGEST_BURST_MS = 2000
LOWEST_HZ, HIGHEST_HZ = 20, 25  # what the line circuit can; others become the nearest
PARK_MS = 15  # RM after F/R has parked: more than 10, at most 500
TRIP_MS = 10  # SHK has to be high so long: it pulses while the bell rings

# Of one burst and the next: what is asked for, and when the burst began.
SILENT, BURST, PARKING, PAUSE = "silent", "burst", "parking", "pause"


class Duty:
    """Over every interval T, RM is high for 0.325 T + 1.4 s at most: a bucket that leaks.

    In thousandths of milliseconds. A card that has just started knows nothing of the time before,
    and begins with an empty bucket.
    """

    RATE = 325
    DEPTH = 1400 * 1000

    def __init__(self) -> None:
        self._level = 0

    def pass_time(self, ms: int, high: bool) -> None:
        """`ms` have passed with RM high or low."""
        self._level = min(self.DEPTH, self._level + ms * (self.RATE - (1000 if high else 0)))

    def affords(self, ms: int) -> bool:
        """RM may go high for `ms` now."""
        return self._level >= ms * (1000 - self.RATE)


class Ringer:
    """`ring` again while it rings changes what follows the present pause: a cadence of several
    bursts comes one `ring` a burst, each sent before its burst is due."""

    def __init__(self, board: Board, now: int) -> None:
        self._board = board
        self._duty = Duty()
        self._now = now
        self._state = SILENT
        self._next: tuple[int, int, float] | None = None
        self._due = now  # the next burst
        self._end = now  # of the burst, or of parking
        self._off_ms = 0
        self._half_us = 0
        self._toggles = 0
        self._began = now
        self._tripping: int | None = None  # since when SHK has been high
        self._reversed = False

    @property
    def ringing(self) -> bool:
        """Being rung, pauses included."""
        return self._next is not None

    @property
    def rm(self) -> bool:
        """RM is high: SHK is not the hook switch now."""
        return self._state in (BURST, PARKING)

    def ring(self, on_ms: int, off_ms: int, hz: float) -> None:
        """Ring by this burst and pause, over and over."""
        hz = min(max(hz, LOWEST_HZ), HIGHEST_HZ)
        self._next = (min(on_ms, LONGEST_BURST_MS - PARK_MS), off_ms, hz)
        if self._state == SILENT:
            self._due = self._now
            self._state = PAUSE

    def stop(self) -> None:
        """Fall silent; a burst under way is parked as it should be."""
        self._next = None
        if self._state == BURST:
            self._park()
        elif self._state == PAUSE:
            self._state = SILENT

    def reverse(self, on: bool) -> None:
        """Reverse tip and ring, as soon as RM is low."""
        self._reversed = on
        if not self.rm:
            self._board.forward(not on)

    def step(self, now: int, hook: bool) -> "int | None":
        """Do what is due. Returns since when the loop has been closed, at a ring trip."""
        self._duty.pass_time(now - self._now, self.rm)
        self._now = now
        if self._state == PAUSE:
            self._pause(hook)
        elif self._state == PARKING and now >= self._end:
            self._board.ring_mode(False)
            self._board.forward(not self._reversed)
            self._state = PAUSE if self._next else SILENT
        elif self._state == BURST:
            return self._burst(hook)
        return None

    def _pause(self, hook: bool) -> None:
        if self._next is None or hook or self._now < self._due:
            return
        on_ms, off_ms, hz = self._next
        if not self._duty.affords(on_ms + PARK_MS):
            return
        self._board.forward(True)
        self._board.ring_mode(True)
        self._state = BURST
        self._began = self._now
        self._end = self._now + on_ms
        self._off_ms = off_ms
        self._half_us = int(500000 / hz)
        self._toggles = 0
        self._tripping = None

    def _burst(self, hook: bool) -> "int | None":
        if not hook:
            self._tripping = None
        elif self._tripping is None:
            self._tripping = self._now
        elif self._now - self._tripping >= TRIP_MS:
            self._next = None
            self._park()
            return self._tripping
        if self._now >= self._end:
            self._park()
        else:
            toggles = (self._now - self._began) * 1000 // self._half_us
            if toggles != self._toggles:
                self._toggles = toggles
                self._board.forward(toggles % 2 == 0)
        return None

    def _park(self) -> None:
        self._board.forward(True)
        self._state = PARKING
        self._due = self._now + self._off_ms
        self._end = self._now + PARK_MS
