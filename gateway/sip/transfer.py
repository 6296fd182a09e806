"""REFER inside a call, the peer's and ours, and the NOTIFYs that follow (RFC 3515, RFC 5589)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.client_request import ClientRequest
from gateway.sip.events import EndCause, TransferProgress, TransferRequested
from gateway.sip.extension_headers import (
    Replaces,
    parse_event,
    parse_refer_to,
    parse_subscription_state,
    replaces_in,
)
from gateway.sip.headers import parse_address
from gateway.sip.message import Request, Response
from gateway.sip.request_text import Lines
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.sipfrag import CONTENT_TYPE, parse_sipfrag, sipfrag
from gateway.sip.stray import Unheard
from gateway.sip.uri import escape, parse_uri
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session

# How long our subscription to a transfer's progress lasts, and how soon our BYE follows its end.
PATIENCE_S: Final = 180
BYE_AFTER_S: Final = 0.5


class Referral:
    """A REFER of the peer that waits for the owner's word, then the source of its NOTIFYs.

    `target` is the URI to call, `replaces` the value of a Replaces header for that call ("" when
    there is none), `referred_by` who asks.
    """

    def __init__(
        self, call: Session, request: Request, transaction: ServerTransaction, first: bool
    ) -> None:
        """Raises RemoteProtocolError for a Refer-To that cannot be called."""
        self._call = call
        self._transaction = transaction
        self._id = "" if first else f";id={request.cseq.number}"
        self._open = True
        self._answered = False
        uri = parse_refer_to(request.headers.get_all("refer-to")).uri
        if not uri.is_sip:
            raise RemoteProtocolError("Refer-To is no SIP URI", 416)
        method = uri.params.get("method")
        if method and method.upper() != "INVITE":
            raise RemoteProtocolError(f"Refer-To asks for {method[:20]}", 405)
        found = replaces_in(uri)
        self.target = str(uri.without_headers())
        self.replaces = "" if found is None else str(found)
        self.referred_by = request.headers.get("referred-by") or ""
        # RFC 4488: a peer that wants no NOTIFYs says so.
        self._silent = (request.headers.get("refer-sub") or "").strip().lower() == "false"

    @property
    def open(self) -> bool:
        """Whether the peer still waits for the outcome."""
        return self._open

    def accept(self, now: float) -> None:
        """202, and the first NOTIFY: we try."""
        if self._answered or self._call.finished:
            return
        self._answered = True
        call = self._call
        lines = [*call.headers.plain(), *call.headers.offered(call.dialog.flow)]
        if self._silent:
            lines.append(("Refer-Sub", "false"))
        self._transaction.reply(202, now, lines)
        self.progress(100, "Trying", now)

    def reject(self, status: int, now: float) -> None:
        """Refuse: 603 where the owner wants no transfers."""
        if not self._answered:
            self._answered = True
            self._open = False
            self._transaction.reply(status, now, self._call.headers.plain())

    def progress(self, status: int, reason: str, now: float) -> None:
        """How the new call fares; a final status ends the subscription."""
        if not self._open:
            return
        self._open = status < 200
        call = self._call
        if self._silent or call.finished:
            return
        state = f"active;expires={PATIENCE_S}" if self._open else "terminated;reason=noresource"
        body = sipfrag(status, reason)

        def headers(flow: Flow) -> Lines:
            return [
                *call.headers.request(),
                *call.headers.offered(flow),
                ("Event", f"refer{self._id}"),
                ("Subscription-State", state),
                ("Content-Type", CONTENT_TYPE),
            ]

        call.requests.send("NOTIFY", Unheard(), now, headers, lambda _: body)


class Transfers:
    """The REFERs of one call. `waiting`: we sent one and its outcome is due."""

    __slots__ = ("_call", "_ours", "_seen", "waiting")

    def __init__(self, call: Session) -> None:
        self._call = call
        self._seen = 0
        self._ours: ClientRequest | None = None
        self.waiting = False

    # --- the peer's -----------------------------------------------------------------------------

    def asked(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A REFER of the peer: the owner decides."""
        call = self._call
        try:
            referral = Referral(call, request, transaction, first=self._seen == 0)
        except RemoteProtocolError as error:
            transaction.reply(error.status_hint, now, call.headers.plain())
            return
        self._seen += 1
        call.context.report(TransferRequested(call, referral))

    # --- ours ---------------------------------------------------------------------------------

    def start(self, uri: str, replaces: Session | None, now: float) -> None:
        """Send REFER. Raises LocalProtocolError for a URI that cannot be called."""
        call = self._call
        if call.state != "confirmed":
            raise LocalProtocolError(f"transfer while {call.state}")
        if self._ours is not None or self.waiting:
            raise LocalProtocolError("a transfer of this call is under way")
        target = _checked(uri)
        if replaces is not None:
            target = f"{target}?Replaces={escape(str(_replaces(replaces)))}"
        local = parse_address(call.dialog.local, "From").uri
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
        if response.status < 200:
            return
        self._ours = None
        if response.status < 300:
            self.waiting = True
            self._call.context.deadlines.set(("patience", self), now + PATIENCE_S)
        else:
            self._call.context.report(TransferProgress(self._call, response.status, done=True))

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No answer to our REFER."""
        self._ours = None
        self._call.context.report(TransferProgress(self._call, 408, done=True))

    def notified(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY of the peer: how our transfer fares."""
        call = self._call
        try:
            event = parse_event(request.headers.get("event") or "").package
            state = parse_subscription_state(request.headers.get("subscription-state") or "").state
        except RemoteProtocolError as error:
            transaction.reply(error.status_hint, now, call.headers.plain())
            return
        if event != "refer" or not (self.waiting or self._ours is not None):
            # RFC 6665 section 4.1.3: 481 for what we did not subscribe to.
            transaction.reply(481 if event == "refer" else 489, now, call.headers.plain())
            return
        transaction.reply(200, now, call.headers.plain())
        status = _status_in(request.body)
        done = state == "terminated" or (status is not None and status >= 200)
        call.context.report(TransferProgress(call, status or 100, done=done))
        if done:
            self._settled(status, now)

    def _settled(self, status: int | None, now: float) -> None:
        deadlines = self._call.context.deadlines
        deadlines.cancel(("patience", self))
        self.waiting = False
        if status is not None and 200 <= status < 300:
            # twilio.md 38: our BYE within a second, unless the peer's comes first.
            deadlines.set(("bye", self), now + BYE_AFTER_S)

    def timer(self, name: str, now: float) -> None:
        """A deadline of ours has come."""
        if name == "bye":
            self._call.finish(EndCause.TRANSFERRED, now)
        else:
            self.waiting = False
            self._call.context.report(TransferProgress(self._call, 408, done=True))

    def stop(self) -> None:
        """The call is over."""
        for name in ("patience", "bye"):
            self._call.context.deadlines.cancel((name, self))
        self.waiting = False


def _replaces(call: Session) -> Replaces:
    """RFC 3891: the dialog of another call, as its own peer names it."""
    dialog = call.dialog
    return Replaces(dialog.call_id, dialog.remote_tag, dialog.local_tag)


def _status_in(body: bytes) -> int | None:
    try:
        return parse_sipfrag(body).status
    except RemoteProtocolError:
        return None


def _checked(uri: str) -> str:
    try:
        parsed = parse_uri(uri)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"cannot transfer to {uri!r}: {error}") from error
    if not parsed.is_sip:
        raise LocalProtocolError(f"cannot transfer to {uri!r}: not a SIP URI")
    return str(parsed)
