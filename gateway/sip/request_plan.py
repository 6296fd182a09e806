"""A request of ours before it is known where it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from gateway.sip.context import Context
from gateway.sip.headers import Via
from gateway.sip.request_text import Lines, RequestText
from gateway.sip.wire import Flow, Target

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

Seen = Callable[[Flow, Via, float], None]


class Plan(NamedTuple):
    """What to ask, and whom.

    `headers(flow)` gives all lines but Via, Max-Forwards, Route and CSeq; `body(flow)` what stands
    behind them. `fallback` is looked up when `path`, a way that is known, leads nowhere. `seen` is
    told the flow and the top Via of each response, which says where we were seen from. `only_to`:
    credentials are for that host alone, and no other that a peer names may ask for them
    (RFC 3261 section 22.3: a password's hash is as good as the password to who can guess).
    """

    method: str
    uri: str
    path: Flow | Target
    next_cseq: Callable[[], int]
    headers: Callable[[Flow], Lines]
    routes: list[str] = []  # noqa: RUF012 (never written to)
    body: Callable[[Flow], bytes] | None = None
    credentials: Credentials | None = None
    fallback: Target | None = None
    seen: Seen | None = None
    only_to: str | None = None

    def credentials_for(self, flow: Flow) -> Credentials | None:
        """What may answer a challenge that comes from there."""
        trusted = self.only_to is None or self.only_to == flow.remote[0]
        return self.credentials if trusted else None

    def text(self, context: Context, flow: Flow, cseq: int) -> RequestText:
        """The request as it leaves on `flow`, with a branch of its own and what credentials say."""
        body = b"" if self.body is None else self.body(flow)
        credentials = self.credentials_for(flow)
        lines = [
            *(("Route", route) for route in self.routes),
            ("Max-Forwards", "70"),
            *self.headers(flow),
            ("CSeq", f"{cseq} {self.method}"),
            *(credentials.authorize(self.method, self.uri, body) if credentials else ()),
        ]
        branch = context.branch()
        via = context.via(flow, branch)
        return RequestText(self.method, self.uri, branch, via, lines, cseq, body)
