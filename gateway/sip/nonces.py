"""Nonces of a digest server: signed and dated, so that none is kept until it has been used.

A nonce also says, in a form that only we can read, which source it was given to. A sender of forged
addresses never sees a nonce that was sent there, so nobody can make another source look guilty.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from gateway.sip.bounded import keep
from gateway.sip.settings import Tokens

_REMEMBERED: Final = 1024


class Nonce(NamedTuple):
    """A nonce that is ours. `made` in seconds of CLOCK_MONOTONIC, `source` as given to `issue`."""

    text: str
    made: float
    source: str


class _Use(NamedTuple):
    """The highest nc so far, and the cnonce of the first use."""

    highest: int
    cnonce: str


class Nonces:
    """Makes nonces, knows them again, and remembers how far those in use have been counted."""

    def __init__(self, secret: str, tokens: Tokens) -> None:
        self._secret = secret.encode()
        self._tokens = tokens
        self._uses: dict[str, _Use] = {}
        # Nothing made up to then is known to be unused any more.
        self._forgotten = float("-inf")

    def tag(self, source: str) -> str:
        """A name for `source` that says nothing about it."""
        return self._mac(f"source:{source}")[:16]

    def issue(self, realm: str, source: str, now: float) -> str:
        """A fresh nonce; `source` is a tag."""
        made = f"{int(now * 1000):x}.{self._tokens.hex(8)}.{source}"
        return f"{made}.{self._mac(f'nonce:{made}:{realm}')}"

    def read(self, realm: str, text: str) -> Nonce | None:
        """The nonce, however old, when we made it for `realm`."""
        made, _, mac = text.rpartition(".")
        expected = self._mac(f"nonce:{made}:{realm}")
        if not hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace")):
            return None
        return Nonce(text, _made(text), made.rpartition(".")[2])

    def is_stale(self, nonce: Nonce, lifetime_s: float, now: float) -> bool:
        """Whether it is too old, or so old that its uses may have been forgotten."""
        if not -1 <= now - nonce.made <= lifetime_s:
            return True
        return nonce.text not in self._uses and nonce.made <= self._forgotten

    def is_used(self, nonce: Nonce, number: int) -> bool:
        """Whether this nc or a higher one was used. It may begin anywhere and skip."""
        use = self._uses.get(nonce.text)
        return use is not None and number <= use.highest

    def session_cnonce(self, nonce: Nonce) -> str | None:
        """The cnonce that the first use came with, which is what a -sess session hangs on."""
        use = self._uses.get(nonce.text)
        return None if use is None else use.cnonce

    def use(self, nonce: Nonce, number: int, cnonce: str) -> None:
        """Remember a good use."""
        first = self.session_cnonce(nonce)
        use = _Use(number, cnonce if first is None else first)
        oldest = keep(self._uses, nonce.text, use, _REMEMBERED)
        if oldest is not None:
            self._forgotten = max(self._forgotten, _made(oldest))

    def _mac(self, text: str) -> str:
        data = text.encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, data, "sha256").hex()[:32]


def _made(text: str) -> float:
    return int(text.partition(".")[0], 16) / 1000
