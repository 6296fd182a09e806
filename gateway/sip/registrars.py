"""Which of an account's registrars is asked: the next when one fails, the first again later."""

from __future__ import annotations

from typing import Final

from gateway.sip.accounts import Account

PREFERRED_AGAIN_S: Final = 300.0


class Registrars:
    """The registrars of one account in order of preference; without any, its domain."""

    __slots__ = ("_home", "_left", "_left_at", "_place", "_uris")

    def __init__(self, account: Account) -> None:
        self._uris = account.registrars or (f"sip:{account.domain}",)
        self._place = 0
        self._home = 0  # the one that has our binding
        self._left = 0  # how many of this round are still to be asked
        self._left_at = 0.0  # when the first one failed

    def __len__(self) -> int:
        return len(self._uris)

    @property
    def uri(self) -> str:
        """The one in use, as the owner wrote it."""
        return self._uris[self._place]

    @property
    def home(self) -> str:
        """The one that has our binding, or had the last one."""
        return self._uris[self._home]

    @property
    def at_home(self) -> bool:
        """Whether that is the one in use."""
        return self._place == self._home

    def begin(self, now: float) -> None:
        """A new round, with the first if it was left long ago."""
        self._left = len(self._uris) - 1
        if now - self._left_at >= PREFERRED_AGAIN_S:
            self._place = 0

    def fall_back(self, now: float) -> bool:
        """The one in use failed: whether there is another one to ask at once.

        When all have failed it is the first's turn again, but not at once.
        """
        if not self._place:
            self._left_at = now
        self._place = (self._place + 1) % len(self._uris) if self._left else 0
        self._left -= 1
        return self._left >= 0

    def granted(self) -> None:
        """The one in use has our binding."""
        self._home = self._place

    def go_home(self) -> None:
        """Ask the one that has our binding."""
        self._place = self._home
