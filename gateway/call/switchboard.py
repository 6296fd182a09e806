"""The switchboard: which phone rings for whom, and what happens when someone lifts or hangs up.

Sans-IO. SIP events, line events and media events come in with `now`; everything it does goes out
through the protocols of `ports`. Every path out of a call passes `_end`, so that the bell, the
voice, the far end and the record are always dealt with together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from gateway.call import cause
from gateway.call.call import Call, CallState, Step
from gateway.call.cause import Cause
from gateway.call.extension import Extension, Idle
from gateway.call.ports import Caller, Observer, Voices
from gateway.deadlines import Deadlines
from gateway.errors import ExhaustedError, LocalProtocolError, SystemRefusal
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
from gateway.sip import EndCause, NegotiatedMedia, NotAcceptable

# twilio.md 1: a provisional answer other than 100 within a second, so the bell has to start sooner.
BELL_TIMEOUT_S: Final = 0.9
PULSE_DIGIT_MS: Final = 100

_END_CAUSES: Final[dict[EndCause, Cause]] = {
    EndCause.REMOTE_BYE: cause.COMPLETED_REMOTE,
    EndCause.CANCELLED: cause.CANCELLED,
    EndCause.ACK_TIMEOUT: cause.ACK_TIMEOUT,
    EndCause.TRANSPORT: cause.TRANSPORT,
    EndCause.NEGOTIATION: cause.NO_COMMON_CODEC,
}


class Switchboard:
    """Calls and extensions, and the rules between them.

    `names` makes the name of each new call; `observer` hears what the journal shall tell.
    """

    def __init__(
        self,
        extensions: Iterable[Extension],
        voices: Voices,
        observer: Observer,
        names: Callable[[], str],
    ) -> None:
        self._extensions = {extension.name: extension for extension in extensions}
        self._voices = voices
        self._observer = observer
        self._names = names
        self._by_line: dict[str, Call] = {}
        self._by_caller: dict[Caller, Call] = {}
        self._deadlines: Deadlines[Call] = Deadlines()
        self._closed = False

    @property
    def calls(self) -> list[Call]:
        """The calls that are up, oldest first."""
        return list(self._by_caller.values())

    # --- the SIP side --------------------------------------------------------------------------

    def incoming(self, caller: Caller, now: float) -> None:
        """A new INVITE: find the phone, settle the media, ask the bell to ring."""
        extension = self._find(caller.requested_user)
        call = Call(self._names(), extension.name if extension else "", caller, now)
        caller.describe(line=call.line, call=call.name)
        self._by_caller[caller] = call
        self._observer.offered(call)
        refusal = self._obstacle(extension) or self._settle_media(call, now)
        if refusal is not None or extension is None:
            self._end(call, refusal or cause.UNKNOWN_USER, now)
            return
        self._by_line[call.line] = call
        self._deadlines.set(call, now + BELL_TIMEOUT_S)
        if not extension.phone.ring(now):
            self._end(call, cause.BUSY, now)

    def _find(self, user: str) -> Extension | None:
        return next((e for e in self._extensions.values() if e.answers_to(user)), None)

    def _obstacle(self, extension: Extension | None) -> Cause | None:
        if self._closed:
            return cause.SHUTDOWN
        if extension is None:
            return cause.UNKNOWN_USER
        if extension.phone.state == "fault":
            return cause.LINE_FAULT
        if extension.phone.state != "idle" or extension.name in self._by_line:
            return cause.BUSY
        return None

    def _settle_media(self, call: Call, now: float) -> Cause | None:
        try:
            call.voice = self._voices.reserve(call.line, call.caller)
            call.caller.prepare(call.voice.local, now)
        except NotAcceptable as error:
            call.warning = error.warning
            return cause.NO_COMMON_CODEC
        except (ExhaustedError, SystemRefusal):
            return cause.NO_MEDIA
        return None

    def confirmed(self, caller: Caller, now: float) -> None:
        """The ACK came. With a delayed offer only now is it known where to send."""
        call = self._by_caller.get(caller)
        if call is not None and call.state is CallState.TALKING:
            self._apply_media(call, caller.media, now)

    def media_changed(self, caller: Caller, media: NegotiatedMedia, now: float) -> None:
        """A re-INVITE was agreed: hold, resume, another address or codec."""
        call = self._by_caller.get(caller)
        if call is None or call.state is not CallState.TALKING:
            return
        self._apply_media(call, media, now)
        if media.held != call.on_hold:
            call.on_hold = media.held
            self._observer.held(call, media.held)

    def session_ended(self, caller: Caller, why: EndCause, status: int | None, now: float) -> None:
        """The far end (or the network) ended it."""
        call = self._by_caller.get(caller)
        if call is not None:
            call.sip_status = status
            self._end(call, _END_CAUSES.get(why, cause.TRANSPORT), now, told=True)

    # --- the line side -------------------------------------------------------------------------

    def line_event(self, line: str, event: LineEvent, now: float) -> None:
        """Something happened at a phone."""
        extension = self._extensions[line]
        call = self._by_line.get(line)
        match event:
            case Ringing():
                self._bell_rings(call, now)
            case OffHook():
                self._lifted(extension, call, now)
            case OnHook():
                extension.rest(now)
                if call is not None:
                    self._end(call, cause.COMPLETED_LOCAL, now)
            case DigitStarted() | DigitEnded() | PulseDigit():
                self._digit(extension, call, event, now)
            case LineFault():
                if call is not None:
                    self._end(call, cause.LINE_FAULT, now)
            case LineReady() | HookFlash():
                pass  # a flash means something once calls can wait or be transferred

    def _bell_rings(self, call: Call | None, now: float) -> None:
        if call is not None and call.allows(Step.BELL):
            self._deadlines.cancel(call)
            call.take(Step.BELL, now)
            call.caller.ring(now)
            self._observer.ringing(call)

    def _lifted(self, extension: Extension, call: Call | None, now: float) -> None:
        if call is None:
            extension.offer_dial_tone(now)
        elif call.allows(Step.LIFT):
            self._deadlines.cancel(call)
            extension.rest(now)
            call.take(Step.LIFT, now)
            call.caller.answer(now)
            self._observer.answered(call)
            self._apply_media(call, call.caller.media, now)

    def _digit(
        self,
        extension: Extension,
        call: Call | None,
        event: DigitStarted | DigitEnded | PulseDigit,
        now: float,
    ) -> None:
        if call is None:
            # No account can place a call in this version: say so at the first digit.
            if extension.idle is Idle.DIAL_TONE:
                extension.refuse("congestion", now)
        elif call.state is CallState.TALKING and call.voice is not None:
            self._send_digit(call, event)

    def _send_digit(self, call: Call, event: DigitStarted | DigitEnded | PulseDigit) -> None:
        assert call.voice is not None
        try:
            match event:
                case DigitStarted(digit):
                    call.voice.digit_start(digit)
                case DigitEnded():
                    call.voice.digit_end()
                    return
                case PulseDigit(digit):
                    call.voice.send_digit(digit, PULSE_DIGIT_MS)
        except ExhaustedError as error:
            self._observer.trouble(call, f"digit not sent: {error}")
            return
        call.digits_sent.append(digit)
        self._observer.digit(call, digit, sent=True)

    # --- the media side ------------------------------------------------------------------------

    def digit_received(self, call: Call, digit: str) -> None:
        """The far end pressed a key; the engine plays it to the phone."""
        call.digits_received.append(digit)
        self._observer.digit(call, digit, sent=False)

    def rtp_timeout(self, call: Call, now: float) -> None:
        """Nothing came for `rtp.timeout_s` while we should be receiving."""
        if call.state is CallState.TALKING:
            self._end(call, cause.RTP_TIMEOUT, now)

    def _apply_media(self, call: Call, media: NegotiatedMedia | None, now: float) -> None:
        if media is None or call.voice is None:
            return  # delayed offer: the ACK brings the answer
        try:
            call.voice.apply(media)
        except (ExhaustedError, LocalProtocolError) as error:
            self._observer.trouble(call, f"the voice engine refused: {error}")
            self._end(call, cause.MEDIA_FAILURE, now)

    # --- time, and the end ---------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """The earliest time-out of any call or phone."""
        times = [self._deadlines.next(), *(e.next_deadline() for e in self._extensions.values())]
        return min((t for t in times if t is not None), default=None)

    def handle_deadline(self, now: float) -> None:
        """Do what is due."""
        for call in self._deadlines.pop_due(now):
            self._end(call, cause.NO_RING, now)
        for extension in self._extensions.values():
            extension.handle_deadline(now)

    def shutdown(self, now: float) -> None:
        """End every call, a BYE where talking, a final answer where ringing; take no more."""
        self._closed = True
        for call in self.calls:
            self._end(call, cause.SHUTDOWN, now)

    def _end(self, call: Call, why: Cause, now: float, *, told: bool = False) -> None:
        """End `call` on all its sides. `told`: the far end knows, its session is over already."""
        if not call.allows(Step.END):
            return
        was = call.state
        call.take(Step.END, now)
        call.cause = why
        self._deadlines.cancel(call)
        del self._by_caller[call.caller]
        if not told:
            self._tell_far_end(call, was, why, now)
        if call.voice is not None:
            call.voice.stop()
        if self._by_line.get(call.line) is call:
            del self._by_line[call.line]
            self._free_phone(self._extensions[call.line], was, why, now)
        self._observer.ended(call)

    def _tell_far_end(self, call: Call, was: CallState, why: Cause, now: float) -> None:
        call.caller.describe(reason=why.reason)
        if was is CallState.TALKING:
            call.caller.hang_up(now, reason=why.reason)
        else:
            call.sip_status = why.status or 480
            call.caller.reject(call.sip_status, now, reason=why.reason, warning=call.warning)

    def _free_phone(self, extension: Extension, was: CallState, why: Cause, now: float) -> None:
        if was is not CallState.TALKING:
            extension.phone.stop_ringing(now)
        elif extension.phone.state == "off-hook" and why.tone is not None:
            extension.refuse(why.tone, now)
