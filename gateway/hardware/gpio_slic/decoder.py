"""The key tone decoder (MT8870, HT9170, CM8870): Q1-Q4, StD and ESt to digits.

Q holds the digit from 4 us before StD rises until the next one. It is read where StD's edge is
seen, and again 1 ms later; two readings that agree are a digit, which ends when StD falls. ESt is
no digit: it says that something begins that may become one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.line.events import DtmfEnd, DtmfStart, EarlyTone

CONFIRM_NS: Final = 1_000_000
_DIGITS: Final = "D1234567890*#ABC"  # by the value of Q4 Q3 Q2 Q1
_READINGS: Final = 4


class Decoder:
    """`read()` gives the value of Q now; `tell` gets the events."""

    def __init__(
        self,
        read: Callable[[], int],
        tell: Callable[[DtmfStart | DtmfEnd | EarlyTone], None],
    ) -> None:
        self._read = read
        self._tell = tell
        self._started_ns: int | None = None  # StD rose; not yet confirmed
        self._ended_ns: int | None = None  # and it has fallen again already
        self._value = 0
        self._readings = 0
        self._confirm_ns = 0
        self._digit: str | None = None

    def std(self, high: bool, t_ns: int, value: int) -> None:
        """StD changed; `value` is Q as it was read where the edge was seen."""
        if high:
            self._confirm_at_once()
            self._release(t_ns)
            self._started_ns, self._ended_ns = t_ns, None
            self._value, self._readings = value, 1
            self._confirm_ns = t_ns + CONFIRM_NS
        elif self._started_ns is not None:
            self._ended_ns = t_ns
        else:
            self._release(t_ns)

    def est(self, high: bool, t_ns: int) -> None:
        """ESt changed."""
        self._tell(EarlyTone(high, t_ns))

    def next_ns(self) -> int | None:
        """When to call `handle_deadline`."""
        return None if self._started_ns is None else self._confirm_ns

    def handle_deadline(self, now_ns: int) -> None:
        """Read Q again; a value that still moves is read some more."""
        if self._started_ns is None or now_ns < self._confirm_ns:
            return
        value, self._readings = self._read(), self._readings + 1
        if value != self._value and self._readings < _READINGS:
            self._value, self._confirm_ns = value, now_ns + CONFIRM_NS
            return
        self._value = value
        self._confirm_at_once()

    def _confirm_at_once(self) -> None:
        if self._started_ns is None:
            return
        self._digit = _DIGITS[self._value]
        self._tell(DtmfStart(self._digit, self._started_ns))
        self._started_ns = None
        if self._ended_ns is not None:
            self._release(self._ended_ns)

    def _release(self, t_ns: int) -> None:
        if self._digit is not None:
            self._tell(DtmfEnd(self._digit, t_ns))
            self._digit = None
