"""One incoming call: an INVITE session in the called party's role (RFC 3261 sections 13-15)."""

from __future__ import annotations

from typing import ClassVar, Final

from gateway.errors import LocalProtocolError
from gateway.sip.call_headers import Lines
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.events import Answered, EndCause
from gateway.sip.headers import NameAddr
from gateway.sip.identity import IDENTITY_HEADERS, CallerId, caller_id
from gateway.sip.media import LocalMedia, NotAcceptable
from gateway.sip.message import Message, Request
from gateway.sip.negotiation import sdp_of
from gateway.sip.reliable import ReliableProvisionals, wants_reliable
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session, SessionHost
from gateway.sip.session_table import FINISHED, INCOMING
from gateway.sip.settings import Profile
from gateway.sip.transaction import Table
from gateway.sip.uri import readable

# A proxy forgets a call after three minutes without a provisional (section 16.6, timer C), and
# section 13.3.1.1 asks for one each minute.
RINGING_AGAIN: Final = 60.0

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
        self._transaction = transaction
        self._refusal: tuple[int, str | None, Lines] = (480, None, [])
        self._reliable: ReliableProvisionals | None = None
        self._early = False  # our SDP went out in a provisional
        self._answer_due = False
        if profile.offers("100rel") and wants_reliable(request):
            self._reliable = ReliableProvisionals(context, transaction, self._no_prack)
        self.learn_abilities(request)
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
        """Send 183 with our SDP: what the phone plays is heard before the answer (early media)."""
        self._must_be_prepared("progress")
        self.local_event("progress", now)

    def answer(self, now: float) -> None:
        """Send 200 with our SDP; `prepare` goes before."""
        self._must_be_prepared("answer")
        self.local_event("answer", now)

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
        if self.state in {"incoming", "ringing"}:
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
        self._let_go()

    def cancelled(self, request: Request, now: float) -> None:
        """CANCEL matched our INVITE (section 9.2); after the answer it means nothing."""
        self.feed("cancel", now, request)

    def began_with(self, transaction: ServerTransaction) -> bool:
        return transaction is self._transaction

    def inside(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if request.method == "PRACK":
            self._prack(request, transaction, now)
        else:
            super().inside(request, transaction, now)

    def timer(self, name: str, now: float) -> None:
        """A minute of ringing has passed."""
        if self.state == "ringing":
            self._send_ringing(now)

    # --- actions of the table -----------------------------------------------------------------

    def _let_go(self) -> None:
        self._stop_ringing()
        self._transaction.owner = None
        super()._let_go()

    def _do_ring(self, now: float, message: Message | None) -> None:
        self._send_ringing(now)

    def _do_progress(self, now: float, message: Message | None) -> None:
        body, _ = self.negotiation.first_answer()
        self._early = True
        self._provisional(183, [_SDP], body, now)
        self.context.deadlines.set(("ring", self), now + RINGING_AGAIN)

    def _do_answer(self, now: float, message: Message | None) -> None:
        self._stop_ringing()
        if self._reliable is not None and self._reliable.outstanding and self._early:
            # RFC 3262 section 3: no 2xx before the PRACK of a provisional that carried SDP.
            self._answer_due = True
        else:
            self._send_answer(now)

    def _send_answer(self, now: float) -> None:
        self._answer_due = False
        self._answered_at = now
        if self._reliable is not None:
            self._reliable.stop()
        flow = self.dialog.flow
        lines = [*self.headers.success(self.request, flow), *self.expiry.answer(self.request, now)]
        lines += self.headers.ok(self.facts_at(200, now))
        # RFC 3262 section 5: what a reliable provisional has answered is not said again.
        silent = self._reliable is not None and self._early
        body, offered = (b"", False) if silent else self.negotiation.first_answer()
        self._transaction.reply(200, now, [*lines, _SDP] if body else lines, body)
        number = self.request.cseq.number
        self.offers.await_ack(self._transaction, number, offered=offered, now=now)

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

    def _terminate(self, now: float, message: Message | None, cause: EndCause) -> None:
        self.default_reason("cancelled")
        self._transaction.reply(487, now, self.headers.final(self.facts_at(487, now)))
        self.ended(cause, 487, message)

    def _do_confirm(self, now: float, message: Message | None) -> None:
        self.context.report(Answered(self))
        if self.replaces is not None:
            self.replaces.finish(EndCause.REPLACED, now)

    # --- parts --------------------------------------------------------------------------------

    def _send_ringing(self, now: float) -> None:
        self._provisional(180, [], b"", now)
        self.context.deadlines.set(("ring", self), now + RINGING_AGAIN)

    def _provisional(self, status: int, extra: Lines, body: bytes, now: float) -> None:
        lines = [*self.headers.ringing(self.request, self.dialog.flow), *extra]
        if self._reliable is None:
            self._transaction.reply(status, now, lines, body)
        else:
            self._reliable.send(status, lines, body, now)

    def _prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        reliable = self._reliable
        number = self.request.cseq.number
        if reliable is None or not reliable.acknowledged(request, number, now):
            transaction.reply(481, now, self.headers.plain())
            return
        try:
            body = self.negotiation.again(request)[0] if sdp_of(request) is not None else b""
        except NotAcceptable as error:
            warning = [("Warning", error.warning)]
            transaction.reply(error.status, now, [*self.headers.plain(), *warning])
        else:
            lines = self.headers.plain()
            transaction.reply(200, now, [*lines, _SDP] if body else lines, body)
        if self._answer_due:
            self._send_answer(now)

    def _no_prack(self, now: float) -> None:
        # RFC 3262 section 3: 64*T1 without a PRACK: the INVITE should fail with a 5xx.
        if self._answer_due:
            self._send_answer(now)
        elif self.state not in FINISHED:
            self.default_reason("no-prack")
            self._refusal = (504, None, [])
            self.feed("refuse", now)

    def _stop_ringing(self) -> None:
        self.context.deadlines.cancel(("ring", self))
        if self._reliable is not None and self.state == "over":
            self._reliable.stop()
