"""Notices that others reach us at another address: a name that moved, another network.

`public_address` may be a name, and its address changes when the provider gives the house another
one. Our own address changes with the network we are on. Neither tells by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from gateway.errors import SystemRefusal

ROUTE_S: Final = 10.0
NAME_S: Final = 300.0

Find = Callable[[], Awaitable[str]]


class AddressWatch:
    """`find` looks the public address up and raises SystemRefusal; None where there is nothing to
    look up. `route` tells the address of ours that the default route leaves from, None without one.
    """

    def __init__(
        self, public: str | None, find: Find | None, route: Callable[[], str | None]
    ) -> None:
        self.public = public
        self.trouble = ""
        self._find = find
        self._read_route = route
        self._route = route()
        self._look_at: float | None = None

    async def look(self, now: float) -> str:
        """What changed since the last look, in words; "" when nothing did. Look each ROUTE_S.

        `public` has the new address, `trouble` why it could not be found, "" when it was.
        """
        moved = self._moved()
        if self._find is not None and (moved or self._look_at is None or now >= self._look_at):
            self._look_at = now + NAME_S
            return await self._found(self._find) or moved
        return moved

    def _moved(self) -> str:
        before, self._route = self._route, self._read_route()
        if before == self._route:
            return ""
        return f"this machine's address is {self._route or 'gone'}, and was {before or 'none'}"

    async def _found(self, find: Find) -> str:
        try:
            address = await find()
        except SystemRefusal as error:
            self.trouble = str(error)  # the last known address stays in use
            return ""
        self.trouble = ""
        before, self.public = self.public, address
        if before == address:
            return ""
        return f"others reach us at {address}" + (f", before at {before}" if before else "")
