"""One incoming call: an INVITE session in the called party's role (RFC 3261 sections 13-15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip import offer_answer, sdp
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.events import Answered, EndCause, MediaChanged, SessionEnded, SessionOver
from gateway.sip.headers import NameAddr
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message, Request, Response
from gateway.sip.serializer import custom_headers
from gateway.sip.settings import HeaderFacts
from gateway.sip.transaction import T1, T2, TIMEOUT, ServerTransaction, Table
from gateway.sip.twilio_ids import TwilioIds, merge, read_ids
from gateway.sip.wire import Flow

# A proxy forgets a call after three minutes without a provisional (section 16.6, timer C), and
# section 13.3.1.1 asks for one each minute.
RINGING_AGAIN: Final = 60.0

# {state: {event: (action, next)}}. Local events: ring, answer, refuse, hang_up. The peer's: cancel,
# ack, bye. Ours in time: no_ack (64*T1 after a 2xx), done (our BYE has its answer or none).
SESSION: Final[Table] = {
    "incoming": {
        "ring": ("ring", "ringing"),
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "ringing": {
        "ring": ("nothing", "ringing"),
        "answer": ("answer", "answered"),
        "refuse": ("refuse", "over"),
        "cancel": ("cancel", "over"),
        "bye": ("bye_before_answer", "over"),
    },
    "answered": {
        "ack": ("confirm", "confirmed"),
        "hang_up": ("leave", "hanging-up"),
        "no_ack": ("give_up", "closing"),
        "bye": ("end", "over"),
        "unusable": ("disagree", "closing"),
    },
    # Section 15: the called party must not send BYE before the ACK came or 64*T1 passed.
    "hanging-up": {
        "ack": ("send_bye", "closing"),
        "no_ack": ("send_bye", "closing"),
        "unusable": ("send_bye", "closing"),
        "bye": ("over_without_bye", "over"),
    },
    "confirmed": {
        "hang_up": ("hang_up", "closing"),
        "bye": ("end", "over"),
        "no_ack": ("give_up", "closing"),
    },
    "closing": {"bye": ("nothing", "closing"), "done": ("report_over", "over")},
    "over": {},
}
_FINISHED = frozenset({"hanging-up", "closing", "over"})

# RFC 3326: why we hang up, in Q.850 causes; anything else is a normal clearing (16).
_Q850 = {"rtp-timeout": 102, "shutdown": 41, "media-failure": 41}

DoneCallback = Callable[[int | None, Response | None, float], None]


class SessionHost(Protocol):
    """What a session needs of its stack."""

    def start_bye(
        self, dialog: Dialog, headers: list[tuple[str, str]], now: float, done: DoneCallback
    ) -> None:
        """Send a BYE inside the dialog; `done` is called once with the final status or None."""

    def forget_session(self, session: InviteSession) -> None:
        """The session is over."""


class _Unacknowledged:
    """A 2xx of ours that waits for its ACK."""

    __slots__ = ("cseq", "interval", "offered", "transaction")

    def __init__(self, transaction: ServerTransaction, *, offered: bool) -> None:
        self.transaction = transaction
        self.cseq = transaction.request.cseq.number
        self.interval = T1
        # Whether the 2xx carried our offer, so that the ACK must carry the answer.
        self.offered = offered


class InviteSession:
    """An incoming call. Local calls on a call that is already over do nothing."""

    __slots__ = (
        "_answered_at", "_context", "_description", "_facts", "_host", "_local", "_offer",
        "_refusal", "_status", "_transaction", "_twilio", "_unacknowledged", "dialog", "flow",
        "history", "media", "request", "state", "transport_problem",
    )  # fmt: skip

    def __init__(
        self,
        context: Context,
        host: SessionHost,
        transaction: ServerTransaction,
        dialog: Dialog,
        flow: Flow,
    ) -> None:
        request = transaction.request
        self._context = context
        self._host = host
        self._transaction = transaction
        self._description = offer_answer.Description()
        self._local: LocalMedia | None = None
        self._offer: sdp.Session | None = None
        self._refusal: tuple[int, str | None] = (480, None)
        self._unacknowledged: _Unacknowledged | None = None
        self._answered_at: float | None = None
        self._status: int | None = None
        self._facts = HeaderFacts()
        self.dialog = dialog
        self.flow = flow
        self.request: Request = request
        self.media: NegotiatedMedia | None = None
        self.state = "incoming"
        self.history: tuple[str, ...] = ("incoming",)
        self.transport_problem = ""
        self._twilio: TwilioIds | None = None

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
    def local_party(self) -> NameAddr:
        """Who is called: the To header."""
        return self.request.to

    @property
    def requested_user(self) -> str:
        """The user of the Request-URI, percent-decoded; "" when missing."""
        return self.request.uri.plain_user

    @property
    def x_headers(self) -> list[tuple[str, str]]:
        """Every X- header of the INVITE, names and values as they came, in order."""
        return [(name, value) for name, value in self.request.headers if name[:2] in {"X-", "x-"}]

    @property
    def twilio(self) -> TwilioIds:
        """Twilio's identifiers, from the INVITE and from what came later."""
        if self._twilio is None:
            self._twilio = read_ids(self.request.headers)
        return self._twilio

    def _learn_ids(self, message: Message) -> None:
        self._twilio = merge(self.twilio, read_ids(message.headers))

    @property
    def facts(self) -> HeaderFacts:
        """What the response headers may say."""
        return self._facts

    def describe(
        self, *, line: str | None = None, call: str | None = None, reason: str | None = None
    ) -> None:
        """Set facts for the response headers; None leaves one as it is."""
        facts = self._facts
        self._facts = replace(
            facts,
            line=facts.line if line is None else line,
            call=facts.call if call is None else call,
            reason=facts.reason if reason is None else reason,
        )

    # --- what the service does -----------------------------------------------------------------

    def prepare(self, local: LocalMedia, now: float) -> None:
        """Do offer and answer against our media; `media` is set unless the INVITE had no offer.

        Raises NotAcceptable, with the status and Warning to refuse with.
        """
        body = body_offer(self.request)
        self._local = local
        if body is None:
            return
        offer = offer_answer.read(body)
        self.media = offer_answer.settle(offer, local).media
        self._offer = offer

    def ring(self, now: float) -> None:
        """Send 180, and again each minute."""
        self._local_event("ring", now)

    def answer(self, now: float) -> None:
        """Send 200 with our SDP; `prepare` goes before."""
        if self._local is None and self.state not in _FINISHED:
            raise LocalProtocolError("answer before prepare")
        self._local_event("answer", now)

    def reject(
        self, status: int, now: float, *, reason: str = "", warning: str | None = None
    ) -> None:
        """Refuse with a 3xx-6xx; `warning` is a whole Warning value."""
        if not 300 <= status <= 699:
            raise LocalProtocolError(f"{status} does not refuse a call")
        if reason:
            self.describe(reason=reason)
        self._refusal = (status, warning)
        self._local_event("refuse", now)

    def hang_up(self, now: float, *, reason: str = "") -> None:
        """End the call: BYE (after the ACK when that is still missing), before the 200 a 480."""
        if reason:
            self.describe(reason=reason)
        if self.state in {"incoming", "ringing"}:
            self._refusal = (480, None)
            self._local_event("refuse", now)
        else:
            self._local_event("hang_up", now)

    def _local_event(self, event: str, now: float) -> None:
        if not self._feed(event, now) and self.state not in _FINISHED:
            raise LocalProtocolError(f"{event} while {self.state}")

    # --- what the stack reports ----------------------------------------------------------------

    def cancelled(self, request: Request, now: float) -> None:
        """CANCEL matched our INVITE (section 9.2); after the answer it means nothing."""
        self._feed("cancel", now, request)

    def acknowledged(self, request: Request, now: float) -> None:
        """An ACK inside our dialog."""
        waiting = self._unacknowledged
        if waiting is None or waiting.cseq != request.cseq.number:
            return
        self._unacknowledged = None
        self._disarm("2xx", "ack")
        waiting.transaction.feed("ack", now)
        self._learn_ids(request)
        if waiting.offered and not self._take_answer(request, now):
            return
        self._feed("ack", now)

    def remote_bye(self, transaction: ServerTransaction, now: float) -> None:
        """BYE inside our dialog: 200 with the configured headers, whatever else goes on."""
        self._learn_ids(transaction.request)
        transaction.reply(200, now, [*self._server(), *self._final_headers(200, now)])
        self._feed("bye", now, transaction.request)

    def reinvite(self, transaction: ServerTransaction, now: float) -> None:
        """A re-INVITE that passed the checks (section 14.2)."""
        if self.state in _FINISHED:
            self._refuse_reinvite(transaction, 481, now)
        elif self.state != "confirmed" or self._unacknowledged is not None:
            # Section 14.2: an INVITE before the last one is finished gets 500 with Retry-After.
            wait = str(int(self._context.tokens.hex(1), 16) % 10)
            self._refuse_reinvite(transaction, 500, now, [("Retry-After", wait)])
        else:
            try:
                self._answer_reinvite(transaction, now)
            except NotAcceptable as error:
                self._refuse_reinvite(transaction, error.status, now, [("Warning", error.warning)])
            except RemoteProtocolError as error:
                self._refuse_reinvite(transaction, error.status_hint, now)

    def final_unacknowledged(self, transaction: ServerTransaction, now: float) -> None:
        """Our refusal was never acknowledged: the call was over before that."""

    def timer(self, name: str, now: float) -> None:
        """A deadline of the session."""
        if name == "ring":
            self._send_ringing(now)
        elif name == "ack":
            self._unacknowledged = None
            self._disarm("2xx")
            self._feed("no_ack", now)
        elif self._unacknowledged is not None:
            # Section 13.3.1.4: T1, 2*T1 ... T2, whatever the transport.
            waiting = self._unacknowledged
            waiting.transaction.repeat_success(now)
            waiting.interval = min(2 * waiting.interval, T2)
            self._arm("2xx", now + waiting.interval)

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
            self._disarm("ring", "2xx", "ack")
            self._unacknowledged = None
            self._host.forget_session(self)
        return True

    def _do_nothing(self, now: float, request: Request | None) -> None:
        pass

    def _do_ring(self, now: float, request: Request | None) -> None:
        self._send_ringing(now)

    def _do_answer(self, now: float, request: Request | None) -> None:
        self._disarm("ring")
        self._answered_at = now
        local = self._need_local()
        if self._offer is None:
            lines = offer_answer.offer_lines(local)
        else:
            settled = offer_answer.settle(self._offer, local)
            lines = offer_answer.answer_lines(self._offer, settled, local)
        self._send_success(self._transaction, lines, now, offered=self._offer is None)

    def _do_refuse(self, now: float, request: Request | None) -> None:
        status, warning = self._refusal
        extra = [("Warning", warning)] if warning else []
        headers = [*self._server(), *extra, *self._final_headers(status, now)]
        self._transaction.reply(status, now, headers)
        self._ended(EndCause.REJECTED, status)

    def _do_cancel(self, now: float, request: Request | None) -> None:
        self._terminate(now, "cancelled")
        self._ended(EndCause.CANCELLED, 487, request)

    def _do_bye_before_answer(self, now: float, request: Request | None) -> None:
        # Section 15.1.2: BYE in an early dialog ends the INVITE with 487.
        self._terminate(now, "cancelled")
        self._ended(EndCause.REMOTE_BYE, 487, request)

    def _terminate(self, now: float, reason: str) -> None:
        if not self._facts.reason:
            self.describe(reason=reason)
        self._transaction.reply(487, now, [*self._server(), *self._final_headers(487, now)])

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
        self.describe(reason=self._facts.reason or cause.value)
        self._ended(cause)
        self._do_send_bye(now, request)

    def _do_disagree(self, now: float, request: Request | None) -> None:
        self.describe(reason=self._facts.reason or "negotiation")
        self._ended(EndCause.NEGOTIATION)
        self._do_send_bye(now, request)

    def _do_send_bye(self, now: float, request: Request | None) -> None:
        self._unacknowledged = None
        self._disarm("2xx", "ack")
        headers = self._server("User-Agent")
        why = self._facts.reason
        if why:
            text = "".join(char for char in why if " " <= char <= "~" and char not in '"\\')
            headers.append(("Reason", f'Q.850;cause={_Q850.get(why, 16)};text="{text}"'))
        headers += self._final_headers(200, now)
        self._host.start_bye(self.dialog, headers, now, self._bye_done)

    def _bye_done(self, status: int | None, response: Response | None, now: float) -> None:
        if response is not None:
            self._learn_ids(response)
        self._status = status
        self._feed("done", now)

    def _do_report_over(self, now: float, request: Request | None) -> None:
        self._context.report(SessionOver(self, self._status))

    def _do_over_without_bye(self, now: float, request: Request | None) -> None:
        self._context.report(SessionOver(self, None))

    # --- parts ---------------------------------------------------------------------------------

    def _ended(
        self, cause: EndCause, status: int | None = None, request: Request | None = None
    ) -> None:
        self._context.report(SessionEnded(self, cause, status, request))

    def _need_local(self) -> LocalMedia:
        if self._local is None:
            raise LocalProtocolError("no local media")
        return self._local

    def _send_ringing(self, now: float) -> None:
        self._transaction.reply(180, now, [*self._dialog_headers(), *self._server()])
        self._arm("ring", now + RINGING_AGAIN)

    def _send_success(
        self, transaction: ServerTransaction, lines: list[str], now: float, *, offered: bool
    ) -> None:
        body = self._description.body(self._need_local(), lines)
        custom = custom_headers(self._context.settings.ok_headers(self._facts_at(200, now)))
        headers = [
            *self._dialog_headers(transaction.request),
            ("Allow", self._context.profile.allow),
            *self._server(),
            *custom,
            ("Content-Type", "application/sdp"),
        ]
        transaction.reply(200, now, headers, body)
        self._unacknowledged = _Unacknowledged(transaction, offered=offered)
        self._arm("2xx", now + T1)
        self._arm("ack", now + TIMEOUT)

    def _dialog_headers(self, request: Request | None = None) -> list[tuple[str, str]]:
        # Section 12.1.1: every Record-Route is copied, order and text kept.
        routes = (request or self.request).headers.get_all("record-route")
        return [*(("Record-Route", value) for value in routes), ("Contact", self.contact)]

    @property
    def contact(self) -> str:
        """Our Contact: reachable from outside, on the listener that the INVITE came to."""
        host = self._context.settings.public_host or self.flow.local[0]
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        user = self.request.uri.user
        before = f"{user}@" if user else ""
        return f"<sip:{before}{host}:{self.flow.local[1]};transport={self.flow.transport}>"

    def _server(self, name: str = "Server") -> list[tuple[str, str]]:
        return [(name, self._context.settings.server)]

    def _facts_at(self, status: int, now: float) -> HeaderFacts:
        lasted = "" if self._answered_at is None else str(int(now - self._answered_at))
        return replace(
            self._facts,
            status=str(status),
            sid=self.twilio.call_sid,
            duration=lasted,
            codec=self.media.codec.name if self.media else "",
        )

    def _final_headers(self, status: int, now: float) -> list[tuple[str, str]]:
        return custom_headers(self._context.settings.final_headers(self._facts_at(status, now)))

    def _take_answer(self, request: Request, now: float) -> bool:
        """Our offer went in the 200: the ACK must answer it (section 13.2.1). False: call ended."""
        body = body_offer(request)
        try:
            if body is None:
                raise NotAcceptable("The ACK has no answer")
            media = offer_answer.accept_answer(offer_answer.read(body), self._need_local())
        except NotAcceptable:
            # After a re-INVITE the media stay as they were; a new call has none to stay with.
            return not self._feed("unusable", now)
        self._change_media(media)
        return True

    def _change_media(self, media: NegotiatedMedia) -> None:
        changed = media != self.media
        self.media = media
        if changed and self.state == "confirmed":
            self._context.report(MediaChanged(self, media))

    def _answer_reinvite(self, transaction: ServerTransaction, now: float) -> None:
        local = self._need_local()
        body = body_offer(transaction.request)
        media = None
        if body is None:
            lines = offer_answer.offer_lines(local)
        else:
            offer = offer_answer.read(body)
            settled = offer_answer.settle(offer, local)
            lines = offer_answer.answer_lines(offer, settled, local)
            media = settled.media
        self.dialog.refresh(transaction.request)
        self._send_success(transaction, lines, now, offered=body is None)
        if media is not None:
            self._change_media(media)

    def _refuse_reinvite(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        extra: list[tuple[str, str]] | None = None,
    ) -> None:
        headers = [*self._server(), *(extra or []), *self._final_headers(status, now)]
        transaction.reply(status, now, headers)

    def _arm(self, name: str, at: float) -> None:
        self._context.deadlines.set((name, self), at)

    def _disarm(self, *names: str) -> None:
        for name in names:
            self._context.deadlines.cancel((name, self))


def body_offer(request: Request) -> bytes | None:
    """The SDP of a message, alone or inside a multipart body; None when there is none."""
    if not request.body:
        return None
    kind = request.headers.get("content-type")
    if kind is None:
        return request.body if request.body.startswith(b"v=") else None
    return sdp.sdp_part(kind, request.body)
