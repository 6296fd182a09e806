"""How long to wait before what failed is tried again (RFC 5626 section 4.5)."""

from __future__ import annotations

from gateway.sip.settings import Tokens


class Backoff:
    """Waits that double with each failure in a row, from `first_s` to `longest_s` seconds."""

    __slots__ = ("_failures", "_first_s", "_longest_s", "_tokens")

    def __init__(self, tokens: Tokens, first_s: float, longest_s: float) -> None:
        self._tokens = tokens
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def failed(self) -> float:
        """One more failure; the wait in seconds.

        Drawn from half to all of the bound: many clients must not come back at once.
        """
        bound = min(self._first_s * (1 << min(self._failures, 20)), self._longest_s)
        self._failures += 1
        return bound * (0.5 + int(self._tokens.hex(2), 16) / 0x1FFFE)

    def worked(self) -> None:
        """A success: the next failure is the first again."""
        self._failures = 0
