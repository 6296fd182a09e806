"""The calls that are up: which session and which phone they have, and the one way they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from gateway.call import cause
from gateway.call.call import Call, CallState, Step
from gateway.call.cause import Cause
from gateway.call.extension import Extension
from gateway.call.ports import Observer
from gateway.deadlines import Deadlines
from gateway.errors import ExhaustedError, LocalProtocolError
from gateway.sip import NegotiatedMedia

Watcher: TypeAlias = Callable[[Call, float], None]


class Calls:
    """Every path out of a call passes `end`, so that the bell, the voice, the far end and the
    record are always dealt with together.

    A phone has one call at a time; a call may be up without it, as one that is being transferred.
    """

    def __init__(self, extensions: Mapping[str, Extension], observer: Observer) -> None:
        self._extensions = extensions
        self._observer = observer
        self._by_session: dict[object, Call] = {}
        self._at_phone: dict[str, Call] = {}
        self._deadlines: Deadlines[Call] = Deadlines()
        self._late: dict[Call, Cause] = {}
        self._watchers: list[Watcher] = []

    def __iter__(self) -> Iterator[Call]:
        """Oldest first; calls may end meanwhile."""
        return iter(list(self._by_session.values()))

    def add(self, call: Call) -> None:
        """A new call; it has no phone yet."""
        self._by_session[call.session] = call

    def of(self, session: object) -> Call | None:
        """The call of a session, by identity."""
        return self._by_session.get(session)

    def at(self, line: str) -> Call | None:
        """The call that has this line's phone."""
        return self._at_phone.get(line)

    def give_phone(self, call: Call) -> None:
        """From now on the phone of its line is this call's."""
        self._at_phone[call.line] = call

    def watch(self, watcher: Watcher) -> None:
        """Have `watcher(call, now)` called at each end, before the phone is let go: it may give
        the phone to another call."""
        self._watchers.append(watcher)

    # --- time ----------------------------------------------------------------------------------

    def end_at(self, call: Call, at: float, why: Cause) -> None:
        """End it then, unless `stay` comes first."""
        self._late[call] = why
        self._deadlines.set(call, at)

    def stay(self, call: Call) -> None:
        """What it was waiting for has come."""
        self._deadlines.cancel(call)
        self._late.pop(call, None)

    def next_deadline(self) -> float | None:
        """When a call has waited long enough."""
        return self._deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """End what waited in vain."""
        for call in self._deadlines.pop_due(now):
            self.end(call, self._late.pop(call, cause.FAILED), now)

    # --- voice ---------------------------------------------------------------------------------

    def talk(self, call: Call, now: float) -> None:
        """It was answered, here or there: the phone hears the far end and no tone of ours."""
        extension = self._extensions[call.line]
        self.stay(call)
        extension.rest(now)
        extension.phone.talking(True)
        call.take(Step.ANSWER, now)
        self._observer.answered(call)
        self.apply(call, call.session.media, now)

    def apply(self, call: Call, media: NegotiatedMedia | None, now: float) -> None:
        """Obey what was negotiated; None while it is not known yet."""
        if media is None or call.voice is None:
            return  # delayed offer: the ACK brings the answer
        try:
            call.voice.apply(media)
        except (ExhaustedError, LocalProtocolError) as error:
            self._observer.trouble(call, f"the voice engine refused: {error}")
            self.end(call, cause.MEDIA_FAILURE, now)

    # --- the end -------------------------------------------------------------------------------

    def end(self, call: Call, why: Cause, now: float, *, told: bool = False) -> None:
        """End `call` on all its sides. `told`: the far end knows, its session is over already."""
        if not call.allows(Step.END):
            return
        was = call.state
        call.take(Step.END, now)
        call.cause = why
        self.stay(call)
        del self._by_session[call.session]
        if not told:
            _tell_far_end(call, was, why, now)
        if call.voice is not None:
            call.voice.stop()
        for watcher in self._watchers:
            watcher(call, now)
        if self._at_phone.get(call.line) is call:
            del self._at_phone[call.line]
            _free_phone(call, self._extensions[call.line], was, why, now)
        self._observer.ended(call)


def _tell_far_end(call: Call, was: CallState, why: Cause, now: float) -> None:
    call.session.describe(reason=why.reason)
    if call.caller is None or was is CallState.TALKING:
        call.session.hang_up(now, reason=why.reason)
    else:
        call.sip_status = why.status or 480
        call.caller.reject(call.sip_status, now, reason=why.reason, warning=call.warning)


def _free_phone(call: Call, extension: Extension, was: CallState, why: Cause, now: float) -> None:
    extension.phone.talking(False)
    if call.caller is not None and was is not CallState.TALKING:
        extension.phone.stop_ringing(now)
    elif extension.phone.state == "off-hook":
        if was is CallState.TALKING:
            extension.phone.far_end_gone()
        if why.tone is None:
            extension.rest(now)
        else:
            extension.refuse(why.tone, now)
