"""What a request of the peer inside a call leads to, by its method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sip.message import Request
from gateway.sip.server_transaction import ServerTransaction

if TYPE_CHECKING:
    from gateway.sip.session import Session

# Served after our BYE, too: theirs crosses it, and a transfer's last word may come late.
_TO_THE_LAST = frozenset({"BYE", "NOTIFY"})


def serve(call: Session, request: Request, transaction: ServerTransaction, now: float) -> None:
    """Answer a request that passed the checks and is in order."""
    method = request.method
    if call.finished and method not in _TO_THE_LAST:
        transaction.reply(481, now, call.headers.final(call.facts_at(481, now)))
    elif method == "BYE":
        _bye(call, request, transaction, now)
    elif method in {"INVITE", "UPDATE"}:
        transaction.owner = call
        call.answering.asked(request, transaction, now)
    elif method == "INFO":
        call.info.received(request, transaction, now)
    elif method == "REFER":
        call.transfers.asked(request, transaction, now)
    elif method == "NOTIFY":
        call.transfers.notified(request, transaction, now)
    elif method == "OPTIONS":
        transaction.reply(200, now, call.headers.abilities())
    else:
        # RFC 3262 section 3: a PRACK for nothing that waits for one.
        transaction.reply(481, now, call.headers.plain())


def _bye(call: Session, request: Request, transaction: ServerTransaction, now: float) -> None:
    """200 with the configured headers, whatever else goes on."""
    call.peer.learn_ids(request)
    call.default_reason("remote-hangup")
    transaction.reply(200, now, call.headers.final(call.facts_at(200, now)))
    call.feed("bye", now, request)
