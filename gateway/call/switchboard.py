"""The switchboard: which phone rings for whom, and what happens when someone lifts or hangs up.

Sans-IO. SIP events, line events and media events come in with `now`; everything it does goes out
through the protocols of `ports`. What is particular to calls in, calls out and transfers has files
of its own; here is what they have in common, and who hears of what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.call import cause
from gateway.call.call import Call, CallState
from gateway.call.calls import Calls
from gateway.call.cause import Cause
from gateway.call.commands import Commands
from gateway.call.digits import DigitEvent, DigitSender
from gateway.call.extension import Extension, Idle
from gateway.call.incoming import Incoming
from gateway.call.outgoing import Outgoing
from gateway.call.ports import Caller, Observer, TransferRequest, Trunks, Voices
from gateway.call.transfer import Transfers
from gateway.line.events import (
    DigitEnded,
    DigitStarted,
    HookFlash,
    LineEvent,
    LineFault,
    LineReady,
    OffHook,
    OnHook,
    PulseDigit,
    Ringing,
)
from gateway.sip import EndCause, NegotiatedMedia


class Switchboard:
    """Calls and extensions, and the rules between them.

    `names` makes the name of each new call; `observer` hears what the journal shall tell;
    `info_digits` sends digits by INFO to peers that take no telephone-event.
    """

    def __init__(
        self,
        extensions: Iterable[Extension],
        voices: Voices,
        trunks: Trunks,
        observer: Observer,
        names: Callable[[], str],
        *,
        info_digits: bool = False,
    ) -> None:
        self._extensions = {extension.name: extension for extension in extensions}
        self._observer = observer
        self._calls = Calls(self._extensions, observer)
        self._incoming = Incoming(self._calls, self._extensions, voices, observer, names)
        self._outgoing = Outgoing(self._calls, self._extensions, trunks, voices, observer, names)
        self._transfers = Transfers(self._calls, self._extensions, self._outgoing, observer)
        self._digits = DigitSender(observer, info=info_digits)
        self.commands = Commands(self._calls, self._extensions, self._outgoing, observer)

    @property
    def calls(self) -> list[Call]:
        """The calls that are up, oldest first."""
        return list(self._calls)

    # --- the SIP side --------------------------------------------------------------------------

    def incoming(self, caller: Caller, now: float) -> None:
        """A new INVITE."""
        self._incoming.offer(caller, now)

    def progress(self, session: object, status: int, now: float) -> None:
        """A call of ours got a provisional answer."""
        call = self._calls.of(session)
        if call is not None:
            self._transfers.progress(call, status, now)
            self._outgoing.progress(call, status, now)

    def answered(self, session: object, now: float) -> None:
        """A call of ours was answered; or the ACK to our answer came, and with a delayed offer
        only now is it known where to send."""
        call = self._calls.of(session)
        if call is None:
            return
        if call.caller is None:
            self._transfers.answered(call, now)
            self._outgoing.answered(call, now)
        elif call.state is CallState.TALKING:
            self._calls.apply(call, call.session.media, now)

    def media_changed(self, session: object, media: NegotiatedMedia, now: float) -> None:
        """A re-INVITE was agreed: hold, resume, another address or codec."""
        call = self._calls.of(session)
        if call is None or call.state is not CallState.TALKING:
            return
        before = (call.held_by_us, call.held_by_peer)
        call.held_by_us, call.held_by_peer = media.holding, media.held
        self._calls.apply(call, media, now)
        if call.held_by_us != before[0]:
            self._observer.held(call, call.held_by_us, by_us=True)
        if call.held_by_peer != before[1]:
            self._observer.held(call, call.held_by_peer, by_us=False)

    def offer_refused(self, session: object, status: int | None) -> None:
        """The far end did not take our hold or resume."""
        call = self._calls.of(session)
        if call is None:
            return
        asked = "resumed" if call.held_by_us else "put on hold"
        why = "the network is in the way" if status is None else f"it says {status}"
        self._observer.trouble(call, f"the far end was not {asked}: {why}")

    def session_ended(self, session: object, why: EndCause, status: int | None, now: float) -> None:
        """The far end (or the network) ended it."""
        call = self._calls.of(session)
        if call is None:
            return
        call.sip_status = status
        reason = cause.of_end(why, status)
        if reason is cause.COMPLETED_REMOTE and (
            call.leaving or self._calls.at(call.line) is not call
        ):
            reason = cause.TRANSFERRED  # gone elsewhere, or it has lost the phone to another call
        self._calls.end(call, reason, now, told=True)

    def transfer_requested(self, session: object, request: TransferRequest, now: float) -> None:
        """The far end sends us to somebody else (REFER)."""
        self._transfers.requested(session, request, now)

    def transfer_progress(self, session: object, status: int, done: bool) -> None:
        """How a transfer fares that we asked the far end for."""
        call = self._calls.of(session)
        if call is not None:
            self.commands.transfer_progress(call, status, done)

    # --- the line side -------------------------------------------------------------------------

    def line_event(self, line: str, event: LineEvent, now: float) -> None:
        """Something happened at a phone."""
        extension = self._extensions[line]
        call = self._calls.at(line)
        match event:
            case Ringing():
                if call is not None:
                    self._incoming.bell_rings(call, now)
            case OffHook():
                if call is None:
                    extension.offer_dial_tone(now)
                else:
                    self._incoming.lifted(call, now)
            case OnHook():
                extension.rest(now)
                self._end_all(line, None, now)
            case DigitStarted() | DigitEnded() | PulseDigit():
                self._digit(extension, call, event, now)
            case HookFlash():
                if call is not None:
                    self._digits.flash(call, now)
            case LineFault():
                self._end_all(line, cause.LINE_FAULT, now)
            case LineReady():
                pass

    def _end_all(self, line: str, why: Cause | None, now: float) -> None:
        """The phone is gone: every call of its line ends, the newest first."""
        for call in reversed([each for each in self._calls if each.line == line]):
            answered = call.state is CallState.TALKING
            self._calls.end(
                call, why or (cause.COMPLETED_LOCAL if answered else cause.ABANDONED), now
            )

    def _digit(
        self, extension: Extension, call: Call | None, event: DigitEvent, now: float
    ) -> None:
        if call is not None:
            self._digits.digit(call, event, now)
            return
        if extension.idle is Idle.DIAL_TONE:
            obstacle = self._outgoing.obstacle(extension)
            if obstacle is not None:  # say so at the first digit
                self._outgoing.refuse(extension, "", obstacle, now)
                return
        number = extension.digit(event, now)
        if number is not None:
            self._outgoing.dial(extension, number, now)

    def messages_waiting(self, account: str, waiting: bool, now: float) -> None:
        """A mailbox has messages, or none any more: the phones of that account tell it."""
        for extension in self._extensions.values():
            if extension.account == account:
                extension.messages = waiting
                extension.phone.show_messages(waiting, now)

    # --- the media side ------------------------------------------------------------------------

    def digit_received(self, call: Call, digit: str) -> None:
        """The far end pressed a key; the engine plays it to the phone."""
        call.digits_received.append(digit)
        self._observer.digit(call, digit, sent=False)

    def info_digit(self, session: object, digit: str, duration_ms: int) -> None:
        """The far end pressed a key and said so by INFO."""
        call = self._calls.of(session)
        if call is not None:
            self.digit_received(call, digit)
            if call.voice is not None:
                call.voice.play_digit(digit, duration_ms)

    def flash_received(self, session: object) -> None:
        """The far end flashed its hook; nothing here has a use for it."""
        call = self._calls.of(session)
        if call is not None:
            self._observer.flash(call, sent=False)

    def voice_heard(self, call: Call, now: float) -> None:
        """The first voice of the far end came."""
        self._outgoing.heard(call, now)

    def rtp_timeout(self, call: Call, now: float) -> None:
        """Nothing came for `rtp.timeout_s` while we should be receiving."""
        if call.state is CallState.TALKING:
            self._calls.end(call, cause.RTP_TIMEOUT, now)

    # --- time, and the end ---------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """The earliest time-out of any call or phone."""
        times = [
            self._calls.next_deadline(),
            *(e.next_deadline() for e in self._extensions.values()),
        ]
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Do what is due."""
        self._calls.handle_deadline(now)
        for extension in self._extensions.values():
            number = extension.handle_deadline(now)
            if number is not None:
                self._outgoing.dial(extension, number, now)

    def shutdown(self, now: float) -> None:
        """End every call, a BYE where talking, a final answer where ringing; take no more."""
        self._incoming.close()
        self._outgoing.close()
        for call in self._calls:
            self._calls.end(call, cause.SHUTDOWN, now)
