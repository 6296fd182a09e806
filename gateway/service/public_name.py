"""What others reach us at, where that has to be asked for: a name, or what a STUN server sees.

The address behind a name changes when the provider gives the house another one, and nothing tells.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from gateway.errors import SystemRefusal

ASK_AGAIN_S: Final = 300.0

Find = Callable[[], Awaitable[str]]


class PublicName:
    """`find` asks, and raises SystemRefusal. `address` is the last one found, `trouble` why there
    was none the last time, "" when there was."""

    def __init__(self, find: Find, address: str | None = None) -> None:
        self._find = find
        self.address = address
        self.trouble = ""

    async def changed(self) -> bool:
        """Ask again; whether there is another address now. Without an answer the old one stays."""
        try:
            found = await self._find()
        except SystemRefusal as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        before, self.address = self.address, found
        return found != before
