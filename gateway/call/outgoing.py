"""Calls that a phone places: by the account of its line, heard as the far end tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateway.call import cause
from gateway.call.call import Call, CallState, Step
from gateway.call.calls import Calls
from gateway.call.cause import Cause
from gateway.call.extension import Extension
from gateway.call.ports import Observer, Trunks, Voices
from gateway.errors import ExhaustedError, SystemRefusal, TipringError

# Exchanges let a phone ring for about three minutes; so does a proxy (RFC 3261 16.6, timer C).
NO_ANSWER_S: Final = 180.0


class Outgoing:
    """Places calls and follows them up to the answer."""

    def __init__(
        self,
        calls: Calls,
        extensions: Mapping[str, Extension],
        trunks: Trunks,
        voices: Voices,
        observer: Observer,
        names: Callable[[], str],
    ) -> None:
        self._calls = calls
        self._extensions = extensions
        self._trunks = trunks
        self._voices = voices
        self._observer = observer
        self._names = names
        self._closed = False

    def close(self) -> None:
        """Place no more."""
        self._closed = True

    def obstacle(self, extension: Extension) -> Cause | None:
        """Why this phone cannot call a number now."""
        if self._closed:
            return cause.SHUTDOWN
        if extension.account is None:
            return cause.NO_ACCOUNT
        if not self._trunks.ready(extension.account):
            return cause.NOT_REGISTERED
        return None

    def dial(self, extension: Extension, number: str, now: float) -> None:
        """A number was dialled at the phone; a tone tells when it cannot be called."""
        placed = self.obstacle(extension) or (
            self.place(extension.name, number, extension.account, now)
            if number
            else cause.NOT_CALLABLE
        )
        if isinstance(placed, Cause):
            extension.refuse(placed.tone or "congestion", now)

    def place_uri(
        self,
        line: str,
        uri: str,
        account: str | None,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Call | Cause:
        """Call a URI: by the account that it belongs to, else directly."""
        if account is not None and not self._trunks.serves(account, uri):
            account = None
        return self.place(line, uri, account, now, replaces=replaces, referred_by=referred_by)

    def place(
        self,
        line: str,
        to: str,
        account: str | None,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Call | Cause:
        """Call a number or URI from this line's phone, which the call then has; or why not."""
        if self._closed:
            return cause.SHUTDOWN
        try:
            voice = self._voices.reserve(line, self._trunks.local_address(account, to))
        except (ExhaustedError, SystemRefusal) as error:
            self._observer.not_placed(line, to, str(error))
            return cause.NO_MEDIA
        try:
            session = self._trunks.place(
                to, account, voice.local, now, replaces=replaces, referred_by=referred_by
            )
        except TipringError as error:
            voice.stop()
            self._observer.not_placed(line, to, str(error))
            return cause.NOT_CALLABLE
        call = Call(self._names(), line, session, now, account=account, voice=voice)
        session.describe(line=line, call=call.name)
        self._calls.add(call)
        self._calls.give_phone(call)
        self._calls.end_at(call, now + NO_ANSWER_S, cause.NO_ANSWER)
        self._extensions[line].rest(now)
        self._observer.placed(call)
        return call

    def progress(self, call: Call, status: int, now: float) -> None:
        """A provisional answer: it may have media, and 180 asks for a ringback tone of ours.

        RFC 3960 section 3.2: no tone before a 180, and none while the far end is heard. A 180 whose
        media stay silent would leave the phone without either.
        """
        media = call.session.media
        if media is not None:
            self._calls.apply(call, media, now)
        if status == 180 and not (call.heard and media is not None):
            self._ring_back(call, now)
        elif media is not None and call.state is CallState.PROCEEDING:
            self._listen(call, now)

    def heard(self, call: Call, now: float) -> None:
        """The first voice came from the far end."""
        call.heard = True
        if call.caller is None and call.session.media is not None:
            self._listen(call, now)

    def _ring_back(self, call: Call, now: float) -> None:
        if call.allows(Step.BELL):
            call.take(Step.BELL, now)
            self._extensions[call.line].phone.tone("ringback", now)
            self._observer.ringing(call)

    def _listen(self, call: Call, now: float) -> None:
        if call.allows(Step.MEDIA):
            call.take(Step.MEDIA, now)
            self._extensions[call.line].phone.tone(None, now)
            self._observer.early_media(call)

    def answered(self, call: Call, now: float) -> None:
        """The far end lifted its handset."""
        if call.allows(Step.ANSWER):
            self._calls.talk(call, now)
