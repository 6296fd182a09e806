"""Which pin is wired to what, and what is wrong with a wiring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from gateway.errors import ConfigError

LAST_PIN: Final = 27
ALLOWED: Final = f"BCM numbers from 2 to {LAST_PIN}"
EEPROM: Final = {0: "the board's EEPROM bus", 1: "the board's EEPROM bus"}


@dataclass(frozen=True, slots=True)
class Pins:
    """BCM numbers. None: not wired. Without StD and Q there is no decoder."""

    fr: int = 13
    rm: int = 24
    shk: int = 25
    pd: int | None = 5
    q: tuple[int, ...] = (22, 23, 26, 27)
    std: int | None = 17
    est: int | None = 16

    def wired(self) -> Iterator[tuple[str, int]]:
        """Each pin with its key: fr, rm, ..., q[0]."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                yield from ((f"{field.name}[{n}]", pin) for n, pin in enumerate(value))
            elif value is not None:
                yield field.name, value


def problems(pins: Pins, taken: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """Key and text of everything that is wrong. `taken`: pins in other use, and which."""
    if (pins.std is None) != (not pins.q):
        yield "std", "a decoder is wired with std and q, or with neither"
    if pins.q and len(pins.q) != 4:
        yield "q", f"these are {len(pins.q)} pins; allowed are four, Q1 (the lowest bit) first"
    in_use = {**EEPROM, **taken}
    free = [pin for pin in range(2, LAST_PIN + 1) if pin not in in_use]
    seen: dict[int, str] = {}
    for key, pin in pins.wired():
        other = seen.setdefault(pin, key)
        spare = [each for each in free if each not in dict(pins.wired()).values()]
        if not 0 <= pin <= LAST_PIN:
            yield key, f"there is no pin BCM {pin}; allowed are {ALLOWED}"
        elif pin in in_use:
            yield key, f"pin BCM {pin} belongs to {in_use[pin]}; free are {_listed(spare)}"
        elif other != key:
            yield key, f"pin BCM {pin} is {other} already; free are {_listed(spare)}"


def check_pins(pins: Pins, taken: Mapping[int, str], line: str) -> None:
    """ConfigError with every problem of the wiring."""
    found = [f"line {line}: pins.{key}: {text}" for key, text in problems(pins, taken)]
    if found:
        raise ConfigError("\n".join(found))


def _listed(pins: list[int]) -> str:
    return ", ".join(map(str, pins))
