"""One telephone line put together: driver, line machine, the engine's microphone and earpiece."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.errors import ExhaustedError
from gateway.hardware.simulated import SimulatedLine
from gateway.line import LineMachine
from gateway.line.effects import (
    Disconnect,
    Effect,
    PlayTone,
    Reverse,
    SendData,
    StartRing,
    StopRing,
    StopTone,
)
from gateway.line.events import LineEvent, LineFault, LineReady, PortEvent
from gateway.line.port import LinePort
from gateway.line.tones import Tone
from gateway.media.line import DataSpec, Line, ToneSegmentSpec, ToneSpec
from gateway.net.timer import CoreTimer
from gateway.service.digit_tones import DigitTones

if TYPE_CHECKING:
    from gateway.hardware.audio_alsa import AlsaAudio


_RETRY_S: Final = 0.02  # two ticks of the engine
_FAREWELLS: Final = ("busy", "congestion", "howler")  # what is heard when a call is over


class LineUnit:
    """Runs one line on the loop. `report(name, event, now)` gets what the machine decided."""

    def __init__(
        self,
        name: str,
        port: LinePort,
        machine: LineMachine,
        audio: Line,
        loop: asyncio.AbstractEventLoop,
        turn: Callable[[float], None],
    ) -> None:
        self.name = name
        self.port = port
        self.machine = machine
        self.audio = audio
        self.card: AlsaAudio | None = None
        self.fault = ""  # why the line is out of service
        self._commands: deque[Callable[[], None]] = deque()
        self._loop = loop
        self._turn = turn
        self._timer = CoreTimer(loop, self._due)
        tones = machine.country.tones
        self._farewells = [tones[name] for name in _FAREWELLS if name in tones]
        self.digits = DigitTones(machine.country.dtmf, self.play, loop.call_later)

    def give_card(self, card: AlsaAudio) -> None:
        """The handset is the computer's own sound card; before `start`."""
        self.card = card

    def start(self) -> None:
        """Take the hardware. Raises HardwareError."""
        self.port.start(self._heard, self._loop.time())
        if self.card is not None:
            self.card.start()
        self.arm()

    def close(self) -> None:
        """Park the hardware."""
        self._timer.arm(None)
        if self.card is not None:
            self.card.stop()
        self.port.close(self._loop.time())

    def look(self) -> None:
        """The driver has something to say."""
        self._due(self._loop.time())

    @property
    def simulated(self) -> SimulatedLine | None:
        """The driver, when it is the simulated one."""
        return self.port if isinstance(self.port, SimulatedLine) else None

    def events(self) -> list[LineEvent]:
        """What the machine has decided since the last time."""
        found = []
        while (event := self.machine.next_event()) is not None:
            found.append(event)
            match event:
                case LineFault(text):
                    self.fault = text
                case LineReady():
                    self.fault = ""
        return found

    def carry_out(self, now: float) -> bool:
        """Do what the machine asked for; says whether there was anything."""
        effects = self.machine.effects()
        for effect in effects:
            self._do(effect, now)
        return bool(effects)

    def arm(self) -> None:
        """Set the timer to the earliest deadline of driver and machine."""
        times = (self.port.next_deadline(), self.machine.next_deadline())
        self._timer.arm(min((t for t in times if t is not None), default=None))

    def _due(self, now: float) -> None:
        # The driver first: its planned edges are older than any decision that waits for silence.
        self.port.handle_deadline(now)
        self.machine.handle_deadline(now)
        self._turn(now)

    def _heard(self, event: PortEvent) -> None:
        self.machine.receive(event, self._loop.time())

    def _do(self, effect: Effect, now: float) -> None:
        match effect:
            case StartRing(cadence):
                self.port.ring(cadence, now)
            case StopRing():
                self.port.stop_ringing(now)
            case PlayTone(tone):
                self._command(lambda: self.audio.play_tone(engine_tone(tone)))
                if self.simulated is not None and tone in self._farewells:
                    self.simulated.hear_the_end(now)
            case StopTone():
                self._command(self.audio.stop_tone)
            case SendData():
                self._command(lambda: self.audio.send_data(engine_data(effect)))
            case Reverse(on):
                self.port.reverse(on, now)
            case Disconnect(ms):
                self.port.disconnect(ms, now)

    def play(self, tone: ToneSpec) -> None:
        """A tone that is no country's, as a digit."""
        self._command(lambda: self.audio.play_tone(tone))

    def _command(self, action: Callable[[], None]) -> None:
        """Tell the engine, in order; where its command ring is full, a little later."""
        self._commands.append(action)
        if len(self._commands) == 1:
            self._send_commands()

    def _send_commands(self) -> None:
        while self._commands:
            try:
                self._commands[0]()
            except ExhaustedError:
                self._loop.call_later(_RETRY_S, self._send_commands)
                return
            self._commands.popleft()


def engine_tone(tone: Tone) -> ToneSpec:
    """A country's tone in the engine's terms."""
    return ToneSpec(
        segments=tuple(
            ToneSegmentSpec(
                frequencies=segment.frequencies,
                modulated_by=segment.modulated_by,
                level_dbm=segment.level_dbm,
                on_ms=segment.on_ms,
                off_ms=segment.off_ms,
            )
            for segment in tone.segments
        ),
        repeat_from=tone.repeat_from,
    )


def engine_data(data: SendData) -> DataSpec:
    """A message for a display in the engine's terms."""
    return DataSpec(
        data.modulation, data.message, data.seizure_bits, data.mark_bits, data.level_dbm
    )
