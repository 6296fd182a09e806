"""Makes the lines of the configuration: driver, machine, engine line, sound card, handset."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.hardware.audio.reports import Reports
from gateway.hardware.audio_alsa import AlsaAudio
from gateway.hardware.registry import create_line
from gateway.line import NO_CALLER_ID, CallerIdScheme, Country, LineMachine, LocalTime
from gateway.media.engine import Engine
from gateway.media.line import Line
from gateway.media.resample import Resampler
from gateway.service import config
from gateway.service.countries import read_country
from gateway.service.handset_control import HandsetControl
from gateway.service.journal import Journal, Message
from gateway.service.line_binding import LineUnit

# What each driver is told, from the configuration and the country.
_OPTIONS: Final[Mapping[str, Callable[[config.Line, Country], dict[str, Any]]]] = {
    "gpio": lambda line, country: {
        "pins": None if line.pins is None else line.pins.wiring(),
        "fr_rest": None if line.fr_rest is None else line.fr_rest == "high",
        "ring_hz": line.ring_hz or country.ring_hz,
    },
    "serial": lambda line, country: {
        "serial": line.serial,
        "ring_hz": line.ring_hz or country.ring_hz,
    },
    "simulated": lambda line, country: {
        "auto_answer_s": line.auto_answer_s,
        "flash_ms": country.hook.typical_flash_ms,
    },
}


def _machine(line: config.Line, country: Country) -> LineMachine:
    return LineMachine(
        country,
        calendar=_wall_clock,
        display=_display(line, country),
        disconnect_ms=line.disconnect_ms,
    )


def _display(line: config.Line, country: Country) -> CallerIdScheme:
    if line.display == "off":
        return NO_CALLER_ID
    return country.caller_id if line.display is None else read_country(line.display).caller_id


def _wall_clock() -> LocalTime:
    now = time.localtime()
    return LocalTime(now.tm_mon, now.tm_mday, now.tm_hour, now.tm_min)


class LineFactory:
    """`turn(now)` is called whenever a line may have something to say."""

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        turn: Callable[[float], None],
        journal: Journal,
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._turn = turn
        self._journal = journal

    def unit(self, line: config.Line) -> LineUnit:
        """The line, not yet started. Raises HardwareError or ConfigError."""
        audio = self._engine.open_line(line.lookahead_ms)
        country = read_country(line.country)
        options = _OPTIONS[line.driver](line, country)

        def wake() -> None:
            self._loop.call_soon_threadsafe(unit.look)

        port = create_line(line.name, line.driver, options, audio, wake)
        unit = LineUnit(line.name, port, _machine(line, country), audio, self._loop, self._turn)
        if line.audio is not None:
            unit.give_card(self._sound_card(line.name, audio, line.audio))
        return unit

    def handset(self, unit: LineUnit) -> HandsetControl | None:
        """What drives the handset, where it is a simulated one."""
        if unit.simulated is None:
            return None
        return HandsetControl(unit, unit.simulated.handset, lambda: self._turn(self._loop.time()))

    def _sound_card(self, line: str, audio: Line, devices: config.Audio) -> AlsaAudio:
        def to_journal(message: Message) -> Callable[[str], None]:
            # The journal may be written from any thread: these are called on the audio threads.
            return lambda text: self._journal.write(message, f"line {line}: {text}", line=line)

        reports = Reports(
            to_journal(Message.SOUND_LOST),
            to_journal(Message.SOUND_WORKS),
            to_journal(Message.SOUND_WARNING),
        )
        return AlsaAudio(audio, devices.cards(), Resampler, reports)
