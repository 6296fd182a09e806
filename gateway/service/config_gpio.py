"""line.pins: how a line circuit is wired to the board, and whether that can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from gateway.hardware.board.pins import pins_in_use
from gateway.hardware.gpio_slic import pins as wiring
from gateway.service.config_table import Table
from gateway.service.problems import Key

_PIN: Final = "a BCM number"
_NONE: Final = 'or "none" where it is not wired'
Pin: TypeAlias = Annotated[int, Meta(description=_PIN)]
PinOrNone: TypeAlias = Annotated[int, Meta(description=f"{_PIN}, {_NONE}")] | Literal["none"]
Bus: TypeAlias = (
    Annotated[tuple[int, ...], Meta(description=f"a list of four BCM numbers, {_NONE}")]
    | Literal["none"]
)
_USUAL: Final = wiring.Pins()


class PinTable(Table, frozen=True):
    """line.pins: BCM numbers. The defaults are those of the reference circuit."""

    fr: Pin = _USUAL.fr
    rm: Pin = _USUAL.rm
    shk: Pin = _USUAL.shk
    pd: PinOrNone = _USUAL.pd or "none"
    q: Bus = _USUAL.q
    std: PinOrNone = _USUAL.std or "none"
    est: PinOrNone = _USUAL.est or "none"

    def wiring(self) -> wiring.Pins:
        """As the driver takes them."""
        return wiring.Pins(
            self.fr,
            self.rm,
            self.shk,
            None if self.pd == "none" else self.pd,
            () if self.q == "none" else self.q,
            None if self.std == "none" else self.std,
            None if self.est == "none" else self.est,
        )


class PinBoard:
    """The board of a configuration: one line after the other takes its pins."""

    def __init__(self) -> None:
        self._taken = dict(pins_in_use())

    def take(self, line: str, table: PinTable | None) -> Iterator[tuple[Key, str]]:
        """Key (below the line's) and text of what is wrong."""
        pins = (table or PinTable()).wiring()
        for name, text in wiring.problems(pins, self._taken):
            word, *index = re.findall(r"\w+", name)
            yield ("pins", word, *map(int, index)), text
        self._taken |= {pin: f'line "{line}" ({name})' for name, pin in pins.wired()}
