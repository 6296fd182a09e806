"""REFER inside a call, the peer's and ours, and what follows (RFC 3515, RFC 5589)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.client_request import ClientRequest
from gateway.sip.events import EndCause, TransferProgress, TransferRequested
from gateway.sip.extension_headers import Replaces, parse_event, parse_subscription_state
from gateway.sip.headers import parse_address
from gateway.sip.message import Request, Response
from gateway.sip.referral import Referral
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.sipfrag import parse_sipfrag
from gateway.sip.uri import escape, parse_uri

if TYPE_CHECKING:
    from gateway.sip.session import Session

# How long we wait for a transfer's outcome, and how soon our BYE follows its success.
PATIENCE_S: Final = 180
BYE_AFTER_S: Final = 0.5


class Transfers:
    """The REFERs of one call."""

    __slots__ = ("_asked", "_call", "_ours", "_seen", "_waiting")

    def __init__(self, call: Session) -> None:
        self._call = call
        self._asked: list[Referral] = []  # not answered yet
        self._seen = 0
        self._ours: ClientRequest | None = None
        self._waiting = False

    @property
    def expecting(self) -> bool:
        """Whether we sent a REFER whose outcome is due; a NOTIFY may come before its 202."""
        return self._waiting or self._ours is not None

    # --- the peer's -----------------------------------------------------------------------------

    def asked(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A REFER of the peer: the owner decides."""
        call = self._call
        if not call.is_up:
            transaction.reply(500, now, [*call.headers.plain(), ("Retry-After", "5")])
            return
        try:
            referral = Referral(call, request, transaction, first=self._seen == 0)
        except RemoteProtocolError as error:
            transaction.reply(error.status_hint, now, call.headers.plain())
            return
        self._seen += 1
        self._asked = [one for one in self._asked if not one.answered]
        self._asked.append(referral)
        call.context.report(TransferRequested(call, referral))

    # --- ours ---------------------------------------------------------------------------------

    def start(self, uri: str, replaces: Session | None, now: float) -> None:
        """Send REFER. Raises LocalProtocolError for a URI that cannot be called."""
        call = self._call
        if not call.is_up:
            raise LocalProtocolError(f"transfer while {call.state}")
        if self.expecting:
            raise LocalProtocolError("a transfer of this call is under way")
        target = _refer_to(uri, replaces)
        local = parse_address(call.dialog.local, "From", lenient=True).uri
        lines = [
            *call.headers.request(),
            ("Refer-To", f"<{target}>"),
            ("Referred-By", f"<{local}>"),
        ]
        self._ours = call.requests.send(
            "REFER", self, now, lambda flow: [*lines, *call.headers.offered(flow)]
        )

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our REFER."""
        if response.status < 200 or request is not self._ours:
            return
        self._ours = None
        if response.status < 300:
            self._waiting = True
            self._call.context.deadlines.set(("patience", self), now + PATIENCE_S)
        else:
            self._report(response.status, done=True)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No answer to our REFER."""
        if request is self._ours:
            self._ours = None
            self._report(408, done=True)

    def notified(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY of the peer: how our transfer fares."""
        plain = self._call.headers.plain()
        try:
            event = parse_event(request.headers.get("event") or "").package
            # Old senders leave Subscription-State out: then the status tells the end.
            value = request.headers.get("subscription-state") or "active"
            state = parse_subscription_state(value).state
        except RemoteProtocolError as error:
            transaction.reply(error.status_hint, now, plain)
            return
        if event != "refer":
            transaction.reply(489, now, [*plain, ("Allow-Events", "refer")])
        elif not self.expecting:
            # RFC 6665 section 4.1.3: what we did not subscribe to.
            transaction.reply(481, now, plain)
        else:
            transaction.reply(200, now, plain)
            self._heard(_status_in(request.body), terminated=state == "terminated", now=now)

    def _heard(self, status: int | None, *, terminated: bool, now: float) -> None:
        done = terminated or (status is not None and status >= 200)
        self._report(status or 100, done=done)
        if not done:
            return
        self._settle()
        if status is not None and 200 <= status < 300:
            # twilio.md 38: our BYE within a second, unless the peer's comes first.
            self._call.context.deadlines.set(("bye", self), now + BYE_AFTER_S)

    def _settle(self) -> None:
        self._call.context.deadlines.cancel(("patience", self))
        self._waiting = False
        self._ours = None

    def _report(self, status: int, *, done: bool) -> None:
        if not self._call.finished:
            self._call.context.report(TransferProgress(self._call, status, done=done))

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        if name == "bye":
            self._call.finish(EndCause.TRANSFERRED, now)
        else:
            self._settle()
            self._report(408, done=True)

    def stop(self, now: float) -> None:
        """The call is over."""
        self._settle()
        self._call.context.deadlines.cancel(("bye", self))
        for referral in self._asked:
            referral.reject(487, now)  # RFC 3261 section 15.1.2
        self._asked = []


def _refer_to(uri: str, replaces: Session | None) -> str:
    try:
        parsed = parse_uri(uri)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"cannot transfer to {uri!r}: {error}") from error
    if not parsed.is_sip:
        raise LocalProtocolError(f"cannot transfer to {uri!r}: not a SIP URI")
    if replaces is None:
        return str(parsed)
    dialog = replaces.dialog
    # RFC 3891: the dialog as the other call's own peer names it.
    header = Replaces(dialog.call_id, dialog.remote_tag, dialog.local_tag)
    return f"{parsed}{'&' if parsed.headers else '?'}Replaces={escape(str(header))}"


def _status_in(body: bytes) -> int | None:
    try:
        return parse_sipfrag(body).status
    except RemoteProtocolError:
        return None
