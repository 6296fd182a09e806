"""The peer's offers in a call: its re-INVITEs and UPDATEs, our answers, and their ACKs.

Only one offer is on its way at a time: what comes in between gets 491, or 500 with the time to wait
(RFC 3261 section 14.2, RFC 3311 section 5.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.sip.media import NotAcceptable
from gateway.sip.message import Request
from gateway.sip.negotiation import sdp_of
from gateway.sip.request_text import Lines
from gateway.sip.serializer import dashed
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.success import Success

if TYPE_CHECKING:
    from gateway.sip.session import Session

_SDP: Final = ("Content-Type", "application/sdp")
_LONGEST_WAIT_S: Final = 10


class Answering:
    """Answers the offers of one call, after the one of its INVITE.

    `unacknowledged` is a 2xx of ours that waits for its ACK, that to the first INVITE included.
    """

    __slots__ = ("_call", "unacknowledged")

    def __init__(self, call: Session) -> None:
        self._call = call
        self.unacknowledged: Success | None = None

    def asked(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A re-INVITE or UPDATE of the peer."""
        refusal = self._in_the_way(request)
        if refusal is not None:
            self._refuse(transaction, *refusal, now)
            return
        if self._call.expiry.too_small_for_us(request):
            self._refuse(transaction, 422, self._call.expiry.least, now)
            return
        try:
            self._answer(request, transaction, now)
        except NotAcceptable as error:
            self._refuse(transaction, error.status, [("Warning", error.warning)], now)

    def _in_the_way(self, request: Request) -> tuple[int, Lines] | None:
        if request.method != "INVITE" and sdp_of(request) is None:
            return None
        if self._call.offers.open:
            return 491, []
        # Section 14.2: the last one is not finished: 500 with a Retry-After of 0 to 10 s.
        status = 500 if self.unacknowledged is not None else self._call.barred(request.method)
        if status == 500:
            wait = str(int(self._call.context.tokens.hex(1), 16) % (_LONGEST_WAIT_S + 1))
            return 500, [("Retry-After", wait)]
        return (status, []) if status else None

    def _answer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        call = self._call
        body, offered, media = b"", False, None
        if request.method == "INVITE" or sdp_of(request) is not None:
            body, offered, media = call.negotiation.again(request)
        call.dialog.refresh(request)
        call.peer.learn_abilities(request)
        headers = call.headers.success(request, call.dialog.flow)
        headers += call.expiry.answer(request, now) if call.is_up else []
        headers += call.headers.ok(call.facts_at(200, now)) if request.method == "INVITE" else []
        headers += [_SDP] if body else []
        transaction.reply(200, now, headers, body)
        if request.method == "INVITE":
            self.await_ack(transaction, request.cseq.number, offered=offered, now=now)
        if media is not None:
            call.change_media(media)

    def await_ack(
        self, transaction: ServerTransaction, number: int, *, offered: bool, now: float
    ) -> None:
        """A 2xx of ours has left; repeat it until its ACK."""
        self.unacknowledged = Success(
            self._call.context, transaction, number, offered=offered, gave_up=self._no_ack
        )
        self.unacknowledged.start(now)

    def acknowledged(self, request: Request, now: float) -> bool:
        """An ACK inside the dialog; whether it is the one that was waited for.

        With our offer in the 2xx, it brings the answer.
        """
        waiting = self.unacknowledged
        if waiting is None or not waiting.answers(request):
            return False
        self.stop()
        waiting.transaction.feed("ack", now)
        return not waiting.offered or self._take_late_answer(request, now)

    def _take_late_answer(self, ack: Request, now: float) -> bool:
        call = self._call
        try:
            media = call.negotiation.answered(ack)
        except NotAcceptable:
            if not call.has_media:
                return not call.feed("unusable", now)
            # After a re-INVITE all stays as it was; only a new call has nothing to stay with.
            call.negotiation.refused()
        else:
            call.change_media(media)
        return True

    def stop(self) -> None:
        """The ACK came, or the call is over."""
        if self.unacknowledged is not None:
            self.unacknowledged.stop()
            self.unacknowledged = None

    def give_up_waiting(self, now: float) -> None:
        """As if 64*T1 had passed without an ACK."""
        self._no_ack(now)

    def _no_ack(self, now: float) -> None:
        self.stop()
        self._call.feed("no_ack", now)

    def _refuse(
        self, transaction: ServerTransaction, status: int, extra: Lines, now: float
    ) -> None:
        # The call goes on: its own reason, if it has one by now, is not this refusal's.
        facts = self._call.facts_at(status, now)._replace(reason=dashed(status))
        transaction.reply(status, now, self._call.headers.final(facts, extra))
