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
from gateway.sip.events import Answered, EndCause, Progress
from gateway.sip.headers import NameAddr
from gateway.sip.identity import CallerId, number_of
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message, Request, Response
from gateway.sip.negotiation import sdp_of
from gateway.sip.redirects import Redirects
from gateway.sip.request_text import Lines
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session, SessionHost
from gateway.sip.session_table import OUTGOING
from gateway.sip.stray import Stray
from gateway.sip.transaction import Table
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

_SDP: Final = ("Content-Type", "application/sdp")
# What an answer says of why.
_WHY: Final = frozenset({"reason", "x-twilio-error", "warning"})
_NOWHERE: Final = Flow("udp", ("0.0.0.0", 0), ("0.0.0.0", 0))  # noqa: S104 (not a bind)
_NOBODY: Final = "anonymous.invalid"  # RFC 2606: our host while none of our addresses is chosen


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
        self._speaking: Early | None = None  # the fork whose request is served
        self._ack: Acknowledgement | None = None
        self._stray: Stray | None = None
        self._redirects = Redirects(plan.uri)
        self.account = plan.account
        self.request = plan.invite(context.settings.public_host or _NOBODY)
        self.negotiation.secure = plan.secure
        self.negotiation.place(local)
        self._offer = b"" if plan.late_offer else self.negotiation.offer()

    # --- what the service reads ---------------------------------------------------------------

    @property
    def flow(self) -> Flow:
        """The path of the dialog, before it that of the INVITE."""
        if self._dialog is not None:
            return self._dialog.flow
        flow = self._request.flow if self._request is not None else None
        return flow or _NOWHERE

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
        said = self.peer.said
        fields = [] if said is None else said.headers.items()
        return [(name, value) for name, value in fields if name.lower() in _WHY]

    # --- the INVITE -----------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Send the INVITE."""
        plan = self._plan
        self._request = ClientRequest(
            self.context,
            self.host,
            Plan(
                "INVITE",
                str(plan.uri),
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
        plan, host = self._plan, self.context.host_for(flow)
        self.request = plan.invite(host)
        self.headers.sips = plan.sips
        lines = [*plan.identity(host), *self.headers.request()]
        lines += [*self.headers.offered(flow), *self.expiry.ask(), *plan.extra]
        return [*lines, _SDP] if self._offer else lines

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our INVITE; each repeated 2xx comes here, too."""
        status = response.status
        if status == 100 or request is not self._request:
            return
        if status >= 300:
            self._refused(request, response, now)
        elif status >= 200:
            self._success(request, response, now)
        elif not self.finished:
            self._provisional(request, response, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody answered, or nobody could be asked."""
        self.problem = request.troubles
        self.feed("lost", now)

    # --- early dialogs --------------------------------------------------------------------------

    def _provisional(self, request: ClientRequest, response: Response, now: float) -> None:
        early = self._early_dialog(request, response)
        if early is not None:
            early.learn(response)
            lines = self.headers.request()
            if not early.acknowledge(response, lines, lambda: self._answer(early, response), now):
                return
        self._take_early_media(early, response)
        self.peer.answers(response)
        self.context.report(Progress(self, response.status))

    def _early_dialog(self, request: ClientRequest, response: Response) -> Early | None:
        tag = response.to.tag
        if tag in self._early or not tag or len(self._early) >= MOST:
            return self._early.get(tag)
        try:
            dialog = self._dialog_of(request, response)
        except RemoteProtocolError:
            return None
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

    def _take_early_media(self, early: Early | None, response: Response) -> None:
        """A provisional may show the answer before it holds (RFC 3960); the final one decides."""
        if not self._offer or sdp_of(response) is None or (early is not None and early.settled):
            return
        try:
            media = self.negotiation.answered(response)
        except NotAcceptable:
            return
        self.negotiation.media = media
        if early is not None:
            early.media = media

    def _answer(self, early: Early | None, response: Response) -> bytes:
        """Our answer where the INVITE had no offer: in the PRACK of a reliable provisional with one
        (RFC 3262 section 5), else in the ACK."""
        if self._offer or (early is not None and early.settled):
            return b""
        body, media = self.negotiation.late_answer(response)
        if early is not None:
            early.media, early.settled = media, media is not None
        if media is not None or response.status >= 200:
            self.negotiation.media = media
        return body

    def in_order(self, request: Request) -> bool:
        early = self._early.get(request.from_.tag)
        if self._ack is None:
            return early is None or early.dialog.in_order(request.cseq.number)
        return super().in_order(request)

    def inside(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if self._ack is None:
            early = self._early.get(request.from_.tag)
            if early is None:
                transaction.reply(481, now, self.headers.plain())
                return
            # The fork that speaks is the one that is spoken to, until one has answered.
            self._speaking = early
            self._dialog, self._requests = early.dialog, early.requests
        super().inside(request, transaction, now)

    def barred(self, method: str) -> int:
        early = self._speaking
        if self.is_up or (method == "UPDATE" and early is not None and early.media is not None):
            return 0
        # RFC 3311 section 5.2: the offer of our INVITE has no answer yet.
        return 491

    def change_media(self, media: NegotiatedMedia) -> None:
        if not self.is_up and self._speaking is not None:
            self._speaking.media = media
            self._speaking.settled = True
        super().change_media(media)

    # --- final answers --------------------------------------------------------------------------

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
            # The same dialog: only its route set is computed anew (section 13.2.2.4).
            dialog.local_cseq = early.dialog.local_cseq
            dialog.remote_cseq = early.dialog.remote_cseq
        # What the other forks say from now on belongs to no call.
        self.host.forget_session(self)
        self.enter_dialog(dialog, self._credentials)
        text = request.text
        answer = self._answer(early, response)
        self._ack = self.requests.acknowledge(text.cseq, text.credentials(), answer, now)
        self.peer.answers(response)
        self.feed("success", now, response)

    def _unwanted(self, response: Response, now: float) -> None:
        if self._stray is None:
            assert self._request is not None
            invite = self._request.invite
            self._stray = Stray(self.context, self.host, invite, self._credentials)
        early = self._early.get(response.to.tag)
        used = 0 if early is None else early.dialog.local_cseq
        self._stray.unwanted(response, now, used)

    def _refused(self, request: ClientRequest, response: Response, now: float) -> None:
        if response.status == 422 and not self.finished and self.expiry.too_small(response):
            request.again(now)
            return
        self.peer.answers(response)
        # Section 8.1.3.4: a 6xx ends the search, too.
        if self.context.settings.redirects and not self.finished and response.status < 600:
            self._redirects.learn(response)
            if self._redirect(now):
                return
        self.feed("failure", now, response)

    def _redirect(self, now: float) -> bool:
        """The same call to another URI, found as if it had been dialled; whether there is one."""
        target = self._redirects.next()
        if target is None:
            return False
        self.context.count("redirected")
        self._early.clear()
        self._speaking = None
        self.negotiation.media = None
        if target.host.lower() != self._plan.uri.host.lower():
            self._credentials = None  # they are the account's, and this is somebody else
        self._plan = self._plan.redirected(target, self._redirects.diversions)
        self.start(now)
        return True

    # --- actions of the table -----------------------------------------------------------------

    def _do_confirm(self, now: float, message: Message | None) -> None:
        assert isinstance(message, Response)
        self._answered_at = now
        self.expiry.agreed(message, now)
        try:
            self.negotiation.media = self._final_media(message)
        except NotAcceptable as error:
            self.problem = str(error)
            self.feed("unusable", now)
        else:
            self.context.report(Answered(self))

    def _final_media(self, success: Response) -> NegotiatedMedia:
        """What holds now: the SDP of the 2xx, unless a provisional has settled it for good."""
        early = self._early.get(success.to.tag)
        settled = early is not None and (early.settled or sdp_of(success) is None)
        if early is not None and early.media is not None and settled:
            return early.media
        if not self._offer:
            if self.negotiation.media is None:
                raise NotAcceptable("There is no offer that we can answer")
            return self.negotiation.media
        return self.negotiation.answered(success)

    def _do_cancel(self, now: float, message: Message | None) -> None:
        self.default_reason("cancelled")
        self.ended(EndCause.CANCELLED if self._cause is EndCause.LOCAL_BYE else self._cause)
        if self._request is not None:
            self._request.cancel(now)

    def _do_refused(self, now: float, message: Message | None) -> None:
        assert isinstance(message, Response)
        assert self._request is not None
        self.problem = self._request.refusal(message)
        self.ended(EndCause.REFUSED, message.status)

    def _do_lost(self, now: float, message: Message | None) -> None:
        self.ended(EndCause.NO_RESPONSE)
