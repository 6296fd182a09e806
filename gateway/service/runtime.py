"""The composition root: one gateway made of its parts, and the turn that keeps them together.

Every stimulus (a datagram, a timer, an engine event, a gesture at a phone) ends in `turn`, which
moves events between the cores until none has anything left to say, then sends and re-arms. All of
it runs on the loop thread and never blocks.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.call.extension import Extension
from gateway.call.switchboard import Switchboard
from gateway.hardware.registry import create_line
from gateway.line import LineMachine
from gateway.line.events import LineEvent
from gateway.media.engine import Engine, EngineSettings
from gateway.media.events import (
    DigitStarted,
    FirstPacket,
    MediaEvent,
    RtpTimeout,
    SourceDrained,
    StreamRetired,
)
from gateway.media.line import Line
from gateway.net.allowlist import AllowList
from gateway.net.pump import Pump
from gateway.net.rtp_ports import RtpPorts
from gateway.net.timer import CoreTimer
from gateway.service import rtp_sources
from gateway.service.config import Audio, Config
from gateway.service.config import Line as LineConfig
from gateway.service.countries import read_country
from gateway.service.handset_control import HandsetControl
from gateway.service.journal import Journal, Message
from gateway.service.line_binding import LineUnit
from gateway.service.media_binding import EngineVoices, MediaPolicy, call_of
from gateway.service.observer import CallJournal
from gateway.service.records import RecordStore
from gateway.service.sip_binding import RandomTokens, stack_settings
from gateway.service.subnets import connected_subnets
from gateway.sip import (
    Answered,
    AuthFailed,
    Event,
    IncomingCall,
    Malformed,
    MediaChanged,
    Refused,
    SessionEnded,
    SessionOver,
    Stack,
)

if TYPE_CHECKING:
    from gateway.hardware.audio_alsa import AlsaAudio

STRANGER_REPORT_S: Final = 60.0
STOP_S: Final = 4.0  # for BYEs to be answered; systemd and the owner are promised five seconds
ACK_S: Final = 2.5  # of these, for an ACK before the BYE leaves without it
RETRY_S: Final = 0.02  # two ticks of the engine: its command ring has room again
_SPARE_STREAMS: Final = 8


class Gateway:
    """A running gateway. Build it inside the loop, `start`, and in the end `stop`."""

    def __init__(
        self, config: Config, public_host: str | None, journal: Journal, records: RecordStore
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.config = config
        self.journal = journal
        self.records = records
        self._turning = False
        self._turned = asyncio.Event()
        self.ready = False
        self.engine = Engine(
            EngineSettings(streams=len(config.line) + _SPARE_STREAMS, lines=len(config.line))
        )
        self.stack = Stack(stack_settings(config, public_host), RandomTokens())
        self._allow = AllowList(config.sip.allow_from, connected=connected_subnets())
        self.pump = Pump(self._loop, self.stack, self._allow.contains, self.turn)
        self.units: dict[str, LineUnit] = {}
        self.handsets: dict[str, HandsetControl] = {}
        for line in config.line:
            self._add_line(line)
        self.voices = EngineVoices(
            self.engine,
            RtpPorts(*config.rtp.ports, dscp=config.rtp.dscp),
            MediaPolicy(
                self.stack.settings.host_for,
                rtp_sources.allowed(config),
                rtp_sources.takeover(config),
                config.rtp.timeout_s,
            ),
            {name: unit.audio for name, unit in self.units.items()},
            later=lambda action: self._loop.call_later(RETRY_S, action),
        )
        self.observer = CallJournal(journal, records)
        self.switchboard = Switchboard(
            [
                Extension(line.name, line.users, self.units[line.name].machine)
                for line in config.line
            ],
            self.voices,
            self.observer,
            names=lambda: secrets.token_hex(4),
        )
        self._exchange_timer = CoreTimer(self._loop, self._exchange_due)

    # --- start and stop ------------------------------------------------------------------------

    def start(self) -> None:
        """Engine, lines, listeners, in this order: nothing is promised that cannot be kept.

        Raises SystemRefusal or HardwareError.
        """
        self.engine.start()
        self._loop.add_reader(self.engine.event_fd, self._engine_spoke)
        for name, unit in self.units.items():
            unit.start()
            self.journal.write(
                Message.LINE_READY, f"line {name}: ready ({unit.port.driver})", line=name
            )
        for listen in self.config.sip.listeners():
            listener = self.pump.listen(listen.transport, listen.host, listen.port)
            self.journal.write(
                Message.LISTENING, f"SIP listens on udp:{listener.host}:{listener.port}"
            )
        self._loop.call_later(STRANGER_REPORT_S, self._report_strangers)
        self.ready = True
        self.turn(self._loop.time())

    async def stop(self) -> None:
        """End every call with BYE, wait a little for the answers, park everything."""
        self.ready = False
        begun = self._loop.time()
        self.switchboard.shutdown(begun)
        self.turn(begun)
        await self._quiet_until(begun + ACK_S)
        self.stack.finish(self._loop.time())
        self.turn(self._loop.time())
        await self._quiet_until(begun + STOP_S)
        self._exchange_timer.arm(None)
        self.pump.close()
        for unit in self.units.values():
            unit.close()
        self._loop.remove_reader(self.engine.event_fd)
        self.engine.close()

    async def _quiet_until(self, deadline: float) -> None:
        """Until the SIP side has nothing left to wait for, or `deadline`."""
        while self.stack.busy:
            self._turned.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._turned.wait()
            except TimeoutError:
                return

    def _add_line(self, line: LineConfig) -> None:
        audio = self.engine.open_line()
        country = read_country(line.country)
        options = {
            "auto_answer_s": line.auto_answer_s,
            "flash_ms": country.hook.typical_flash_ms,
        }
        port = create_line(line.name, line.driver, options, audio)
        machine = LineMachine(country)
        unit = LineUnit(line.name, port, machine, audio, self._loop, self.turn)
        self.units[line.name] = unit
        if unit.simulated is not None:
            self.handsets[line.name] = HandsetControl(
                unit, unit.simulated.handset, lambda: self.turn(self._loop.time())
            )
        if line.audio is not None:
            unit.give_card(self._sound_card(line.name, audio, line.audio))

    def _sound_card(self, line: str, audio: Line, devices: Audio) -> AlsaAudio:
        from gateway.hardware.audio_alsa import AlsaAudio  # noqa: PLC0415 - seldom a card

        # The journal may be written from any thread: these are called on the audio threads.
        return AlsaAudio(
            audio,
            devices.capture,
            devices.playback,
            lambda text: self.journal.write(Message.LINE_FAULT, f"line {line}: {text}", line=line),
            on_recovered=lambda: self.journal.write(
                Message.LINE_READY, f"line {line}: the sound card works", line=line
            ),
        )

    # --- the turn ------------------------------------------------------------------------------

    def turn(self, now: float) -> None:
        """Move events until every core is quiet, then send and set the timers."""
        if self._turning:
            return  # called from within: the loop below sees what was added
        self._turning = True
        try:
            while self._move_events(now):
                pass
        finally:
            self._turning = False
        self.pump.flush()
        for unit in self.units.values():
            unit.arm()
        self._exchange_timer.arm(self.switchboard.next_deadline())
        self._turned.set()

    def _move_events(self, now: float) -> bool:
        moved = False
        while (event := self.stack.next_event()) is not None:
            self._isolated(self._sip, event, now)
            moved = True
        for name, unit in self.units.items():
            for line_event in unit.events():
                self._isolated(self._line, name, line_event, now)
                moved = True
            moved = unit.carry_out(now) or moved
        return moved

    def _isolated(self, work: Callable[..., None], *arguments: object) -> None:
        """A defect in the handling of one event is told, and does not become another call's."""
        try:
            work(*arguments)
        except Exception as error:
            self.observer.defect(error)

    def _line(self, name: str, event: LineEvent, now: float) -> None:
        self.observer.line(name, event)
        self.switchboard.line_event(name, event, now)

    def _sip(self, event: Event, now: float) -> None:
        match event:
            case IncomingCall(session):
                self.switchboard.incoming(session, now)
            case Answered(session):
                self.switchboard.confirmed(session, now)
            case MediaChanged(session, media):
                self.switchboard.media_changed(session, media, now)
            case SessionEnded(session, cause, status):
                self.switchboard.session_ended(session, cause, status, now)
            case Refused() | AuthFailed() | Malformed():
                self.observer.security(event)
            case SessionOver():
                pass

    def _exchange_due(self, now: float) -> None:
        self.switchboard.handle_deadline(now)
        self.turn(now)

    # --- the engine ----------------------------------------------------------------------------

    def _engine_spoke(self) -> None:
        now = self._loop.time()
        for event in self.engine.read_events():
            self._isolated(self._media, event, now)
        self.turn(now)

    def _media(self, event: MediaEvent, now: float) -> None:
        match event:
            case StreamRetired(stream):
                self.voices.retired(stream)
            case SourceDrained(line):
                for name, unit in self.units.items():
                    if unit.audio is line and name in self.handsets:
                        self.handsets[name].sound.source_drained()
            case DigitStarted(stream, digit):
                call = call_of(self.switchboard.calls, stream)
                if call is not None:
                    self.switchboard.digit_received(call, digit)
            case RtpTimeout(stream):
                call = call_of(self.switchboard.calls, stream)
                if call is not None:
                    self.switchboard.rtp_timeout(call, now)
            case FirstPacket(stream, source):
                call = call_of(self.switchboard.calls, stream)
                if call is not None:
                    self.observer.first_packet(call, source)

    # --- strangers -----------------------------------------------------------------------------

    def _report_strangers(self) -> None:
        self.observer.strangers(*self.pump.take_strangers())
        self._loop.call_later(STRANGER_REPORT_S, self._report_strangers)

    def engine_stands_still(self, seconds: float) -> None:
        """The watchdog saw no tick of the engine: say so before systemd restarts us."""
        text = f"the engine thread has stood still for {seconds:.0f} s"
        self.journal.write(Message.HEARTBEAT_LOST, text)
