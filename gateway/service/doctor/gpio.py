"""Lines on the pins of the board."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.hardware.finding import Finding
from gateway.hardware.gpio_slic.findings import gpio
from gateway.service.config_gpio import PinTable
from gateway.service.doctor.case import Case


def check(case: Case) -> Iterable[Finding]:
    """The pins of a line in service are in use by it, as they should be."""
    wired = {line.name: (line.pins or PinTable()).wiring() for line in case.lines("gpio")}
    running = case.running.values()
    busy = {each.name for each in running if each.driver == "gpio" and each.state != "fault"}
    return gpio(wired, busy, case.gpio)
