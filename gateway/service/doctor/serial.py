"""Serial line cards."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.hardware.finding import Finding
from gateway.hardware.serial_card.findings import serial
from gateway.service.doctor.case import Case


def check(case: Case) -> Iterable[Finding]:
    """The port of a running service is left alone, also while it tries to open it."""
    devices = {line.name: line.serial or "" for line in case.lines("serial")}
    busy = {each.name for each in case.running.values() if each.driver == "serial"}
    return serial(devices, busy, case.serial)
