"""A call that we place: INVITE as client, early dialogs, forks, and what follows (section 13.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from gateway.errors import RemoteProtocolError
from gateway.sip.call_plan import CallPlan
from gateway.sip.client_request import ClientRequest, Plan
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.dialog_requests import Acknowledgement, DialogRequests
from gateway.sip.early_dialogs import MOST, Early
from gateway.sip.events import Answered, EndCause, Progress, SessionOver
from gateway.sip.headers import NameAddr
from gateway.sip.identity import CallerId, number_of
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message, Request, Response
from gateway.sip.negotiation import sdp_of
from gateway.sip.redirects import next_target
from gateway.sip.request_text import Lines
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session, SessionHost
from gateway.sip.session_table import OUTGOING
from gateway.sip.stray import Stray
from gateway.sip.transaction import Table
from gateway.sip.trust import Guests
from gateway.sip.uri import Uri
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

_SDP: Final = ("Content-Type", "application/sdp")
# What a peer may send inside an early dialog of ours.
_BEFORE_THE_ANSWER: Final = frozenset({"UPDATE", "BYE", "OPTIONS", "INFO"})


class OutgoingCall(Session):
    """A call of ours. `plan` says whom and how; `local` what we can hear."""

    table: ClassVar[Table] = OUTGOING

    def __init__(
        self,
        context: Context,
        host: SessionHost,
        plan: CallPlan,
        local: LocalMedia,
        credentials: Credentials | None,
    ) -> None:
        super().__init__(context, host, plan.profile, plan.contact_user, "calling")
        self._plan = plan
        self._credentials = credentials
        self._request: ClientRequest | None = None
        self._cseq = 0
        self._early: dict[str, Early] = {}
        self._ack: Acknowledgement | None = None
        self._stray: Stray | None = None
        self._tried: set[str] = set()
        self._guests = Guests(context.trust)
        self.account = plan.account
        self.response_: Response | None = None
        self.request = plan.invite()
        self.negotiation.place(local)
        self._offer = self.negotiation.offer()

    # --- what the service reads ---------------------------------------------------------------

    @property
    def flow(self) -> Flow:
        """The path of the dialog, before it that of the INVITE."""
        if self._dialog is not None:
            return self._dialog.flow
        flow = self._request.flow if self._request is not None else None
        return flow or Flow("udp", ("0.0.0.0", 0), ("0.0.0.0", 0))  # noqa: S104 (nowhere yet)

    @property
    def remote_party(self) -> NameAddr:
        """Who is called: the To header."""
        return self.request.to

    @property
    def local_party(self) -> NameAddr:
        """Who we say that calls: the From header."""
        return self.request.from_

    @property
    def requested_user(self) -> str:
        """The user that is called, percent-decoded."""
        return self.request.uri.plain_user

    @property
    def caller(self) -> CallerId:
        """Who is called, for a display."""
        number = number_of(self.request.uri)
        return CallerId("" if number else self.requested_user, number, withheld=False)

    @property
    def identity_headers(self) -> list[tuple[str, str]]:
        """What the far end's answer says of why: Reason and Twilio's error."""
        kept = {"reason", "x-twilio-error", "warning"}
        return [(name, value) for name, value in self._told_by_peer.headers if name.lower() in kept]

    @property
    def _told_by_peer(self) -> Message:
        return self.request if self.response_ is None else self.response_

    # --- the INVITE -----------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Send the INVITE."""
        plan = self._plan
        self._request = ClientRequest(
            self.context,
            self.host,
            Plan(
                "INVITE",
                str(self.request.uri),
                plan.path,
                self._next_cseq,
                self._headers,
                plan.routes,
                lambda _: self._offer,
                self._credentials,
                plan.fallback,
            ),
            self,
        )
        self.host.know_session(self, None)
        self._request.start(now)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _headers(self, flow: Flow) -> Lines:
        lines = [*self._plan.identity(), *self.headers.request()]
        return [*lines, *self.headers.offered(flow), *self.expiry.ask(), *self._plan.extra, _SDP]

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our INVITE; each repeated 2xx comes here, too."""
        status = response.status
        if status == 100 or request is not self._request:
            return
        if status >= 300:
            self._refused(request, response, now)
            return
        self.response_ = response
        if status >= 200:
            self._success(request, response, now)
        elif not self.finished:
            self._provisional(request, response, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody answered, or nobody could be asked."""
        self.transport_problem = why
        self.feed("lost", now)

    def _provisional(self, request: ClientRequest, response: Response, now: float) -> None:
        if self.state != "calling":
            return
        early = self._early_dialog(request, response)
        if early is not None:
            early.learn(response)
            if not early.acknowledge(response, self.headers.request(), now):
                return
            media = self._early_media(response)
            if media is not None:
                early.media = media
                self.negotiation.media = media
        self.learn_abilities(response)
        self.context.report(Progress(self, response.status))

    def _early_dialog(self, request: ClientRequest, response: Response) -> Early | None:
        tag = response.to.tag
        if tag in self._early or not tag or len(self._early) >= MOST:
            return self._early.get(tag)
        try:
            dialog = self._dialog_of(request, response)
        except RemoteProtocolError:
            return None  # RFC 3261 section 12.1.2 needs a Contact: a provisional may lack one
        early = Early(dialog, DialogRequests(self.context, self.host, dialog, self._credentials))
        self._early[tag] = early
        self.host.know_session(self, dialog.key)
        return early

    def _dialog_of(self, request: ClientRequest, response: Response) -> Dialog:
        assert request.flow is not None
        assert request.text is not None
        dialog = Dialog.placed(request.text, response, request.flow)
        self._guests.welcome(request.flow.remote[0])
        return dialog

    def _early_media(self, response: Response) -> NegotiatedMedia | None:
        if sdp_of(response) is None:
            return None
        try:
            return self.negotiation.answered(response)
        except NotAcceptable:
            return None  # the final answer decides

    def _success(self, request: ClientRequest, response: Response, now: float) -> None:
        if self._ack is not None and response.to.tag == self.dialog.remote_tag:
            self._ack.repeat()
        elif self._ack is not None or self.state not in {"calling", "cancelling"}:
            self._unwanted(response, now)
        else:
            self._take(request, response, now)

    def _take(self, request: ClientRequest, response: Response, now: float) -> None:
        """The first 2xx: ACK it (section 13.2.2.4), then see what it says."""
        assert request.text is not None
        dialog = self._dialog_of(request, response)
        early = self._early.get(response.to.tag)
        if early is not None:
            dialog.local_cseq = early.dialog.local_cseq
        self.enter_dialog(dialog, self._credentials)
        self.requests.met = self._guests.welcome
        text = request.text
        self._ack = self.requests.acknowledge(text.cseq, text.credentials(), b"", now)
        self.learn_abilities(response)
        self.feed("success", now, response)

    def _unwanted(self, response: Response, now: float) -> None:
        if self._stray is None:
            assert self._request is not None
            invite = self._request.invite
            self._stray = Stray(self.context, self.host, invite, self._credentials)
        self._stray.unwanted(response, now)

    def _refused(self, request: ClientRequest, response: Response, now: float) -> None:
        if response.status == 422 and self.expiry.too_small(response) and not self.finished:
            request.again(now)
            return
        self.response_ = response
        if response.status < 400 and self.context.settings.redirects and not self.finished:
            target = next_target(response, self._tried)
            if target is not None:
                self._redirect(target, now)
                return
        self.feed("failure", now, response)

    def _redirect(self, target: Uri, now: float) -> None:
        """Section 8.1.3.4: the same call to another URI, found as if it had been dialled."""
        self.context.count("redirected")
        self._early.clear()
        self._plan = self._plan.redirected(target)
        self.request.uri = target
        self.start(now)

    def in_order(self, request: Request) -> bool:
        early = self._early.get(request.from_.tag)
        if self._ack is None:
            return early is None or early.dialog.in_order(request.cseq.number)
        return super().in_order(request)

    def inside(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if self._ack is None:
            early = self._early.get(request.from_.tag)
            if early is None or request.method not in _BEFORE_THE_ANSWER:
                transaction.reply(481, now, self.headers.plain())
                return
            # The fork that speaks is the one that is spoken to, until one has answered.
            self._dialog, self._requests = early.dialog, early.requests
        super().inside(request, transaction, now)

    # --- actions of the table -----------------------------------------------------------------

    def _do_confirm(self, now: float, message: Message | None) -> None:
        assert isinstance(message, Response)
        self._answered_at = now
        self.expiry.agreed(message, now)
        early = self._early.get(message.to.tag)
        if sdp_of(message) is not None or early is None or early.media is None:
            try:
                self.negotiation.media = self.negotiation.answered(message)
            except NotAcceptable:
                self.feed("unusable", now)
                return
        else:
            self.negotiation.media = early.media
        self.context.report(Answered(self))

    def _do_cancel(self, now: float, message: Message | None) -> None:
        self.default_reason("cancelled")
        cause = EndCause.CANCELLED if self._cause is EndCause.LOCAL_BYE else self._cause
        self.ended(cause)
        if self._request is not None:
            self._request.cancel(now)

    def _do_bye_before_answer(self, now: float, message: Message | None) -> None:
        """A callee must not (section 15), and the INVITE's own answer is still to come."""

    def _do_end_late(self, now: float, message: Message | None) -> None:
        self._do_send_bye(now, message)

    def _do_refused(self, now: float, message: Message | None) -> None:
        status = message.status if isinstance(message, Response) else None
        if self._request is not None and self._request.problem:
            self.transport_problem = self._request.problem
        self._status = status
        self.ended(EndCause.REFUSED, status)

    def _do_lost(self, now: float, message: Message | None) -> None:
        self.ended(EndCause.NO_RESPONSE)

    def _do_report_over(self, now: float, message: Message | None) -> None:
        self.context.report(SessionOver(self, self._status))

    def _let_go(self) -> None:
        self._guests.leave()
        super()._let_go()
