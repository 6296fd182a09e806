"""What the stack tells the service. Each session's events end with exactly one SessionEnded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gateway.errors import RemoteProtocolError
    from gateway.sip.invite import InviteSession
    from gateway.sip.media import NegotiatedMedia
    from gateway.sip.message import Request
    from gateway.sip.wire import Flow


class EndCause(Enum):
    """Why a session ended."""

    REMOTE_BYE = "remote-bye"
    LOCAL_BYE = "local-bye"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ACK_TIMEOUT = "ack-timeout"
    TRANSPORT = "transport"
    NEGOTIATION = "negotiation"


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A new INVITE passed every check; 100 has been sent and the session waits for a decision."""

    session: InviteSession


@dataclass(frozen=True, slots=True)
class Answered:
    """The ACK to our 200 came; after a delayed offer `session.media` is known only now."""

    session: InviteSession


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """A re-INVITE was answered by the stack: apply `media`."""

    session: InviteSession
    media: NegotiatedMedia


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """Bell and media stop now. `request` is the peer's BYE or CANCEL, `status` our final answer."""

    session: InviteSession
    cause: EndCause
    status: int | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class SessionOver:
    """Our BYE got its final answer, or none came (`status` None): nothing of the call is left."""

    session: InviteSession
    status: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The stack itself refused a request."""

    flow: Flow
    method: str
    status: int
    why: str
    call_id: str


@dataclass(frozen=True, slots=True)
class AuthFailed:
    """Credentials came and were not accepted. Never holds a secret."""

    flow: Flow
    username: str
    why: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A datagram that is no SIP message; `size` in bytes."""

    flow: Flow
    error: RemoteProtocolError
    size: int


Event: TypeAlias = (
    IncomingCall
    | Answered
    | MediaChanged
    | SessionEnded
    | SessionOver
    | Refused
    | AuthFailed
    | Malformed
)
