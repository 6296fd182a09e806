"""Our own changes of a call that is up, by re-INVITE and UPDATE, one at a time.

Where the peer's offer is in the way, ours waits; after a 491 it is tried again after a time that
differs for the two ends (RFC 3261 section 14.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import RemoteProtocolError
from gateway.sip.client_request import ClientRequest
from gateway.sip.client_transaction import NO_RESPONSE
from gateway.sip.dialog_requests import Acknowledgement
from gateway.sip.events import EndCause
from gateway.sip.extension_headers import parse_retry_after
from gateway.sip.media import NotAcceptable
from gateway.sip.message import Response
from gateway.sip.request_text import Lines
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session

_SDP: Final = ("Content-Type", "application/sdp")
# A peer that answers 491 so often in a row will not change its mind.
_TRIES: Final = 5
_LONGEST_WAIT_S: Final = 10
# A network that is gone may be back soon.
_NETWORK_S: Final = 5.0


class Offers:
    """Our offers of one call, after the one of its INVITE; and the refreshes of the session."""

    __slots__ = (
        "_ack", "_acked", "_body", "_call", "_due", "_ours", "_refreshing", "_tries", "_waiting",
    )  # fmt: skip

    def __init__(self, call: Session) -> None:
        self._call = call
        self._ours: ClientRequest | None = None
        self._body = b""
        self._refreshing = False
        self._due = False
        self._waiting = False  # until it makes sense to try again
        self._tries = 0
        self._ack: Acknowledgement | None = None
        self._acked = 0

    @property
    def open(self) -> bool:
        """Whether an offer of ours, or a re-INVITE, has no answer yet."""
        ours = self._ours
        return ours is not None and (bool(self._body) or ours.plan.method == "INVITE")

    @property
    def _busy(self) -> bool:
        """Whether nothing of ours may be said now."""
        answering = self._call.answering
        return self._ours is not None or answering.unacknowledged is not None or self._waiting

    def offer(self, now: float) -> None:
        """Tell the peer of changed media (hold, resume, another address), now or when it may be."""
        if self._busy:
            self._due = True
            return
        self._due = False
        self._refreshing = False
        self._body = self._call.negotiation.offer()
        self._send("INVITE", now)

    def catch_up(self, now: float) -> None:
        """Nothing is under way any more: make the offer that had to wait, if there is one."""
        if self._due and not self._busy and not self._call.finished:
            self.offer(now)

    def refresh(self, now: float) -> None:
        """Refresh the session; where an offer is under way or due, that one does it."""
        if self._busy:
            return
        self._refreshing = True
        # RFC 4028 section 7.4: UPDATE without an offer where the peer takes it.
        update = self._call.peer_takes("UPDATE")
        self._body = b"" if update else self._call.negotiation.unchanged()
        self._send("UPDATE" if update else "INVITE", now)

    def stop(self, now: float) -> None:
        """The call is over."""
        ours, self._ours = self._ours, None
        if ours is not None and ours.plan.method == "INVITE":
            # A peer that has said "trying" and then nothing would leave it open for ever.
            ours.cancel(now)
        self._call.context.deadlines.cancel(("again", self))
        self._waiting = False
        self._due = False

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
        if status < 300 and response.cseq.method == "INVITE":
            self._acknowledge(request, response, now)
        if request is not self._ours:
            return
        if status == 422 and self._call.expiry.too_small(response):
            request.again(now)
            return
        self._ours = None
        if status < 300:
            self._agreed(response, now)
        else:
            self._refused(request, response, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No answer to our re-INVITE or UPDATE: the peer is gone, or our network is, for now."""
        if request is not self._ours:
            return
        self._ours = None
        if why == NO_RESPONSE:
            self._call.finish(EndCause.NO_RESPONSE, now)
        else:
            # Section 8.1.3.1: as good as a 503, and no reason to end a call.
            self._give_back(None, _NETWORK_S, now)

    def _acknowledge(self, request: ClientRequest, success: Response, now: float) -> None:
        """ACK every 2xx, the repeated one and the one that comes after the call's end, too."""
        call = self._call
        number = success.cseq.number
        if number == self._acked and self._ack is not None:
            self._ack.repeat()
            return
        self._refresh_target(success)
        credentials = request.text.credentials() if request.text is not None else []
        self._acked = number
        self._ack = call.requests.acknowledge(number, credentials, b"", now)

    def _refresh_target(self, success: Response) -> None:
        try:
            self._call.dialog.refresh(success)
        except RemoteProtocolError:
            self._call.context.count("unusable_contacts")

    def _agreed(self, success: Response, now: float) -> None:
        call = self._call
        self._tries = 0
        self._refresh_target(success)
        call.peer.learn_abilities(success)
        call.expiry.agreed(success, now)
        if not self._body or self._take_answer(success, now):
            self.catch_up(now)

    def _take_answer(self, success: Response, now: float) -> bool:
        try:
            media = self._call.negotiation.answered(success)
        except NotAcceptable:
            # A refresh that is answered without SDP has done what it was for.
            return self._refreshing or not self._call.feed("unusable", now)
        self._call.change_media(media)
        return True

    def _refused(self, request: ClientRequest, refusal: Response, now: float) -> None:
        call = self._call
        status = refusal.status
        if status in {408, 481}:
            # Section 12.2.1.2: the peer knows nothing of the call any more.
            call.finish(EndCause.NO_RESPONSE, now)
            return
        if status in {405, 501} and request.plan.method == "UPDATE":
            call.peer.refuses("UPDATE")
            self.refresh(now)
            return
        self._give_back(status, self._wait_s(refusal), now)

    def _give_back(self, status: int | None, wait: float | None, now: float) -> None:
        """The offer was not taken: it is made again after `wait` seconds, or never was."""
        call = self._call
        if self._body:
            call.negotiation.refused()
        if wait is not None and self._tries < _TRIES:
            self._tries += 1
            self._waiting = True
            call.context.deadlines.set(("again", self), now + wait)
            return
        self._tries = 0
        if not self._refreshing:
            call.offer_refused(status)
        self.catch_up(now)

    def _wait_s(self, refusal: Response) -> float | None:
        """How long until another try; None where it makes no sense.

        Section 14.1: after 491 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other end.
        Section 14.2: 500 with a Retry-After comes from a peer that is not done with the last one.
        """
        call = self._call
        if refusal.status == 491:
            draw = int(call.context.tokens.hex(2), 16) / 0xFFFF
            ticks = round(200 * draw) if call.dialog.called else round(190 * draw) + 210
            return ticks / 100
        if refusal.status != 500:
            return None
        try:
            wait = parse_retry_after(refusal.headers.get("retry-after") or "")
        except RemoteProtocolError:
            return None
        return wait if wait <= _LONGEST_WAIT_S else None

    def timer(self, name: str, now: float) -> None:
        """The time after a 491 is over; what shall be said by now is said."""
        self._waiting = False
        if self._call.finished:
            return
        if self._refreshing and not self._due:
            self.refresh(now)
        else:
            self.offer(now)
