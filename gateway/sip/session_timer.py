"""Session timers (RFC 4028): a call whose other end vanished is found out and ended.

Who refreshes and how often is agreed anew with every 2xx to an INVITE or UPDATE, whoever sent it
(section 7.2, 9); a 2xx that says nothing turns the timer off.
"""

from __future__ import annotations

from typing import Final, Protocol

from gateway.errors import RemoteProtocolError
from gateway.sip.context import Context
from gateway.sip.extension_headers import SessionExpires, parse_min_se, parse_session_expires
from gateway.sip.grammar import split_list
from gateway.sip.message import Message, Request, Response
from gateway.sip.settings import Profile

Lines = list[tuple[str, str]]

# Section 10: BYE this long before the session expires, or a third of it.
_EARLIER_S: Final = 32.0
# Section 4: no interval is shorter. Who says less would have us refresh without a pause.
_SHORTEST_S: Final = 90
# Each proxy on the way may ask for more (section 7.3), but not for ever.
_TRIES: Final = 5


class Refreshed(Protocol):
    """The call whose session is timed."""

    def refresh(self, now: float) -> None:
        """Send a re-INVITE or UPDATE that changes nothing."""

    def expired(self, now: float) -> None:
        """The other end did not refresh: the call is over."""


class SessionTimer:
    """One call's timer. Where the profile has none, nothing is ever said of it."""

    __slots__ = (
        "_asks_s", "_call", "_context", "_least_s", "_offered", "_theirs_s", "_tries", "interval",
        "refresher",
    )  # fmt: skip

    def __init__(self, context: Context, call: Refreshed, profile: Profile) -> None:
        self._context = context
        self._call = call
        self._offered = profile.offers("timer")
        self._asks_s = context.settings.session_expires_s
        self._least_s = max(context.settings.min_se_s, _SHORTEST_S)
        self._theirs_s = 0  # the largest Min-SE that the peer's requests had
        self._tries = 0
        self.interval: int | None = None
        self.refresher = ""  # "us" or "peer" while there is a timer

    # --- requests of ours ---------------------------------------------------------------------

    def ask(self) -> Lines:
        """For our INVITE and UPDATE: what we wish for (section 7.1), then what holds (7.4).

        A refresh that asks for another interval would open the talks about it anew each time.
        """
        if not self._offered:
            return []
        asks = self._asks_s if self.interval is None else self.interval
        role = {"us": ";refresher=uac", "peer": ";refresher=uas"}.get(self.refresher, "")
        # Section 7.1: the largest of what 422s and the peer's requests have said in this dialog.
        least = max(self._least_s, self._theirs_s)
        return [("Session-Expires", f"{max(asks, least)}{role}"), ("Min-SE", str(least))]

    def too_small(self, refusal: Response) -> bool:
        """A 422: ask for what it wants (section 7.3); whether trying again makes sense."""
        wanted = _least(refusal)
        if not self._offered or wanted is None or wanted <= self._least_s:
            return False
        self._tries += 1
        if self._tries > _TRIES:
            return False
        self._least_s = wanted
        return True

    def agreed(self, success: Response, now: float) -> None:
        """A 2xx to our INVITE or UPDATE (section 7.2)."""
        found = read_expires(success) if self._offered else None
        if found is None:
            self.stop()
        else:
            self._tries = 0
            self._start(found.seconds, "peer" if found.refresher == "uas" else "us", now)

    # --- requests of the peer -----------------------------------------------------------------

    def too_small_for_us(self, request: Request) -> bool:
        """Whether 422 with our Min-SE is the answer (section 9): only a peer that knows timers."""
        found = read_expires(request) if self._offered else None
        return found is not None and found.seconds < self._least_s and _knows_timers(request)

    def answer(self, request: Request, now: float) -> Lines:
        """For our 2xx to an INVITE or UPDATE (section 9); starts the timer anew."""
        found = read_expires(request) if self._offered else None
        if found is None:
            self.stop()
            return []
        self._theirs_s = max(self._theirs_s, min(_least(request) or 0, found.seconds))
        # Who knows no timers cannot refresh: then it is for us to do (table 2).
        ours = found.refresher == "uas" or not _knows_timers(request)
        self._start(found.seconds, "us" if ours else "peer", now)
        lines = [("Session-Expires", f"{self.interval};refresher={'uas' if ours else 'uac'}")]
        # Section 9: Require tells a caller that it has to refresh.
        return lines if ours else [*lines, ("Require", "timer")]

    @property
    def least(self) -> Lines:
        """For a 422."""
        return [("Min-SE", str(self._least_s))]

    # --- time ---------------------------------------------------------------------------------

    def _start(self, seconds: int, refresher: str, now: float) -> None:
        self.stop()
        self.interval = seconds = max(seconds, _SHORTEST_S)
        self.refresher = refresher
        early = min(_EARLIER_S, seconds / 3)
        # Set for both: a refresh that nobody answers ends the call, too.
        self._context.deadlines.set(("expired", self), now + seconds - early)
        if refresher == "us":
            self._context.deadlines.set(("refresh", self), now + seconds / 2)

    def stop(self) -> None:
        """No timer runs."""
        self.interval = None
        self.refresher = ""
        for name in ("refresh", "expired"):
            self._context.deadlines.cancel((name, self))

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        if name == "expired":
            self._call.expired(now)
        else:
            self._call.refresh(now)


def read_expires(message: Message) -> SessionExpires | None:
    """Session-Expires; None where it is missing or makes no sense."""
    value = message.headers.get("session-expires")
    try:
        return None if value is None else parse_session_expires(value)
    except RemoteProtocolError:
        return None


def _knows_timers(request: Request) -> bool:
    values = request.headers.get_all("supported") + request.headers.get_all("require")
    return any(tag.lower() == "timer" for value in values for tag in split_list(value))


def _least(message: Message) -> int | None:
    try:
        return parse_min_se(message.headers.get("min-se") or "")
    except RemoteProtocolError:
        return None
