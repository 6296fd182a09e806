"""Digits that came by INFO, as tones in the earpiece. Those that come by RTP the engine plays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from gateway.line.country import DtmfLevels
from gateway.media.line import ToneSegmentSpec, ToneSpec

# ITU-T Q.23: each key is one tone of its row and one of its column.
_KEYS: Final = ("123A", "456B", "789C", "*0#D")
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)

# media.md, RFC 4733 item 14: at least 50 ms of tone and of silence, and a queue with an end.
_SHORTEST_MS: Final = 50
_LONGEST_MS: Final = 1000
_PAUSE_MS: Final = 50
_QUEUED: Final = 32

Later = Callable[[float, Callable[[], None]], object]


class DigitTones:
    """Plays one digit after another. `play` starts a tone, `later(seconds, action)` is a timer."""

    def __init__(self, levels: DtmfLevels, play: Callable[[ToneSpec], None], later: Later) -> None:
        self._level = (levels.high_dbm + levels.low_dbm) / 2
        self._play = play
        self._later = later
        self._queue: deque[tuple[str, int]] = deque()
        self._busy = False

    def add(self, digit: str, duration_ms: int) -> None:
        """Play it when those before it are over; keys that no phone has are silent."""
        if digit in "".join(_KEYS) and len(self._queue) < _QUEUED:
            self._queue.append((digit, min(max(duration_ms, _SHORTEST_MS), _LONGEST_MS)))
            if not self._busy:
                self._next()

    def clear(self) -> None:
        """Forget what waits: the call is over."""
        self._queue.clear()

    def _next(self) -> None:
        self._busy = bool(self._queue)
        if self._busy:
            digit, duration_ms = self._queue.popleft()
            self._play(tone_of(digit, duration_ms, self._level))
            self._later((duration_ms + _PAUSE_MS) / 1000, self._next)


def tone_of(digit: str, duration_ms: int, level_dbm: float) -> ToneSpec:
    """The two frequencies of a key, then a pause."""
    row = next(index for index, keys in enumerate(_KEYS) if digit in keys)
    column = _KEYS[row].index(digit)
    return ToneSpec(
        segments=(
            ToneSegmentSpec(
                frequencies=(_ROWS[row], _COLUMNS[column]),
                level_dbm=level_dbm,
                on_ms=duration_ms,
                off_ms=_PAUSE_MS,
            ),
        )
    )
