"""The headers that our messages about one call carry, apart from those that identify it."""

from __future__ import annotations

from gateway.sip.context import Context
from gateway.sip.message import Request
from gateway.sip.serializer import custom_headers
from gateway.sip.settings import HeaderFacts, Profile
from gateway.sip.wire import Flow

Lines = list[tuple[str, str]]

# RFC 3326: why we hang up, in Q.850 causes; anything else is a normal clearing (16).
_Q850 = {"rtp-timeout": 102, "shutdown": 41, "media-failure": 41, "session-timer": 102}

_NOTHING_KNOWN = HeaderFacts()


def abilities(profile: Profile) -> Lines:
    """What a 200 to OPTIONS tells, in a call and outside (RFC 3261 section 11.2)."""
    return [
        ("Allow", profile.allow),
        ("Accept", "application/sdp"),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "en"),
        *profile.supported,
    ]


class CallHeaders:
    """Header lines of one call; `facts` is what the owner's placeholders may say.

    `user` is the escaped user part of our Contact, `profile` what the peer is offered; `sips`:
    the call is for a sips URI, so that our Contact has to be one.
    """

    __slots__ = ("_context", "_user", "facts", "profile", "sips")

    def __init__(self, context: Context, user: str, profile: Profile) -> None:
        self._context = context
        self._user = user
        self.profile = profile
        self.facts = _NOTHING_KNOWN
        self.sips = False

    def describe(self, **facts: str | None) -> None:
        """Set facts; None leaves one as it is."""
        self.facts = self.facts._replace(**{k: v for k, v in facts.items() if v is not None})

    def contact(self, flow: Flow) -> str:
        """Our Contact: reachable from outside, on the listener of that transport."""
        return f"<{self._context.contact(self._user, flow, sips=self.sips)}>"

    def ringing(self, request: Request, flow: Flow) -> Lines:
        """For a 18x."""
        return [*self._routes(request), self._contact(flow), *self._allow, self._server]

    def success(self, request: Request, flow: Flow) -> Lines:
        """For a 2xx to a request that may change the session: INVITE, UPDATE."""
        return [*self._routes(request), *self.offered(flow), self._server]

    def ok(self, facts: HeaderFacts) -> Lines:
        """The owner's headers on the 200 to an INVITE."""
        return custom_headers(self._context.settings.ok_headers(facts))

    def offered(self, flow: Flow) -> Lines:
        """What we are and can: Contact, Allow, Supported."""
        allow = ("Allow", self.profile.allow)
        return [self._contact(flow), allow, *self.profile.supported]

    def request(self) -> Lines:
        """For requests of ours."""
        return [("User-Agent", self._context.settings.server)]

    def final(self, facts: HeaderFacts, extra: Lines | None = None) -> Lines:
        """For a 3xx-6xx, and for the 200 to a BYE."""
        return [self._server, *(extra or ()), *self._custom_final(facts)]

    def abilities(self) -> Lines:
        """For the 200 to OPTIONS."""
        return [*abilities(self.profile), self._server]

    def plain(self) -> Lines:
        """For the other answers inside a dialog."""
        return [self._server]

    def bye(self, facts: HeaderFacts) -> Lines:
        """For our own BYE."""
        lines = self.request()
        why = facts.reason
        if why:
            text = "".join(char for char in why if " " <= char <= "~" and char not in '"\\')
            lines.append(("Reason", f'Q.850;cause={_Q850.get(why, 16)};text="{text}"'))
        return [*lines, *self._custom_final(facts)]

    def _contact(self, flow: Flow) -> tuple[str, str]:
        return ("Contact", self.contact(flow))

    def _routes(self, request: Request) -> Lines:
        # RFC 3261 section 12.1.1: every Record-Route is copied, order and text kept.
        return [("Record-Route", value) for value in request.headers.get_all("record-route")]

    @property
    def _allow(self) -> Lines:
        # RFC 3311 section 5.1: a caller learns from a provisional whether it may UPDATE.
        return [("Allow", self.profile.allow)] if self.profile.extensions else []

    @property
    def _server(self) -> tuple[str, str]:
        return ("Server", self._context.settings.server)

    def _custom_final(self, facts: HeaderFacts) -> Lines:
        return custom_headers(self._context.settings.final_headers(facts))
