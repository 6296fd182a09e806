"""How one line is wired, also as a line of words: for its process and for whoever parks it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from gateway.hardware.gpio_slic.pins import Pins


@dataclass(frozen=True, slots=True)
class Wiring:
    """`fr_rest`: the level at which F/R rests (the KS0835F's is said to be low)."""

    pins: Pins = field(default_factory=Pins)
    fr_rest: bool = True

    def __str__(self) -> str:
        """fr=13 rm=24 ... q=22,23,26,27 est= rest=1"""
        words = [f"{f.name}={_text(getattr(self.pins, f.name))}" for f in fields(self.pins)]
        return " ".join([*words, f"rest={int(self.fr_rest)}"])

    @staticmethod
    def from_text(text: str) -> Wiring:
        """ValueError for what `str` does not write."""
        values: dict[str, Any] = dict(word.split("=") for word in text.split())
        rest = values.pop("rest", "") == "1"
        if values.keys() != {each.name for each in fields(Pins)}:
            raise ValueError(f"{text!r} is no wiring")
        for name, value in values.items():
            numbers = tuple(int(part) for part in value.split(",") if part)
            values[name] = numbers if name == "q" else (numbers[0] if numbers else None)
        return Wiring(Pins(**values), rest)


def _text(value: int | tuple[int, ...] | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else ",".join(map(str, value))
