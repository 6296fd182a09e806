"""Why a call ended, in words that reach the journal, the record and the X- headers.

Each cause names the SIP status of a call that was not answered (twilio.md's table of what the
caller's application then sees) and the tone the phone plays when it is still off-hook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """`reason`: one word for journal and headers. `status`: the final SIP status, if we reject."""

    reason: str
    status: int | None = None
    tone: str | None = None


COMPLETED_REMOTE: Final = Cause("remote-hangup", tone="busy")
COMPLETED_LOCAL: Final = Cause("local-hangup")
CANCELLED: Final = Cause("cancelled", 487)
BUSY: Final = Cause("busy", 486)
UNKNOWN_USER: Final = Cause("unknown-user", 404)
LINE_FAULT: Final = Cause("line-fault", 480)
NO_RING: Final = Cause("bell-did-not-ring", 480)
NO_MEDIA: Final = Cause("no-rtp-port", 480)
MEDIA_FAILURE: Final = Cause("media-failure", 480, tone="busy")
NO_COMMON_CODEC: Final = Cause("no-common-codec", 488)
RTP_TIMEOUT: Final = Cause("rtp-timeout", tone="busy")
ACK_TIMEOUT: Final = Cause("ack-timeout", tone="busy")
TRANSPORT: Final = Cause("transport-failed", tone="busy")
SHUTDOWN: Final = Cause("shutdown", 480, tone="busy")
