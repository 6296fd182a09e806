"""The gestures at a simulated phone's handset, for the control socket: lift, flash, dial."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.hardware.simulated import Handset, HandsetError
from gateway.service.handset_sound import HandsetSound
from gateway.service.line_binding import LineUnit


class HandsetControl:
    """The handset of one simulated line. `moved` re-arms the line's timer after each gesture."""

    def __init__(self, unit: LineUnit, handset: Handset, moved: Callable[[], None]) -> None:
        self.sound = HandsetSound(unit)
        self._line = unit.name
        self._handset = handset
        self._moved = moved
        self._loop = asyncio.get_running_loop()
        self._gestures: set[asyncio.Future[bool]] = set()

    def off_hook(self) -> float:
        """Lift; returns the time of the hook edge (monotonic seconds)."""
        now = self._loop.time()
        self._handset.off_hook(now)
        self._moved()
        return now

    def on_hook(self) -> float:
        """Put down, which ends whatever the handset was doing."""
        now = self._loop.time()
        self._handset.on_hook(now)
        self._moved()
        for gesture in self._gestures:
            if not gesture.done():
                gesture.set_result(False)
        self.sound.hung_up()
        return now

    async def flash(self, ms: int | None) -> None:
        """Flash the hook; returns when the handset is up again. Raises HandsetError."""
        done = self._handset.flash(self._loop.time(), ms=ms)
        self._moved()
        await self._until(done)

    async def dial(
        self, digits: str, *, pulse: bool, pps: float, break_percent: float, on_ms: int, off_ms: int
    ) -> None:
        """Dial; returns when the last digit is over. Raises HandsetError."""
        done = self._handset.dial(
            digits,
            self._loop.time(),
            pulse=pulse,
            pps=pps,
            break_percent=break_percent,
            on_ms=on_ms,
            off_ms=off_ms,
        )
        self._moved()
        await self._until(done)

    async def _until(self, at: float) -> None:
        """Wait for the end of a gesture that was planned to last until `at`."""
        gesture: asyncio.Future[bool] = self._loop.create_future()
        timer = self._loop.call_at(at, _finish, gesture)
        self._gestures.add(gesture)
        try:
            completed = await gesture
        finally:
            timer.cancel()
            self._gestures.discard(gesture)
        if not completed:
            raise HandsetError(f"line {self._line}: the handset was put down before the end")


def _finish(gesture: asyncio.Future[bool]) -> None:
    if not gesture.done():
        gesture.set_result(True)
