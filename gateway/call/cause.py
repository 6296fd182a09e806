"""Why a call ended, in words that reach the journal, the record and the X- headers.

Each cause names the SIP status of a call that was not answered (twilio.md's table of what the
caller's application then sees) and the tone the phone plays when it is still off-hook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.sip import EndCause


@dataclass(frozen=True, slots=True)
class Cause:
    """`reason`: one word for journal and headers. `status`: the final SIP status, if we reject."""

    reason: str
    status: int | None = None
    tone: str | None = None


COMPLETED_REMOTE: Final = Cause("remote-hangup", tone="busy")
COMPLETED_LOCAL: Final = Cause("local-hangup")
COMMANDED: Final = Cause("local-hangup", tone="busy")  # by the owner; the handset is still up
CANCELLED: Final = Cause("cancelled", 487)
EXPIRED: Final = Cause("expired", 487)
BUSY: Final = Cause("busy", 486, "busy")
DECLINED: Final = Cause("declined", 603, "congestion")
UNKNOWN_USER: Final = Cause("unknown-user", 404)
LINE_FAULT: Final = Cause("line-fault", 480)
NO_RING: Final = Cause("bell-did-not-ring", 480)
NO_MEDIA: Final = Cause("no-rtp-port", 480, "congestion")
MEDIA_FAILURE: Final = Cause("media-failure", 480, "busy")
NO_COMMON_CODEC: Final = Cause("no-common-codec", 488, "congestion")
RTP_TIMEOUT: Final = Cause("rtp-timeout", tone="busy")
ACK_TIMEOUT: Final = Cause("ack-timeout", tone="busy")
SESSION_TIMER: Final = Cause("session-timer", tone="busy")
TRANSPORT: Final = Cause("transport-failed", tone="congestion")
SHUTDOWN: Final = Cause("shutdown", 480, "busy")
REPLACED: Final = Cause("replaced", tone="busy")
TRANSFERRED: Final = Cause("transferred", tone="busy")

# Calls that we place.
NO_ACCOUNT: Final = Cause("no-account", tone="congestion")
NOT_REGISTERED: Final = Cause("not-registered", tone="congestion")
NOT_CALLABLE: Final = Cause("not-callable", tone="special")
ABANDONED: Final = Cause("abandoned")
NO_ANSWER: Final = Cause("no-answer", tone="congestion")
NO_RESPONSE: Final = Cause("no-response", tone="congestion")
UNOBTAINABLE: Final = Cause("number-unobtainable", tone="special")
UNAVAILABLE: Final = Cause("unavailable", tone="congestion")
FAILED: Final = Cause("failed", tone="congestion")

# What became of a call that we placed, by its final status.
_BY_STATUS: Final[dict[int, Cause]] = {
    403: DECLINED,
    404: UNOBTAINABLE,
    408: UNAVAILABLE,
    415: NO_COMMON_CODEC,
    480: UNAVAILABLE,
    484: UNOBTAINABLE,
    486: BUSY,
    487: UNAVAILABLE,
    488: NO_COMMON_CODEC,
    600: BUSY,
    603: DECLINED,
    604: UNOBTAINABLE,
    606: NO_COMMON_CODEC,
}

# By the stack's own words for the end of a session.
_BY_END: Final[dict[EndCause, Cause]] = {
    EndCause.REMOTE_BYE: COMPLETED_REMOTE,
    EndCause.CANCELLED: CANCELLED,
    EndCause.EXPIRED: EXPIRED,
    EndCause.ACK_TIMEOUT: ACK_TIMEOUT,
    EndCause.NEGOTIATION: NO_COMMON_CODEC,
    EndCause.NO_RESPONSE: NO_RESPONSE,
    EndCause.REPLACED: REPLACED,
    EndCause.TRANSFERRED: TRANSFERRED,
    EndCause.SESSION_TIMER: SESSION_TIMER,
}


def of_end(why: EndCause, status: int | None) -> Cause:
    """What the end of a session means here; `status` is the final one of a call we placed."""
    if why is EndCause.REFUSED:
        return _BY_STATUS.get(status or 0, FAILED)
    return _BY_END.get(why, TRANSPORT)
