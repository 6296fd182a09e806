"""What a request belongs to: its transaction, its dialog, its twins, and the way back."""

from __future__ import annotations

from gateway.sip.context import COOKIE
from gateway.sip.dialog import DialogKey
from gateway.sip.message import Request
from gateway.sip.wire import Flow

TransactionKey = tuple[str, ...]
MergeKey = tuple[str, str, int, str]


def transaction_key(message: Request) -> TransactionKey:
    """What a request matches a server transaction by (RFC 3261 section 17.2.3).

    An ACK shares the key of its INVITE. Without the magic cookie (RFC 2543) the Request-URI, the
    From-tag, Call-ID, CSeq number and the whole top Via stand in for the branch.
    """
    via = message.vias[0]
    method = "INVITE" if message.method == "ACK" else message.method
    if has_cookie(message):
        return (via.branch, via.sent_by, method)
    identity = (str(message.uri), message.from_.tag, message.call_id, str(message.cseq.number))
    return ("", *identity, str(via), method)


def has_cookie(message: Request) -> bool:
    """Whether the top branch is one of RFC 3261, with something after the magic cookie."""
    branch = message.vias[0].branch
    return branch.startswith(COOKIE) and len(branch) > len(COOKIE)


def dialog_key(message: Request) -> DialogKey:
    """The dialog that a request of the peer names: Call-ID, our tag, their tag."""
    return (message.call_id, message.to.tag, message.from_.tag)


def merge_key(message: Request) -> MergeKey:
    """What makes two requests the same whatever way they came (section 8.2.2.2)."""
    number, method = message.cseq
    return (message.call_id, message.from_.tag, number, method)


def reply_flow(message: Request, flow: Flow) -> Flow:
    """Where responses go (section 18.2.2, RFC 3581 section 4): always to the host they came from.

    maddr is not obeyed: it would let a stranger aim our answers at someone else.
    """
    via = message.vias[0]
    if flow.reliable or via.wants_rport:
        return flow
    port = via.port or 5060
    return flow if port == flow.remote[1] else flow._replace(remote=(flow.remote[0], port))
