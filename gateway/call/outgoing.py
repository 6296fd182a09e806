"""Calls that a phone places: by the account of its line, heard as the far end tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from gateway.call import cause
from gateway.call.call import Call, CallState, Step
from gateway.call.calls import Calls
from gateway.call.cause import Cause
from gateway.call.extension import Extension
from gateway.call.ports import Observer, Trunks, Voices
from gateway.errors import ExhaustedError, SystemRefusal, TipringError

# Exchanges let a phone ring for about three minutes; so does a proxy (RFC 3261 16.6, timer C).
NO_ANSWER_S: Final = 180.0


class NotPlaced(NamedTuple):
    """Why no call was placed: what the phone plays, and the words for the owner."""

    cause: Cause
    text: str


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

    def obstacle(self, extension: Extension) -> NotPlaced | None:
        """Why this phone cannot call a number now."""
        account = extension.account
        if self._closed:
            return NotPlaced(cause.SHUTDOWN, "the service is stopping")
        if account is None:
            return NotPlaced(cause.NO_ACCOUNT, "the line has no account in the configuration")
        if not self._trunks.ready(account):
            text = f"account {account} is not registered; `tipring status` says why"
            return NotPlaced(cause.NOT_REGISTERED, text)
        return None

    def refuse(self, extension: Extension, number: str, why: NotPlaced, now: float) -> None:
        """What was dialled at the phone cannot be called: a tone says so."""
        self._observer.not_placed(extension.name, number, why.text)
        extension.refuse(why.cause.tone or "congestion", now)

    def dial(self, extension: Extension, number: str, now: float) -> None:
        """A number was dialled at the phone."""
        if not number:
            placed: Call | NotPlaced = NotPlaced(cause.NOT_CALLABLE, "nothing was dialled")
        else:
            placed = self.obstacle(extension) or self.place(
                extension.name, number, extension.account, now
            )
        if isinstance(placed, NotPlaced):
            self.refuse(extension, number, placed, now)

    def place_uri(
        self,
        line: str,
        uri: str,
        account: str | None,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Call | NotPlaced:
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
    ) -> Call | NotPlaced:
        """Call a number or URI from this line's phone, which the call then has; or why not."""
        if self._closed:
            return NotPlaced(cause.SHUTDOWN, "the service is stopping")
        try:
            voice = self._voices.reserve(line, self._trunks.local_address(account, to))
        except (ExhaustedError, SystemRefusal) as error:
            return NotPlaced(cause.NO_MEDIA, str(error))
        try:
            session = self._trunks.place(
                to, account, voice.local, now, replaces=replaces, referred_by=referred_by
            )
        except TipringError as error:
            voice.stop()
            return NotPlaced(cause.NOT_CALLABLE, str(error))
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
