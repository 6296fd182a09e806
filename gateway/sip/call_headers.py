"""The headers that our messages about one call carry, apart from those that identify it."""

from __future__ import annotations

from gateway.sip.context import Context
from gateway.sip.message import Request
from gateway.sip.serializer import bracketed, custom_headers
from gateway.sip.settings import HeaderFacts
from gateway.sip.wire import Flow

Lines = list[tuple[str, str]]

# RFC 3326: why we hang up, in Q.850 causes; anything else is a normal clearing (16).
_Q850 = {"rtp-timeout": 102, "shutdown": 41, "media-failure": 41}

_NOTHING_KNOWN = HeaderFacts()


class CallHeaders:
    """Header lines of one call; `facts` is what the owner's placeholders may say."""

    __slots__ = ("_context", "_flow", "_invite", "facts")

    def __init__(self, context: Context, invite: Request, flow: Flow) -> None:
        self._context = context
        self._invite = invite
        self._flow = flow
        self.facts = _NOTHING_KNOWN

    def describe(self, **facts: str | None) -> None:
        """Set facts; None leaves one as it is."""
        self.facts = self.facts._replace(**{k: v for k, v in facts.items() if v is not None})

    @property
    def contact(self) -> str:
        """Our Contact: reachable from outside, on the listener that the INVITE came to."""
        host = self._context.settings.host_for(self._flow.local[0])
        user = self._invite.uri.user
        before = f"{user}@" if user else ""
        address = f"{before}{bracketed(host)}:{self._flow.local[1]}"
        return f"<sip:{address};transport={self._flow.transport}>"

    def ringing(self) -> Lines:
        """For a 18x."""
        return [*self._dialog(self._invite), self._server]

    def success(self, request: Request, facts: HeaderFacts) -> Lines:
        """For a 2xx to an INVITE, up to the body's own."""
        return [
            *self._dialog(request),
            ("Allow", self._context.profile.allow),
            self._server,
            *custom_headers(self._context.settings.ok_headers(facts)),
            ("Content-Type", "application/sdp"),
        ]

    def final(self, facts: HeaderFacts, extra: Lines | None = None) -> Lines:
        """For a 3xx-6xx, and for the 200 to a BYE."""
        return [self._server, *(extra or ()), *self._custom_final(facts)]

    def bye(self, facts: HeaderFacts) -> Lines:
        """For our own BYE."""
        lines = [("User-Agent", self._context.settings.server)]
        why = facts.reason
        if why:
            text = "".join(char for char in why if " " <= char <= "~" and char not in '"\\')
            lines.append(("Reason", f'Q.850;cause={_Q850.get(why, 16)};text="{text}"'))
        return [*lines, *self._custom_final(facts)]

    def _dialog(self, request: Request) -> Lines:
        # RFC 3261 section 12.1.1: every Record-Route is copied, order and text kept.
        routes = request.headers.get_all("record-route")
        return [*(("Record-Route", value) for value in routes), ("Contact", self.contact)]

    @property
    def _server(self) -> tuple[str, str]:
        return ("Server", self._context.settings.server)

    def _custom_final(self, facts: HeaderFacts) -> Lines:
        return custom_headers(self._context.settings.final_headers(facts))
