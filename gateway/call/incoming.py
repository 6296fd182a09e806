"""Calls that come in: which phone rings for whom, and what they are refused with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateway.call import cause
from gateway.call.call import Call, CallState, Step
from gateway.call.calls import Calls
from gateway.call.cause import Cause
from gateway.call.extension import Extension
from gateway.call.ports import Caller, Observer, Voices
from gateway.errors import ExhaustedError, SystemRefusal
from gateway.line import Absence, CallerIdentity, distinctive_cadence
from gateway.sip import CallerId, NotAcceptable

# twilio.md 1: a provisional answer other than 100 within a second, so the bell has to start sooner.
BELL_TIMEOUT_S: Final = 0.9


class Incoming:
    """Offers calls to phones, up to the answer. Ringing has no time-out of ours."""

    def __init__(
        self,
        calls: Calls,
        extensions: Mapping[str, Extension],
        voices: Voices,
        observer: Observer,
        names: Callable[[], str],
    ) -> None:
        self._calls = calls
        self._extensions = extensions
        self._voices = voices
        self._observer = observer
        self._names = names
        self._closed = False

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    def offer(self, caller: Caller, now: float) -> None:
        """A new INVITE: find the phone, settle the media, ask the bell to ring."""
        replaced = self._calls.of(caller.replaces)
        if replaced is not None:
            self._replace(replaced, caller, now)
            return
        extension = self._find(caller.requested_user, caller.requested_number)
        call = self._add(caller, extension.name if extension else "", now)
        refusal = self._obstacle(extension) or self._settle_media(call, caller, now)
        if refusal is not None or extension is None:
            self._calls.end(call, refusal or cause.UNKNOWN_USER, now)
            return
        self._calls.give_phone(call)
        self._calls.end_at(call, now + BELL_TIMEOUT_S, cause.NO_RING)
        cadence = distinctive_cadence(caller.alert_info)
        if not extension.phone.ring(now, cadence, _identity(caller.caller)):
            self._calls.end(call, cause.BUSY, now)

    def _replace(self, replaced: Call, caller: Caller, now: float) -> None:
        """The far end of a call puts somebody else in its place (RFC 3891): nothing rings.

        The replaced session ends by itself once this one is answered.
        """
        call = self._add(caller, replaced.line, now)
        refusal = self._keeps_its_place(replaced) or self._settle_media(call, caller, now)
        if refusal is not None:
            self._calls.end(call, refusal, now)
            return
        if replaced.voice is not None:
            replaced.voice.detach()
        self._calls.give_phone(call)
        caller.answer(now)
        self._calls.talk(call, now)

    def _keeps_its_place(self, replaced: Call) -> Cause | None:
        """A phone that rings is not answered by somebody else (RFC 3891 section 3), and a call that
        another one has the phone of cannot give it away."""
        if self._closed:
            return cause.SHUTDOWN
        rings = replaced.caller is not None and replaced.state is not CallState.TALKING
        return cause.BUSY if rings or self._calls.at(replaced.line) is not replaced else None

    def bell_rings(self, call: Call, now: float) -> None:
        """The port confirmed the bell."""
        if call.caller is not None and call.allows(Step.BELL):
            self._calls.stay(call)
            call.take(Step.BELL, now)
            call.caller.ring(now)
            self._observer.ringing(call)

    def lifted(self, call: Call, now: float) -> None:
        """The handset was lifted for this call."""
        if call.caller is not None and call.allows(Step.ANSWER):
            call.caller.answer(now)
            self._calls.talk(call, now)

    def _add(self, caller: Caller, line: str, now: float) -> Call:
        call = Call(self._names(), line, caller, now, caller=caller, account=caller.account)
        caller.describe(line=line, call=call.name)
        self._calls.add(call)
        self._observer.offered(call)
        return call

    def _find(self, user: str, number: str) -> Extension | None:
        """Carriers write +15551234567;npdi or +1-555-123-4567 for the same number."""
        for extension in self._extensions.values():
            if extension.answers_to(user) or (number and extension.answers_to(number)):
                return extension
        return None

    def _obstacle(self, extension: Extension | None) -> Cause | None:
        if self._closed:
            return cause.SHUTDOWN
        if extension is None:
            return cause.UNKNOWN_USER
        if extension.phone.state == "fault":
            return cause.LINE_FAULT
        if extension.phone.state != "idle" or self._calls.at(extension.name) is not None:
            return cause.BUSY
        return None

    def _settle_media(self, call: Call, caller: Caller, now: float) -> Cause | None:
        try:
            flow = caller.flow
            call.voice = self._voices.reserve(call.line, flow.local[0], flow.remote[0])
            caller.prepare(call.voice.local, now)
        except NotAcceptable as error:
            call.warning = error.warning
            return cause.NO_COMMON_CODEC
        except (ExhaustedError, SystemRefusal):
            return cause.NO_MEDIA
        return None


def _identity(caller: CallerId) -> CallerIdentity:
    """What a display is told: who withholds the number is private, not unknown."""
    absence: Absence = "private" if caller.withheld else "unavailable"
    return CallerIdentity(caller.number, caller.name, absence)
