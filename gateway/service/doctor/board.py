"""Which board it is, and its supply."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.hardware.board.findings import board
from gateway.hardware.finding import Finding
from gateway.service.doctor.case import Case


def check(case: Case) -> Iterable[Finding]:
    """Of any machine, whatever its lines."""
    return board(case.root)
