"""Which call a Replaces header means (RFC 3891 section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import RemoteProtocolError
from gateway.sip.extension_headers import parse_replaces
from gateway.sip.message import Request
from gateway.sip.sessions import Sessions

if TYPE_CHECKING:
    from gateway.sip.session import Session


def find_replaced(request: Request, sessions: Sessions) -> Session | None:
    """The call that an INVITE wants to stand in for; None: it wants no such thing.

    Raises RemoteProtocolError with the status to refuse with.
    """
    values = request.headers.get_all("replaces")
    if not values:
        return None
    if len(values) > 1:
        raise RemoteProtocolError("more than one Replaces")
    wanted = parse_replaces(values[0])
    session = sessions.get((wanted.call_id, wanted.to_tag, wanted.from_tag))
    if session is None:
        raise RemoteProtocolError("no call to replace", 481)
    if session.finished:
        raise RemoteProtocolError("the call to replace is over", 603)
    if session.state in {"incoming", "ringing"}:
        # Only a call that we placed may be replaced before it is answered.
        raise RemoteProtocolError("no call to replace", 481)
    if wanted.early_only and session.state not in {"calling"}:
        raise RemoteProtocolError("the call to replace is answered", 486)
    return session
