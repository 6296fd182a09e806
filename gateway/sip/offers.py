"""Changing a call that is up: re-INVITE and UPDATE, the peer's and ours, one at a time.

Who finds the other's offer on the way answers 491, and who got it tries again after a time that
differs for the two ends (RFC 3261 sections 14.1 and 14.2, RFC 3311 section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import RemoteProtocolError
from gateway.sip.client_request import ClientRequest
from gateway.sip.dialog_requests import Acknowledgement
from gateway.sip.events import EndCause
from gateway.sip.media import NotAcceptable
from gateway.sip.message import Request, Response
from gateway.sip.negotiation import sdp_of
from gateway.sip.request_text import Lines
from gateway.sip.serializer import dashed
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.success import Success
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session

_SDP: Final = ("Content-Type", "application/sdp")


class Offers:
    """The offers of one call, after the one that its INVITE made.

    `unacknowledged` is a 2xx of ours that waits for its ACK.
    """

    __slots__ = (
        "_ack", "_acked", "_body", "_call", "_due", "_ours", "_refreshing", "unacknowledged",
    )  # fmt: skip

    def __init__(self, call: Session) -> None:
        self._call = call
        self._ours: ClientRequest | None = None
        self._body = b""
        self._refreshing = False
        self._due = False
        self._ack: Acknowledgement | None = None
        self._acked = 0
        self.unacknowledged: Success | None = None

    # --- the peer's -----------------------------------------------------------------------------

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
        except RemoteProtocolError as error:
            self._refuse(transaction, error.status_hint, [], now)

    def _in_the_way(self, request: Request) -> tuple[int, Lines] | None:
        offers = request.method == "INVITE" or sdp_of(request) is not None
        if self._call.finished:
            return 481, []
        if not offers:
            return None
        if self._ours is not None:
            return 491, []
        waiting = self.unacknowledged
        if waiting is not None or not self._call.may_be_offered(request.method):
            # Section 14.2: the last one is not finished: 500 with a Retry-After of 0 to 10 s.
            wait = str(int(self._call.context.tokens.hex(1), 16) % 11)
            return 500, [("Retry-After", wait)]
        return None

    def _answer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        call = self._call
        body, offered, media = b"", False, None
        if request.method == "INVITE" or sdp_of(request) is not None:
            body, offered, media = call.negotiation.again(request)
        call.dialog.refresh(request)
        headers = call.headers.success(request, call.dialog.flow)
        headers += call.expiry.answer(request, now)
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
        self.stop_repeating()
        waiting.transaction.feed("ack", now)
        if waiting.offered:
            try:
                media = self._call.negotiation.answered(request)
            except NotAcceptable:
                # After a re-INVITE the media stay as they were; a new call has none to stay with.
                return self._call.has_media or not self._call.feed("unusable", now)
            self._call.change_media(media)
        return True

    def stop_repeating(self) -> None:
        """The ACK came, or the call is over."""
        if self.unacknowledged is not None:
            self.unacknowledged.stop()
            self.unacknowledged = None

    def give_up_waiting(self, now: float) -> None:
        """As if 64*T1 had passed without an ACK."""
        self._no_ack(now)

    def _no_ack(self, now: float) -> None:
        self.stop_repeating()
        self._call.feed("no_ack", now)

    def _refuse(
        self, transaction: ServerTransaction, status: int, extra: Lines, now: float
    ) -> None:
        # The call goes on: its own reason, if it has one by now, is not this refusal's.
        facts = self._call.facts_at(status, now)._replace(reason=dashed(status))
        transaction.reply(status, now, self._call.headers.final(facts, extra))

    # --- ours ---------------------------------------------------------------------------------

    def offer(self, now: float) -> None:
        """Tell the peer of changed media (hold, resume, another address), now or when it may be."""
        if self._ours is not None or self.unacknowledged is not None:
            self._due = True
            return
        self._due = False
        self._refreshing = False
        self._body = self._call.negotiation.offer()
        self._send("INVITE", now)

    def refresh(self, now: float) -> None:
        """Refresh the session; where an offer is under way, that one does it."""
        if self._ours is not None or self.unacknowledged is not None:
            return
        self._refreshing = True
        # RFC 4028 section 7.4: UPDATE without an offer where the peer takes it.
        update = self._call.peer_takes("UPDATE")
        self._body = b"" if update else self._call.negotiation.unchanged()
        self._send("UPDATE" if update else "INVITE", now)

    def stop(self) -> None:
        """The call is over."""
        self.stop_repeating()
        self._call.context.deadlines.cancel(("again", self))
        self._due = False
        self._ours = None

    def _send(self, method: str, now: float) -> None:
        body = self._body
        self._ours = self._call.requests.send(method, self, now, self._headers, lambda _: body)

    def _headers(self, flow: Flow) -> Lines:
        headers = self._call.headers
        lines = [*headers.request(), *headers.offered(flow), *self._call.expiry.ask()]
        return [*lines, _SDP] if self._body else lines

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our re-INVITE or UPDATE."""
        status = response.status
        if status < 200:
            return
        if status < 300 and response.cseq.number == self._acked and self._ack is not None:
            self._ack.repeat()
            return
        if request is not self._ours:
            return
        if status == 422 and self._call.expiry.too_small(response):
            request.again(now)
            return
        self._ours = None
        if status < 300:
            self._agreed(request, response, now)
        elif status == 491:
            self._call.context.deadlines.set(("again", self), now + self._glare_s())
        elif status in {408, 481}:
            # Section 12.2.1.2: the peer knows nothing of the call any more.
            self._call.finish(EndCause.NO_RESPONSE, now)
        else:
            self._call.offer_refused(status, now)
            self._next(now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No answer to our re-INVITE or UPDATE: the peer is gone."""
        if request is self._ours:
            self._ours = None
            self._call.finish(EndCause.NO_RESPONSE, now)

    def _agreed(self, request: ClientRequest, success: Response, now: float) -> None:
        call = self._call
        try:
            call.dialog.refresh(success)
        except RemoteProtocolError:
            call.context.count("unusable_contacts")
        if success.cseq.method == "INVITE":
            credentials = request.text.credentials() if request.text is not None else []
            self._acked = success.cseq.number
            self._ack = call.requests.acknowledge(self._acked, credentials, b"", now)
        call.expiry.agreed(success, now)
        if self._body and not self._take_answer(success, now):
            return
        self._next(now)

    def _take_answer(self, success: Response, now: float) -> bool:
        try:
            media = self._call.negotiation.answered(success)
        except NotAcceptable:
            if not self._refreshing:
                self._call.feed("unusable", now)
                return False
        else:
            self._call.change_media(media)
        return True

    def _next(self, now: float) -> None:
        if self._due and not self._call.finished:
            self.offer(now)

    def _glare_s(self) -> float:
        """Section 14.1: 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other end."""
        draw = int(self._call.context.tokens.hex(2), 16) / 0xFFFF
        ticks = round(190 * draw) + 210 if not self._call.dialog.called else round(200 * draw)
        return ticks / 100

    def timer(self, name: str, now: float) -> None:
        """The time after a 491 is over; what shall be said by now is said."""
        if self._call.finished or self._ours is not None:
            return
        if self._refreshing and not self._due:
            self.refresh(now)
        else:
            self.offer(now)
