"""The composition root: one gateway made of its parts, and the turn that keeps them together.

Every stimulus (a datagram, a timer, an engine event, a gesture at a phone) ends in `turn`, which
moves events between the cores until none has anything left to say, then sends and re-arms. All of
it runs on the loop thread and never blocks.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from gateway.call.extension import Extension
from gateway.call.switchboard import Switchboard
from gateway.line.events import LineEvent
from gateway.media.engine import Engine, EngineSettings
from gateway.media.events import (
    DigitGuarded,
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
from gateway.service.config import Config
from gateway.service.interpreter_watch import InterpreterWatch
from gateway.service.journal import Journal, Message
from gateway.service.line_factory import LineFactory
from gateway.service.media_binding import Earpiece, EngineVoices, MediaPolicy, call_of
from gateway.service.observer import CallJournal
from gateway.service.public_name import ASK_AGAIN_S, Find, PublicName
from gateway.service.records import RecordStore
from gateway.service.registration_journal import RegistrationJournal
from gateway.service.security_journal import SecurityJournal
from gateway.service.sip_binding import RandomTokens, stack_settings
from gateway.service.sip_events import SipEvents
from gateway.service.subnets import connected_subnets
from gateway.service.tls_binding import tls_contexts
from gateway.service.trunks import StackTrunks
from gateway.sip import Stack

SECURITY_REPORT_S: Final = 60.0
STOP_S: Final = 4.0  # for BYEs to be answered; systemd and the owner are promised five seconds
ACK_S: Final = 2.5  # of these, for an ACK before the BYE leaves without it
RETRY_S: Final = 0.02  # two ticks of the engine: its command ring has room again
_SPARE_STREAMS: Final = 8


class Gateway:
    """A running gateway. Build it inside the loop, `start`, and in the end `stop`.

    `public_host` is what Contact and SDP say (None: the address that a call came to), `find` looks
    it up again.
    """

    def __init__(
        self,
        config: Config,
        public_host: str | None,
        journal: Journal,
        records: RecordStore,
        find: Find | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.config = config
        self.journal = journal
        self.records = records
        self._turning = False
        self._turned = asyncio.Event()
        self.ready = False
        self.engine = Engine(
            EngineSettings(
                streams=len(config.line) + _SPARE_STREAMS,
                lines=len(config.line),
                srtp=config.rtp.srtp != "off",
            )
        )
        self.stack = Stack(stack_settings(config, public_host), RandomTokens())
        self._allow = AllowList(config.sip.allow_from, connected=connected_subnets())
        tls = tls_contexts(config.sip.tls)
        self.pump = Pump(self._loop, self.stack, self._allow.contains, self.turn, tls=tls)
        lines = LineFactory(self.engine, self._loop, self.turn, journal)
        self.units = {line.name: lines.unit(line) for line in config.line}
        self.handsets = {
            name: control
            for name, unit in self.units.items()
            if (control := lines.handset(unit)) is not None
        }
        self.voices = EngineVoices(
            self.engine,
            RtpPorts(*config.rtp.ports, dscp=config.rtp.dscp),
            MediaPolicy(
                self.stack.host_for,
                rtp_sources.allowed(config),
                rtp_sources.takeover(config),
                config.rtp.timeout_s,
                config.rtp.srtp,
            ),
            {name: Earpiece(unit.audio, unit.digits) for name, unit in self.units.items()},
            later=lambda action: self._loop.call_later(RETRY_S, action),
        )
        self.interpreter = InterpreterWatch()
        self.observer = CallJournal(journal, records)
        self.switchboard = Switchboard(
            [
                Extension(line.name, line.users, self.units[line.name].machine, line.account)
                for line in config.line
            ],
            self.voices,
            StackTrunks(self.stack, config.sip.listeners()),
            self.observer,
            names=lambda: secrets.token_hex(4),
            info_digits=config.sip.info_dtmf,
        )
        self.security = SecurityJournal(journal)
        self._events = SipEvents(self.switchboard, RegistrationJournal(journal), self.security)
        self._find = find
        self._asking: asyncio.Task[None] | None = None
        self._exchange_timer = CoreTimer(self._loop, self._exchange_due)

    @property
    def _stun(self) -> Find | None:
        server = self.config.sip.stun
        if server is None:
            return None

        async def find() -> str:
            host, _ = await self.pump.stun(server)
            return host

        return find

    @property
    def now(self) -> float:
        """CLOCK_MONOTONIC in seconds."""
        return self._loop.time()

    @property
    def counters(self) -> Mapping[str, int]:
        """What the stack and the sockets have counted."""
        return {**self.pump.counters, **self.stack.counters}

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
            self.pump.listen(listen.transport, listen.host, listen.port)
            self.journal.write(Message.LISTENING, f"SIP listens on {listen}", peer=str(listen))
        self._loop.call_later(SECURITY_REPORT_S, self._report_security)
        find = self._find or self._stun
        if find is not None:
            watched = PublicName(find, self.stack.settings.public_host)
            self._asking = self._loop.create_task(self._ask_again(watched))
        self.ready = True
        self.stack.start(self.now)
        self.turn(self.now)

    async def stop(self) -> None:
        """End every call and registration, wait a little for the answers, park everything."""
        self.ready = False
        if self._asking is not None:
            self._asking.cancel()
        begun = self._loop.time()
        self.switchboard.shutdown(begun)
        self.stack.unregister(begun)
        self.turn(begun)
        await self._quiet_until(begun + ACK_S)
        self.stack.finish(self._loop.time())
        self.turn(self._loop.time())
        await self._quiet_until(begun + STOP_S)
        self._exchange_timer.arm(None)
        self.interpreter.stop()
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
            self._isolated(self._events.handle, event, now)
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

    def _exchange_due(self, now: float) -> None:
        self._isolated(self.switchboard.handle_deadline, now)
        self.turn(now)

    # --- the engine ----------------------------------------------------------------------------

    def _engine_spoke(self) -> None:
        now = self._loop.time()
        for event in self.engine.read_events():
            self._isolated(self._media, event, now)
        self.turn(now)

    def _name_of(self, line: Line) -> str:
        return next(name for name, unit in self.units.items() if unit.audio is line)

    def _media(self, event: MediaEvent, now: float) -> None:
        match event:
            case StreamRetired(stream):
                self.voices.retired(stream)
            case SourceDrained(line):
                name = self._name_of(line)
                if name in self.handsets:
                    self.handsets[name].sound.source_drained()
            case DigitGuarded(line, digit):
                self.observer.guarded(self._name_of(line), digit)
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
                    self.switchboard.voice_heard(call, now)

    # --- what goes on beside calls -------------------------------------------------------------

    def _report_security(self) -> None:
        self.security.minute(*self.pump.take_strangers())
        self._loop.call_later(SECURITY_REPORT_S, self._report_security)

    async def _ask_again(self, watched: PublicName) -> None:
        """Keep the public address in step with a name, or with what a STUN server sees."""
        told = ""
        while True:
            if await watched.changed():
                self._moved_to(watched.address)
            if watched.trouble and watched.trouble != told:
                self.journal.write(Message.NAME_FAILED, watched.trouble)
            told = watched.trouble
            await asyncio.sleep(ASK_AGAIN_S)

    def _moved_to(self, address: str | None) -> None:
        self.journal.write(Message.ADDRESS_CHANGED, f"others reach us at {address}")
        if self.config.sip.stun is None:  # the stack hears of STUN by itself
            self.stack.settings = replace(self.stack.settings, public_host=address)
            self.stack.addresses_changed(self.now)
            self.turn(self.now)

    def engine_stands_still(self, seconds: float) -> None:
        """The watchdog saw no tick of the engine: say so before systemd restarts us."""
        text = f"the engine thread has stood still for {seconds:.0f} s"
        self.journal.write(Message.HEARTBEAT_LOST, text)
