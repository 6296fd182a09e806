"""What the doctor is told beforehand: configuration, machine, and the word of a running service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.hardware import audio_alsa
from gateway.hardware.gpio_slic import findings as gpio
from gateway.hardware.serial_card import findings as serial
from gateway.service import commands
from gateway.service.config import Line
from gateway.service.config_file import Reading
from gateway.service.control_client import CommandFailed, ControlClient, NoAnswer, NoService
from gateway.service.doctor.silence import why_silent

RESTART: Final = "`sudo systemctl restart tipring`"


@dataclass(frozen=True, slots=True)
class Silence:
    """No service answers: how that is seen, and what to do. `hangs`: one is there all the same."""

    text: str
    fix: str
    hangs: bool = False


def ask_service(socket: Path, why: Callable[[], str] = why_silent) -> commands.Status | Silence:
    """Its status, or why there is none."""
    try:
        with ControlClient(socket) as client:
            return client.ask("status", commands.Status)
    except NoAnswer as error:
        return Silence(str(error), RESTART, hangs=True)
    except NoService as error:
        text, _, fix = str(error).partition("; ")
        known = why()
        return Silence(f"{text} ({known})" if known else text, fix or RESTART)
    except (CommandFailed, msgspec.DecodeError) as error:
        text = f"it answers what this version does not understand: {error}"
        return Silence(text, RESTART, hangs=True)


@dataclass(frozen=True, slots=True)
class Case:
    """`service` is its status. What touches hardware is in the hosts, for tests to replace."""

    file: Path
    reading: Reading
    service: commands.Status | Silence
    root: Path = Path("/")
    gpio: gpio.Host = field(default_factory=gpio.Host)
    serial: serial.Host = field(default_factory=serial.Host)
    alsa: Callable[[], Any] = audio_alsa.library

    def lines(self, driver: str) -> list[Line]:
        """Those of the configuration that can be used, by their driver."""
        config = self.reading.config
        return [] if config is None else [line for line in config.line if line.driver == driver]

    @property
    def running(self) -> dict[str, commands.LineStatus]:
        """The lines of a running service, by name."""
        if isinstance(self.service, Silence):
            return {}
        return {line.name: line for line in self.service.lines}
