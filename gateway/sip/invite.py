"""One incoming call: an INVITE session in the called party's role (RFC 3261 sections 13-15)."""

from __future__ import annotations

from typing import Final, Protocol

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.call_headers import CallHeaders, Lines
from gateway.sip.client_transaction import DoneCallback
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.events import Answered, EndCause, MediaChanged, SessionEnded, SessionOver
from gateway.sip.headers import NameAddr
from gateway.sip.identity import IDENTITY_HEADERS, CallerId, caller_id
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message, Request, Response
from gateway.sip.negotiation import Negotiation
from gateway.sip.serializer import dashed
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session_table import FINISHED, SESSION
from gateway.sip.settings import HeaderFacts
from gateway.sip.success import Success
from gateway.sip.twilio_ids import TwilioIds, merge, read_ids
from gateway.sip.uri import readable
from gateway.sip.wire import Flow

# A proxy forgets a call after three minutes without a provisional (section 16.6, timer C), and
# section 13.3.1.1 asks for one each minute.
RINGING_AGAIN: Final = 60.0


class SessionHost(Protocol):
    """What a session needs of its stack."""

    def start_bye(self, dialog: Dialog, headers: Lines, now: float, done: DoneCallback) -> None:
        """Send a BYE inside the dialog; `done` is called once with the final status or None."""

    def forget_session(self, session: InviteSession) -> None:
        """The session is over."""


class InviteSession:
    """An incoming call. Local calls on a call that is already over do nothing."""

    __slots__ = (
        "_answered_at",
        "_context",
        "_headers",
        "_host",
        "_negotiation",
        "_refusal",
        "_status",
        "_transaction",
        "_twilio",
        "_unacknowledged",
        "dialog",
        "flow",
        "history",
        "request",
        "state",
        "transport_problem",
    )

    def __init__(
        self,
        context: Context,
        host: SessionHost,
        request: Request,
        transaction: ServerTransaction,
        dialog: Dialog,
    ) -> None:
        self._context = context
        self._host = host
        self._transaction = transaction
        self._headers = CallHeaders(context, request, dialog.flow)
        self._negotiation = Negotiation()
        self._refusal: tuple[int, str | None] = (480, None)
        self._status: int | None = None
        self._twilio: TwilioIds | None = None
        self._unacknowledged: Success | None = None
        self._answered_at: float | None = None
        self.dialog = dialog
        self.flow: Flow = dialog.flow
        self.request: Request = request
        self.state = "incoming"
        self.history: tuple[str, ...] = ("incoming",)
        self.transport_problem = ""

    # --- what the service reads ----------------------------------------------------------------

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self.dialog.call_id

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
    def x_headers(self) -> list[tuple[str, str]]:
        """Every X- header of the INVITE as it came, in order; bytes that are no UTF-8 as U+FFFD."""
        return [
            (name, readable(value))
            for name, value in self.request.headers
            if name[:2] in {"X-", "x-"}
        ]

    @property
    def identity_headers(self) -> list[tuple[str, str]]:
        """Who calls, for whom and why, by the headers of trunks and carriers, as they came."""
        return [
            (name, readable(value))
            for name, value in self.request.headers
            if name.lower() in IDENTITY_HEADERS
        ]

    @property
    def twilio(self) -> TwilioIds:
        """Twilio's identifiers, from the INVITE and from what came later."""
        if self._twilio is None:
            self._twilio = read_ids(self.request.headers)
        return self._twilio

    @property
    def facts(self) -> HeaderFacts:
        """What the response headers may say."""
        return self._headers.facts

    @property
    def contact(self) -> str:
        """Our Contact in this call."""
        return self._headers.contact

    @property
    def media(self) -> NegotiatedMedia | None:
        """What is agreed on, None before that."""
        return self._negotiation.media

    # --- what the service does -----------------------------------------------------------------

    def describe(
        self, *, line: str | None = None, call: str | None = None, reason: str | None = None
    ) -> None:
        """Set facts for the response headers; None leaves one as it is."""
        self._headers.describe(line=line, call=call, reason=reason)

    def prepare(self, local: LocalMedia, now: float) -> None:
        """Do offer and answer against our media; `media` is set unless the INVITE had no offer.

        Raises NotAcceptable, with the status and Warning to refuse with.
        """
        self._negotiation.prepare(self.request, local)

    def ring(self, now: float) -> None:
        """Send 180, and again each minute."""
        self._local_event("ring", now)

    def answer(self, now: float) -> None:
        """Send 200 with our SDP; `prepare` goes before."""
        if not self._negotiation.prepared and self.state not in FINISHED:
            raise LocalProtocolError("answer before prepare")
        self._local_event("answer", now)

    def reject(
        self, status: int, now: float, *, reason: str = "", warning: str | None = None
    ) -> None:
        """Refuse with a 3xx-6xx; `warning` is a whole Warning value."""
        if not 300 <= status <= 699:
            raise LocalProtocolError(f"{status} does not refuse a call")
        self._headers.describe(reason=reason or None)
        self._refusal = (status, warning)
        self._local_event("refuse", now)

    def hang_up(self, now: float, *, reason: str = "") -> None:
        """End the call: BYE (after the ACK when that is still missing), before the 200 a 480."""
        self._headers.describe(reason=reason or None)
        if self.state in {"incoming", "ringing"}:
            self._refusal = (480, None)
            self._local_event("refuse", now)
        else:
            self._local_event("hang_up", now)

    def _local_event(self, event: str, now: float) -> None:
        if not self._feed(event, now) and self.state not in FINISHED:
            raise LocalProtocolError(f"{event} while {self.state}")

    # --- what the stack reports ----------------------------------------------------------------

    def cancelled(self, request: Request, now: float) -> None:
        """CANCEL matched our INVITE (section 9.2); after the answer it means nothing."""
        self._feed("cancel", now, request)

    def acknowledged(self, request: Request, now: float) -> None:
        """An ACK inside our dialog."""
        waiting = self._unacknowledged
        if waiting is None or not waiting.answers(request):
            return
        self._stop_repeating()
        waiting.transaction.feed("ack", now)
        self._learn_ids(request)
        if waiting.offered and not self._take_answer(request, now):
            return
        self._feed("ack", now)

    def remote_bye(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """BYE inside our dialog: 200 with the configured headers, whatever else goes on."""
        self._learn_ids(request)
        self._default_reason("remote-hangup")
        transaction.reply(200, now, self._headers.final(self._facts_at(200, now)))
        self._feed("bye", now, request)

    def reinvite(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A re-INVITE that passed the checks (section 14.2)."""
        if self.state in FINISHED:
            self._refuse_reinvite(transaction, 481, now)
        elif self.state != "confirmed" or self._unacknowledged is not None:
            # An INVITE before the last one is finished gets 500 with a Retry-After of 0 to 10 s.
            wait = str(int(self._context.tokens.hex(1), 16) % 11)
            self._refuse_reinvite(transaction, 500, now, [("Retry-After", wait)])
        else:
            try:
                self._answer_reinvite(request, transaction, now)
            except NotAcceptable as error:
                warning = [("Warning", error.warning)]
                self._refuse_reinvite(transaction, error.status, now, warning)
            except RemoteProtocolError as error:
                self._refuse_reinvite(transaction, error.status_hint, now)

    def give_up_waiting(self, now: float) -> None:
        """Send the BYE that waits for an ACK; nothing where none waits."""
        if self.state == "hanging-up":
            self._no_ack(now)

    def timer(self, name: str, now: float) -> None:
        """A minute of ringing has passed."""
        if self.state == "ringing":
            self._send_ringing(now)

    def _no_ack(self, now: float) -> None:
        self._unacknowledged = None
        self._feed("no_ack", now)

    # --- the table at work ---------------------------------------------------------------------

    def _feed(self, event: str, now: float, request: Request | None = None) -> bool:
        entry = SESSION[self.state].get(event)
        if entry is None:
            return False
        action, state = entry
        if state != self.state:
            self.history = (*self.history[-7:], state)
        self.state = state
        getattr(self, "_do_" + action)(now, request)
        if self.state == "over":
            self._stop_ringing()
            self._stop_repeating()
            self._transaction.owner = None
            self._host.forget_session(self)
        return True

    def _do_nothing(self, now: float, request: Request | None) -> None:
        pass

    def _do_ring(self, now: float, request: Request | None) -> None:
        self._send_ringing(now)

    def _do_answer(self, now: float, request: Request | None) -> None:
        self._stop_ringing()
        self._answered_at = now
        body, offered = self._negotiation.first_answer()
        self._send_success(self.request, self._transaction, body, offered, now)

    def _do_refuse(self, now: float, request: Request | None) -> None:
        status, warning = self._refusal
        extra = [("Warning", warning)] if warning else None
        self._transaction.reply(
            status, now, self._headers.final(self._facts_at(status, now), extra)
        )
        self._ended(EndCause.REJECTED, status)

    def _do_cancel(self, now: float, request: Request | None) -> None:
        self._terminate(now, request, EndCause.CANCELLED)

    def _do_bye_before_answer(self, now: float, request: Request | None) -> None:
        # Section 15.1.2: BYE in an early dialog ends the INVITE with 487.
        self._terminate(now, request, EndCause.REMOTE_BYE)

    def _terminate(self, now: float, request: Request | None, cause: EndCause) -> None:
        self._default_reason("cancelled")
        self._transaction.reply(487, now, self._headers.final(self._facts_at(487, now)))
        self._ended(cause, 487, request)

    def _do_confirm(self, now: float, request: Request | None) -> None:
        self._context.report(Answered(self))

    def _do_end(self, now: float, request: Request | None) -> None:
        self._ended(EndCause.REMOTE_BYE, None, request)

    def _do_leave(self, now: float, request: Request | None) -> None:
        self._ended(EndCause.LOCAL_BYE)

    def _do_hang_up(self, now: float, request: Request | None) -> None:
        self._ended(EndCause.LOCAL_BYE)
        self._do_send_bye(now, request)

    def _do_give_up(self, now: float, request: Request | None) -> None:
        cause = EndCause.TRANSPORT if self.transport_problem else EndCause.ACK_TIMEOUT
        self._default_reason(cause.value)
        self._ended(cause)
        self._do_send_bye(now, request)

    def _do_disagree(self, now: float, request: Request | None) -> None:
        self._default_reason(EndCause.NEGOTIATION.value)
        self._ended(EndCause.NEGOTIATION)
        self._do_send_bye(now, request)

    def _do_send_bye(self, now: float, request: Request | None) -> None:
        self._stop_repeating()
        headers = self._headers.bye(self._facts_at(200, now))
        self._host.start_bye(self.dialog, headers, now, self._bye_done)

    def _bye_done(self, status: int | None, response: Response | None, now: float) -> None:
        if response is not None:
            self._learn_ids(response)
        self._status = status
        self._feed("done", now)

    def _do_report_over(self, now: float, request: Request | None) -> None:
        self._context.report(SessionOver(self, self._status))

    # --- parts ---------------------------------------------------------------------------------

    def _ended(
        self, cause: EndCause, status: int | None = None, request: Request | None = None
    ) -> None:
        self._context.report(SessionEnded(self, cause, status, request))

    def _default_reason(self, reason: str) -> None:
        if not self.facts.reason:
            self._headers.describe(reason=reason)

    def _facts_at(self, status: int, now: float) -> HeaderFacts:
        lasted = "" if self._answered_at is None else str(int(now - self._answered_at))
        return self.facts._replace(
            status=str(status),
            sid=self.twilio.call_sid,
            duration=lasted,
            codec=self.media.codec.name if self.media else "",
        )

    def _learn_ids(self, message: Message) -> None:
        self._twilio = merge(self.twilio, read_ids(message.headers))

    def _send_ringing(self, now: float) -> None:
        self._transaction.reply(180, now, self._headers.ringing())
        self._context.deadlines.set(("ring", self), now + RINGING_AGAIN)

    def _stop_ringing(self) -> None:
        self._context.deadlines.cancel(("ring", self))

    def _send_success(
        self,
        request: Request,
        transaction: ServerTransaction,
        body: bytes,
        offered: bool,
        now: float,
    ) -> None:
        headers = self._headers.success(request, self._facts_at(200, now))
        transaction.reply(200, now, headers, body)
        self._unacknowledged = Success(
            self._context,
            transaction,
            request.cseq.number,
            offered=offered,
            gave_up=self._no_ack,
        )
        self._unacknowledged.start(now)

    def _stop_repeating(self) -> None:
        if self._unacknowledged is not None:
            self._unacknowledged.stop()
            self._unacknowledged = None

    def _take_answer(self, request: Request, now: float) -> bool:
        """Our offer went in the 200: the ACK must answer it. False: that ended the call."""
        try:
            media = self._negotiation.answered(request)
        except NotAcceptable:
            # After a re-INVITE the media stay as they were; a new call has none to stay with.
            return not self._feed("unusable", now)
        self._change_media(media)
        return True

    def _change_media(self, media: NegotiatedMedia) -> None:
        changed = media != self.media
        self._negotiation.media = media
        if changed and self.state == "confirmed":
            self._context.report(MediaChanged(self, media))

    def _answer_reinvite(
        self, request: Request, transaction: ServerTransaction, now: float
    ) -> None:
        body, offered, media = self._negotiation.again(request)
        self.dialog.refresh(request)
        self._send_success(request, transaction, body, offered, now)
        if media is not None:
            self._change_media(media)

    def _refuse_reinvite(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        extra: Lines | None = None,
    ) -> None:
        # The call goes on: its own reason, if it has one by now, is not this refusal's.
        facts = self._facts_at(status, now)._replace(reason=dashed(status))
        transaction.reply(status, now, self._headers.final(facts, extra))
