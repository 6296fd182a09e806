"""What is pressed at a phone in a call, on its way to the far end: by RTP, in band, or by INFO."""

from __future__ import annotations

from typing import Final

from gateway.call.call import Call, CallState
from gateway.call.ports import Observer, Voice
from gateway.errors import ExhaustedError, LocalProtocolError
from gateway.line.events import DigitEnded, DigitStarted, PulseDigit

PULSE_DIGIT_MS: Final = 100
_SHORTEST_MS: Final = 50

DigitEvent = DigitStarted | DigitEnded | PulseDigit


class DigitSender:
    """Sends digits and flashes. `info`: by INFO where the far end takes no telephone-event."""

    def __init__(self, observer: Observer, *, info: bool = False) -> None:
        self._observer = observer
        self._info = info

    def digit(self, call: Call, event: DigitEvent, now: float) -> None:
        """A digit event at the phone of `call`; before the answer only a voice menu can hear it."""
        if call.voice is None or call.state not in {CallState.EARLY, CallState.TALKING}:
            return
        try:
            if self._goes_by_info(call):
                digit = _send_info(call, event, now)
            else:
                digit = _send_rtp(call.voice, event)
        except (ExhaustedError, LocalProtocolError) as error:
            self._observer.trouble(call, f"digit not sent: {error}")
            return
        if digit is not None:
            call.digits_sent.append(digit)
            self._observer.digit(call, digit, sent=True)

    def flash(self, call: Call, now: float) -> None:
        """A hook flash in a call, which only INFO can carry."""
        if not self._info or call.state is not CallState.TALKING:
            return
        try:
            call.session.send_flash_info(now)
        except LocalProtocolError as error:
            self._observer.trouble(call, f"flash not sent: {error}")
        else:
            self._observer.flash(call, sent=True)

    def _goes_by_info(self, call: Call) -> bool:
        media = call.session.media
        offered = media is not None and media.telephone_event is not None
        return self._info and not offered and call.state is CallState.TALKING


def _send_rtp(voice: Voice, event: DigitEvent) -> str | None:
    match event:
        case DigitStarted(digit):
            voice.digit_start(digit)
            return digit
        case DigitEnded():
            voice.digit_end()
            return None
        case PulseDigit(digit):
            voice.send_digit(digit, PULSE_DIGIT_MS)
            return digit


def _send_info(call: Call, event: DigitEvent, now: float) -> str | None:
    """INFO tells a digit's length, so it leaves when the key is up."""
    match event:
        case DigitStarted():
            return None
        case DigitEnded(digit, duration_ms):
            call.session.send_digit_info(digit, max(duration_ms, _SHORTEST_MS), now)
            return digit
        case PulseDigit(digit):
            call.session.send_digit_info(digit, PULSE_DIGIT_MS, now)
            return digit
