"""One incoming call: an INVITE session in the called party's role (RFC 3261 sections 13-15)."""

from __future__ import annotations

from typing import ClassVar, Final

from gateway.errors import LocalProtocolError
from gateway.sip.call_headers import Lines
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.events import Answered, EndCause
from gateway.sip.headers import NameAddr
from gateway.sip.identity import IDENTITY_HEADERS, CallerId, caller_id, number_of
from gateway.sip.media import LocalMedia
from gateway.sip.message import Message, Request
from gateway.sip.provisionals import Provisionals
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session, SessionHost
from gateway.sip.session_table import FINISHED, INCOMING, UNANSWERED
from gateway.sip.settings import Profile
from gateway.sip.transaction import Table
from gateway.sip.uri import readable

_SDP: Final = ("Content-Type", "application/sdp")


class InviteSession(Session):
    """An incoming call. Local calls on a call that is already over do nothing."""

    table: ClassVar[Table] = INCOMING

    def __init__(
        self,
        context: Context,
        host: SessionHost,
        request: Request,
        transaction: ServerTransaction,
        dialog: Dialog,
        profile: Profile,
    ) -> None:
        super().__init__(context, host, profile, request.uri.user or "", "incoming")
        self.request = request
        self.replaces: Session | None = None
        self.login_info: Lines = []  # what the 200 says of the next login (RFC 7615)
        self._transaction = transaction
        self._refusal: tuple[int, str | None, Lines] = (480, None, [])
        self._provisionals = Provisionals(self, transaction)
        self.peer.asks(request)
        self.headers.sips = dialog.wants_sips(request.uri)
        self.enter_dialog(dialog)

    # --- what the service reads ---------------------------------------------------------------

    @property
    def remote_party(self) -> NameAddr:
        """Who calls: the From header."""
        return self.request.from_

    @property
    def caller(self) -> CallerId:
        """Who calls, for a display."""
        return caller_id(self.request)

    @property
    def local_party(self) -> NameAddr:
        """Who is called: the To header."""
        return self.request.to

    @property
    def requested_user(self) -> str:
        """The user of the Request-URI, percent-decoded; "" when missing."""
        return self.request.uri.plain_user

    @property
    def alert_info(self) -> list[str]:
        """The values of Alert-Info as they came: how the caller would like the bell to ring."""
        return self.request.headers.get_all("alert-info")

    @property
    def requested_number(self) -> str:
        """The number that it is, bare of separators and parameters (section 19.1.6), else ""."""
        return number_of(self.request.uri)

    @property
    def identity_headers(self) -> list[tuple[str, str]]:
        """Who calls, for whom and why, by the headers of trunks and carriers, as they came."""
        return [
            (name, readable(value))
            for name, value in self.request.headers
            if name.lower() in IDENTITY_HEADERS
        ]

    # --- what the service does --------------------------------------------------------------

    def prepare(self, local: LocalMedia, now: float) -> None:
        """Do offer and answer against our media; `media` is set unless the INVITE had no offer.

        Raises NotAcceptable, with the status and Warning to refuse with.
        """
        self.negotiation.prepare(self.request, local)

    def ring(self, now: float) -> None:
        """Send 180, and again each minute."""
        self.local_event("ring", now)

    def progress(self, now: float) -> None:
        """Send 183 with our SDP: what the phone plays is heard before the answer (early media).

        Without SDP where the INVITE made no offer: ours may only go into what is sure to arrive.
        """
        self._must_be_prepared("progress")
        self.local_event("progress", now)

    def answer(self, now: float) -> None:
        """Send 200 with our SDP; `prepare` goes before."""
        self._must_be_prepared("answer")
        self.local_event("accept" if self._provisionals.holds_up else "answer", now)

    def _must_be_prepared(self, what: str) -> None:
        if not self.negotiation.prepared and self.state not in FINISHED:
            raise LocalProtocolError(f"{what} before prepare")

    def reject(
        self,
        status: int,
        now: float,
        *,
        reason: str = "",
        warning: str | None = None,
        headers: Lines | None = None,
    ) -> None:
        """Refuse with a 3xx-6xx; `warning` is a whole Warning value, `headers` go with it."""
        if not 300 <= status <= 699:
            raise LocalProtocolError(f"{status} does not refuse a call")
        self.headers.describe(reason=reason or None)
        self._refusal = (status, warning, headers or [])
        self.local_event("refuse", now)

    def hang_up(self, now: float, *, reason: str = "") -> None:
        """End the call: BYE (after the ACK when that is still missing), before the 200 a 480."""
        self.headers.describe(reason=reason or None)
        if self.state in UNANSWERED:
            self._refusal = (480, None, [])
            self.local_event("refuse", now)
        else:
            self.local_event("hang_up", now)

    # --- what the stack reports -------------------------------------------------------------

    def refuse_early(self, status: int, headers: Lines, now: float) -> None:
        """Refuse for a reason of the protocol, before anybody is told of the call."""
        extra = self.headers.final(self.facts_at(status, now), headers)
        self._transaction.reply(status, now, extra)
        self.state = "over"
        self._let_go(now)

    def cancelled(self, request: Request, now: float) -> None:
        """CANCEL matched our INVITE (section 9.2); after the answer it means nothing."""
        self.feed("cancel", now, request)

    def began_with(self, transaction: ServerTransaction) -> bool:
        return transaction is self._transaction

    def inside(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if request.method == "PRACK":
            self._provisionals.prack(request, transaction, now)
        else:
            super().inside(request, transaction, now)

    def barred(self, method: str) -> int:
        # RFC 3311 section 5.1: before the answer an UPDATE may make an offer once ours is settled.
        early = method == "UPDATE" and self._provisionals.settled
        return 0 if early else super().barred(method)

    def refuse(self, status: int, warning: str | None, reason: str, now: float) -> None:
        """Refuse for a reason of the protocol."""
        self.default_reason(reason)
        self._refusal = (status, warning, [])
        self.feed("refuse", now)

    def no_prack(self, now: float) -> None:
        """RFC 3262 section 3: after 64*T1 without a PRACK the INVITE should fail with a 5xx."""
        self.refuse(504, None, "no-prack", now)

    # --- actions of the table -----------------------------------------------------------------

    def _let_go(self, now: float) -> None:
        self._provisionals.stop()
        self._transaction.owner = None
        super()._let_go(now)

    def _do_ring(self, now: float, message: Message | None) -> None:
        self._provisionals.ring(now)

    def _do_progress(self, now: float, message: Message | None) -> None:
        self._provisionals.progress(now)

    def _do_stop_ringing(self, now: float, message: Message | None) -> None:
        self._provisionals.stop_ringing()

    def _do_answer(self, now: float, message: Message | None) -> None:
        self._provisionals.stop()
        self._answered_at = now
        flow = self.dialog.flow
        lines = [*self.headers.success(self.request, flow), *self.expiry.answer(self.request, now)]
        lines += [*self.headers.ok(self.facts_at(200, now)), *self.login_info]
        settled = self._provisionals.settled
        body, offered = (b"", False) if settled else self.negotiation.first_answer()
        self._transaction.reply(200, now, [*lines, _SDP] if body else lines, body)
        number = self.request.cseq.number
        self.answering.await_ack(self._transaction, number, offered=offered, now=now)

    def _do_refuse(self, now: float, message: Message | None) -> None:
        status, warning, extra = self._refusal
        if warning:
            extra = [*extra, ("Warning", warning)]
        self._transaction.reply(status, now, self.headers.final(self.facts_at(status, now), extra))
        self.ended(EndCause.REJECTED, status)

    def _do_cancel(self, now: float, message: Message | None) -> None:
        self._terminate(now, message, EndCause.CANCELLED)

    def _do_bye_before_answer(self, now: float, message: Message | None) -> None:
        # Section 15.1.2: BYE in an early dialog ends the INVITE with 487.
        self._terminate(now, message, EndCause.REMOTE_BYE)

    def _do_expire(self, now: float, message: Message | None) -> None:
        # Section 13.3.1: 487, as if the caller had cancelled.
        self.default_reason(EndCause.EXPIRED.value)
        self._terminate(now, message, EndCause.EXPIRED)

    def _terminate(self, now: float, message: Message | None, cause: EndCause) -> None:
        self.default_reason("cancelled")
        self._transaction.reply(487, now, self.headers.final(self.facts_at(487, now)))
        self.ended(cause, 487, message)

    def _do_confirm(self, now: float, message: Message | None) -> None:
        self.context.report(Answered(self))
        if self.replaces is not None:
            self.replaces.finish(EndCause.REPLACED, now)
