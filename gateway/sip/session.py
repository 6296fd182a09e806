"""What calls in and calls out share: a dialog with media in it, until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.errors import LocalProtocolError
from gateway.sip.answering import Answering
from gateway.sip.call_headers import CallHeaders
from gateway.sip.call_machine import CallMachine
from gateway.sip.client_request import RequestHost
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog, DialogKey
from gateway.sip.dialog_requests import DialogRequests
from gateway.sip.events import EndCause, MediaChanged, OfferRefused, SessionEnded, SessionOver
from gateway.sip.farewell import Farewell
from gateway.sip.media import NegotiatedMedia
from gateway.sip.message import Message, Request, Response
from gateway.sip.negotiation import Negotiation
from gateway.sip.offers import Offers
from gateway.sip.peer import Peer
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session_info import SessionInfo
from gateway.sip.session_requests import serve
from gateway.sip.session_table import ANSWERED, FINISHED
from gateway.sip.session_timer import SessionTimer
from gateway.sip.settings import HeaderFacts, Profile
from gateway.sip.transfer import Transfers
from gateway.sip.trust import Guests
from gateway.sip.twilio_ids import TwilioIds
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials


class SessionHost(RequestHost, Protocol):
    """What a session needs of its stack."""

    def know_session(self, session: Session, key: DialogKey | None) -> None:
        """Requests of this dialog are the session's; None: it has none yet."""

    def forget_session(self, session: Session) -> None:
        """The session is over: its dialogs match nothing any more."""


class Session(CallMachine):
    """A call. Local calls on one that is already over do nothing."""

    def __init__(
        self, context: Context, host: SessionHost, profile: Profile, user: str, state: str
    ) -> None:
        super().__init__(state)
        self.context = context
        self.host = host
        self.profile = profile
        self.headers = CallHeaders(context, user, profile)
        self.peer = Peer()
        self.negotiation = Negotiation(context.tokens)
        self.answering = Answering(self)
        self.offers = Offers(self)
        self.expiry = SessionTimer(context, self, profile)
        self.info = SessionInfo(self)
        self.transfers = Transfers(self)
        self.account: str | None = None
        self.problem = ""
        self._dialog: Dialog | None = None
        self._guests = Guests(context.trust)
        self._requests: DialogRequests | None = None
        self._cause = EndCause.LOCAL_BYE
        self._status: int | None = None
        self._answered_at: float | None = None

    # --- what the service reads ---------------------------------------------------------------

    request: Request
    """The INVITE."""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self.request.call_id

    @property
    def flow(self) -> Flow:
        """The path of the dialog."""
        return self.dialog.flow

    @property
    def x_headers(self) -> list[tuple[str, str]]:
        """Every X- header of the peer as it came, in order; bytes that are no UTF-8 as U+FFFD."""
        return self.peer.x_headers

    @property
    def twilio(self) -> TwilioIds:
        """Twilio's identifiers, from the first message of the peer and from what came later."""
        return self.peer.twilio

    @property
    def facts(self) -> HeaderFacts:
        """What the response headers may say."""
        return self.headers.facts

    @property
    def contact(self) -> str:
        """Our Contact in this call."""
        return self.headers.contact(self.flow)

    @property
    def media(self) -> NegotiatedMedia | None:
        """What is agreed on, None before that."""
        return self.negotiation.media

    @property
    def keys_exposed(self) -> bool:
        """Whether SRTP keys went over signalling that others can read: SRTP hides little then."""
        srtp = self.media is not None and self.media.srtp is not None
        return srtp and not self.negotiation.secure

    @property
    def on_hold(self) -> bool:
        """Whether we hold the peer."""
        return self.negotiation.holding

    # --- what the service does ----------------------------------------------------------------

    def describe(
        self, *, line: str | None = None, call: str | None = None, reason: str | None = None
    ) -> None:
        """Set facts for the response headers; None leaves one as it is."""
        self.headers.describe(line=line, call=call, reason=reason)

    def hang_up(self, now: float, *, reason: str = "") -> None:
        """End the call: BYE (after the ACK when that is still missing), before the 200 CANCEL."""
        self.headers.describe(reason=reason or None)
        self.local_event("hang_up", now)

    def hold(self, now: float) -> None:
        """Put the peer on hold: sendonly, and nothing is sent."""
        self._hold(True, now)

    def resume(self, now: float) -> None:
        """Take the peer from hold."""
        self._hold(False, now)

    def _hold(self, on: bool, now: float) -> None:
        if self.finished or self.negotiation.holding == on:
            return
        if self.state not in ANSWERED:
            raise LocalProtocolError(f"hold while {self.state}")
        self.negotiation.holding = on
        self.offers.offer(now)

    def send_digit_info(self, digit: str, duration_ms: int, now: float) -> None:
        """Send a digit by INFO."""
        self.info.send_digit(digit, duration_ms, now)

    def send_flash_info(self, now: float) -> None:
        """Send a hook flash by INFO."""
        self.info.send_flash(now)

    def transfer(self, uri: str, now: float, *, replaces: Session | None = None) -> None:
        """Ask the peer to call `uri` instead, in place of the call `replaces` if given."""
        if not self.finished:
            self.transfers.start(uri, replaces, now)

    def readdress(self, now: float) -> None:
        """Our address has changed: tell the peer, with new Contact and SDP."""
        if self.state in ANSWERED and self.negotiation.move(self.context.host_for(self.flow)):
            self.offers.offer(now)

    # --- what the stack reports -----------------------------------------------------------------

    def inside(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request in our dialog that passed the checks."""
        serve(self, request, transaction, now)

    def began_with(self, transaction: ServerTransaction) -> bool:
        """Whether this is the transaction of the INVITE that brought the call."""
        return False

    def came_by(self, flow: Flow) -> None:
        """A request in our dialog came on that flow: over a new connection, ours take it too."""
        if self._dialog is not None:
            self._dialog.moved(flow)

    def in_order(self, request: Request) -> bool:
        """Whether the request comes in order in its dialog (section 12.2.2)."""
        return self.dialog.in_order(request.cseq.number)

    def takes(self, method: str) -> bool:
        """Whether a method is served in this dialog although the profile does not offer it."""
        return method == "NOTIFY" and self.transfers.expecting

    def acknowledged(self, request: Request, now: float) -> None:
        """An ACK inside our dialog."""
        if self.answering.acknowledged(request, now):
            self.peer.learn_ids(request)
            self.feed("ack", now)
            self.offers.catch_up(now)

    def give_up_waiting(self, now: float) -> None:
        """Send the BYE that waits for an ACK; nothing where none waits."""
        if self.state == "hanging-up":
            self.answering.give_up_waiting(now)

    # --- what the parts need --------------------------------------------------------------------

    @property
    def dialog(self) -> Dialog:
        """The dialog; there is none before a call of ours had an answer."""
        if self._dialog is None:
            raise LocalProtocolError("no dialog yet")
        return self._dialog

    @property
    def requests(self) -> DialogRequests:
        """What makes our requests inside the dialog."""
        if self._requests is None:
            raise LocalProtocolError("no dialog yet")
        return self._requests

    def enter_dialog(self, dialog: Dialog, credentials: Credentials | None = None) -> None:
        """From now on requests and peers' requests go by this dialog."""
        self._dialog = dialog
        self._requests = DialogRequests(self.context, self.host, dialog, credentials)
        self._requests.met = self._guests.welcome
        self._guests.welcome(dialog.flow.remote[0])
        self.negotiation.secure = dialog.flow.transport == "tls"
        self.host.know_session(self, dialog.key)

    @property
    def has_media(self) -> bool:
        """Whether media were agreed on before."""
        return self.negotiation.media is not None

    def barred(self, method: str) -> int:
        """Why the peer may make no offer by that method now, as a status; 0: it may."""
        return 0 if self.is_up else 500

    def peer_takes(self, method: str) -> bool:
        """Whether the peer's Allow has a method that our profile has, too."""
        return self.peer.takes(method) and self.profile.offers(method)

    def change_media(self, media: NegotiatedMedia) -> None:
        """New media hold; the service is told where it knows of the old ones."""
        changed = media != self.media
        self.negotiation.media = media
        if changed and self.state != "answered" and not self.finished:
            self.context.report(MediaChanged(self, media))

    def offer_refused(self, status: int | None) -> None:
        """The peer refused what we offered: the call goes on as it was (section 14.1)."""
        self.context.count("offers_refused")
        media = self.media
        if media is not None:
            self.negotiation.holding = media.holding
            self.context.report(OfferRefused(self, status))

    def finish(self, cause: EndCause, now: float) -> None:
        """End the call for a reason that is not the owner's."""
        self._cause = cause
        self.default_reason(cause.value)
        self.feed("finish", now)

    def refresh(self, now: float) -> None:
        """The session timer wants a refresh."""
        if self.is_up:
            self.offers.refresh(now)

    def expired(self, now: float) -> None:
        """The peer did not refresh the session."""
        self.finish(EndCause.SESSION_TIMER, now)

    def default_reason(self, reason: str) -> None:
        """The reason for headers, where none is set."""
        if not self.facts.reason:
            self.headers.describe(reason=reason)

    def facts_at(self, status: int, now: float) -> HeaderFacts:
        """What headers may say of a message with that status."""
        lasted = "" if self._answered_at is None else str(int(now - self._answered_at))
        return self.facts._replace(
            status=str(status),
            sid=self.twilio.call_sid,
            duration=lasted,
            codec=self.media.codec.name if self.media else "",
        )

    # --- the end ------------------------------------------------------------------------------

    def entered(self, state: str, now: float) -> None:
        if state in FINISHED:
            self.expiry.stop()
        if state == "over":
            self._let_go(now)

    def _let_go(self, now: float) -> None:
        self.answering.stop()
        self.offers.stop(now)
        self.info.stop()
        self.transfers.stop(now)
        self._guests.leave()
        self.host.forget_session(self)

    def _do_end(self, now: float, message: Message | None) -> None:
        self.ended(EndCause.REMOTE_BYE, None, message)

    def _do_leave(self, now: float, message: Message | None) -> None:
        self.ended(self._cause)

    def _do_hang_up(self, now: float, message: Message | None) -> None:
        self.ended(self._cause)
        self._do_send_bye(now, message)

    def _do_give_up(self, now: float, message: Message | None) -> None:
        cause = EndCause.TRANSPORT if self.problem else EndCause.ACK_TIMEOUT
        self.default_reason(cause.value)
        self.ended(cause)
        self._do_send_bye(now, message)

    def _do_disagree(self, now: float, message: Message | None) -> None:
        self.default_reason(EndCause.NEGOTIATION.value)
        self.ended(EndCause.NEGOTIATION)
        self._do_send_bye(now, message)

    def _do_send_bye(self, now: float, message: Message | None) -> None:
        self.answering.stop()
        self.offers.stop(now)
        self.info.stop()
        Farewell(self).send(now)

    def over(self, status: int | None, now: float) -> None:
        """Our BYE has its answer, or (None) will have none."""
        self._status = status
        self.feed("done", now)

    def _do_report_over(self, now: float, message: Message | None) -> None:
        if isinstance(message, Response):
            self._status = message.status
        self.context.report(SessionOver(self, self._status))

    def ended(
        self, cause: EndCause, status: int | None = None, message: Message | None = None
    ) -> None:
        """Tell the service, once."""
        request = message if isinstance(message, Request) else None
        self.context.report(SessionEnded(self, cause, status, request))
