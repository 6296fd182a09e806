"""The checks, in the order in which a gateway is built up: what is first wrong explains the rest.

A check is a function from a Case to findings; a new one is a module of its own and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from gateway.hardware.finding import Finding, Level
from gateway.service.doctor import audio, board, configuration, gpio, lines, serial, service
from gateway.service.doctor.case import Case

Check: TypeAlias = Callable[[Case], Iterable[Finding]]

# What a line that cannot start may be explained by.
HARDWARE: Final[Mapping[str, Check]] = {
    "board": board.check,
    "gpio": gpio.check,
    "serial": serial.check,
}
CHECKS: Final[Mapping[str, Check]] = {
    "configuration": configuration.check,
    **HARDWARE,
    "service": service.check,
    "lines": lines.check,
    "audio": audio.check,
}


class Diagnosis(Struct, frozen=True):
    """One finding of one check: `tipring doctor --json` is a list of these."""

    check: str
    level: Level
    subject: str
    text: str
    fix: str


def examine(case: Case, checks: Mapping[str, Check] = CHECKS) -> Iterator[Diagnosis]:
    """Every finding of every check."""
    for name, check in checks.items():
        for found in _found(check, case):
            yield Diagnosis(name, found.level, found.subject, found.text, found.fix)


def _found(check: Check, case: Case) -> Iterator[Finding]:
    """A check that fails itself is told, and keeps none of the others from being made."""
    try:
        yield from check(case)
    except Exception as error:
        text = f"this check failed: {type(error).__name__}: {error}"
        yield Finding("warning", "doctor", text, "please report it: it is a defect of tipring")
