"""The one place that knows which drivers there are.

A driver is imported when a line asks for it, and never in place of another: a line whose driver
cannot run is an error that the owner sees, not a line that quietly does something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from gateway.errors import HardwareError
from gateway.line.port import LinePort, Wake
from gateway.media.port import EngineLine

# Driver to the module that has `create(name, options, audio, wake) -> LinePort`.
DRIVERS: Final[Mapping[str, str]] = {
    "gpio": "gateway.hardware.gpio_slic.driver",
    "serial": "gateway.hardware.serial_card.driver",
    "simulated": "gateway.hardware.simulated.driver",
}


def create_line(
    name: str, driver: str, options: Mapping[str, Any], audio: EngineLine, wake: Wake
) -> LinePort:
    """Make the port of line `name`; it touches no hardware before its `start`.

    `options` are the driver's own; None means not set. `wake` is for a driver with threads.
    Raises HardwareError for a driver that is unknown, ConfigError for an option that the driver
    does not have.
    """
    if driver not in DRIVERS:
        known = ", ".join(DRIVERS)
        raise HardwareError(f"line {name}: there is no driver {driver!r}; there are {known}")
    given = {key: value for key, value in options.items() if value is not None}
    return cast(LinePort, import_module(DRIVERS[driver]).create(name, given, audio, wake))
