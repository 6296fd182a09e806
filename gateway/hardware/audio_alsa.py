"""A sound card for one line, over pyalsaaudio: one thread a direction.

The capture thread alone writes the source ring and the playback thread alone reads the sink ring;
everything that commands the engine (start, stop, end) is called on the loop thread. pyalsaaudio
gives the GIL away while it waits for the card, and the card is what paces both threads.

A card that is missing, refused or unplugged is reported once, and tried again ever more slowly
until it works: never a busy loop, never a silent one. Names, not numbers, address a card
(`plughw:CARD=Device`), because the order of cards changes between boots.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from gateway.hardware.audio.capture import Capture
from gateway.hardware.audio.convert import MakeConverter
from gateway.hardware.audio.direction import Direction, World
from gateway.hardware.audio.levels import Levels
from gateway.hardware.audio.playback import Playback
from gateway.hardware.audio.reports import Reports
from gateway.media.port import LineAudio

JOIN_S = 2.0


def library() -> Any:
    """The module alsaaudio."""
    return import_module("alsaaudio")


@dataclass(frozen=True, slots=True)
class Devices:
    """The ALSA devices of a line, and how loud they are wanted."""

    capture: str
    playback: str
    levels: Levels = field(default_factory=Levels)


class AlsaAudio:
    """A card for one line."""

    def __init__(
        self,
        line_audio: LineAudio,
        devices: Devices,
        make_converter: MakeConverter,
        reports: Reports,
        *,
        alsa: Any = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._line_audio = line_audio
        self._halt = threading.Event()
        world = World(
            line_audio,
            alsa or library(),
            make_converter,
            self._halt,
            clock,
            pause or self._halt.wait,
            devices.levels,
            reports,
        )
        self._directions = (Capture(devices.capture, world), Playback(devices.playback, world))
        self._threads: list[threading.Thread] = []

    @property
    def capture(self) -> Direction:
        """The microphone's direction: what it does, and has done."""
        return self._directions[0]

    @property
    def playback(self) -> Direction:
        """The earpiece's direction."""
        return self._directions[1]

    def start(self) -> None:
        """Begin to move sound. A missing card is reported, not raised: it may come yet."""
        self._line_audio.start_sink()
        for direction in self._directions:
            name = f"tipring-{direction.kind}"
            thread = threading.Thread(target=direction.run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End both threads and let the card go; idempotent. A dead card delays it 2 s at most."""
        self._halt.set()
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(JOIN_S)
        if threads:
            self._line_audio.stop_sink()
            self._line_audio.end_source()
