"""The user agent: datagrams and time in, datagrams and events out. It opens and waits for nothing.

Order of a request: match a transaction (a retransmission ends there), then a dialog, then the
checks of `admission`, then the method's own handler.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import RemoteProtocolError
from gateway.sip.admission import Refusal, check, check_method
from gateway.sip.authentication import Authentication
from gateway.sip.client_transaction import ClientTransaction, DoneCallback
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog, DialogKey
from gateway.sip.events import Event, IncomingCall
from gateway.sip.invite import InviteSession
from gateway.sip.matching import COOKIE, TransactionKey, dialog_key, has_cookie, transaction_key
from gateway.sip.message import Request, Response
from gateway.sip.parser import parse
from gateway.sip.refusals import Refusals
from gateway.sip.serializer import bracketed
from gateway.sip.serializer import request as request_bytes
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.settings import StackSettings, Tokens
from gateway.sip.transaction import Machine
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Datagram, Flow


class Stack:
    """A SIP user agent without sockets, clock or randomness."""

    def __init__(self, settings: StackSettings, tokens: Tokens) -> None:
        self._context = Context(settings, tokens)
        self._transactions = Transactions(self._context, self._in_use)
        self._sessions: dict[DialogKey, InviteSession] = {}
        self._refusals = Refusals(self._context, tokens.hex(16))
        self._authentication = Authentication(self._context, self._refusals, self._transactions)

    # --- the sans-IO interface -------------------------------------------------------------------

    @property
    def settings(self) -> StackSettings:
        """What is configured; a new value holds from the next message on."""
        return self._context.settings

    @settings.setter
    def settings(self, settings: StackSettings) -> None:
        self._context.settings = settings

    @property
    def counters(self) -> Mapping[str, int]:
        """Totals since the start, and how many transactions and dialogs there are now."""
        return {
            **self._context.counters,
            "transactions": len(self._transactions),
            "dialogs": len(self._sessions),
        }

    @property
    def busy(self) -> bool:
        """Whether a process that stops should wait: a call is not over, or a refusal not heard."""
        return bool(self._sessions) or self._transactions.busy

    def finish(self, now: float) -> None:
        """We are leaving: BYE at once where it still waits for an ACK.

        Section 15 gives the ACK 64*T1, which a process that stops does not have; without the BYE
        the peer would keep a call to nowhere.
        """
        for session in list(self._sessions.values()):
            session.give_up_waiting(now)

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one datagram. Never raises, whatever the bytes are."""
        context = self._context
        context.count("received")
        if not data.strip(b"\r\n\0 "):
            # RFC 5626 section 3.5.1 and older habits: a keep-alive, which UDP does not answer.
            context.count("keepalives")
            return
        limits = context.settings.limits
        try:
            message = parse(data, max_bytes=limits.message_bytes, max_headers=limits.headers)
        except RemoteProtocolError as error:
            self._refusals.malformed(data, flow, error)
            return
        if isinstance(message, Request):
            self._request(message, flow, now)
        else:
            self._response(message, now)

    def next_event(self) -> Event | None:
        """The next event, or None."""
        events = self._context.events
        return events.popleft() if events else None

    def to_send(self) -> list[Datagram]:
        """Everything that is to be sent now, in order; the queue is empty afterwards."""
        datagrams = self._context.datagrams
        self._context.datagrams = []
        return datagrams

    def next_deadline(self) -> float | None:
        """When `handle_deadline` wants to be called, or None."""
        return self._context.deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Run every timer that is due."""
        deadlines = self._context.deadlines
        for name, owner in deadlines.pop_due(now):
            owner.timer(name, now)

    def transport_failed(self, key: object, reason: str, now: float) -> None:
        """A datagram could not be sent; `key` is the one it carried."""
        self._context.count("transport_failed")
        if isinstance(key, ServerTransaction) and isinstance(key.owner, InviteSession):
            key.owner.transport_problem = reason
        if isinstance(key, Machine):
            key.feed("transport", now)

    # --- messages ------------------------------------------------------------------------------

    def _response(self, message: Response, now: float) -> None:
        transaction = self._transactions.client(message)
        if transaction is None:
            self._context.count("unmatched_responses")
        else:
            transaction.received(message, now)

    def _request(self, message: Request, flow: Flow, now: float) -> None:
        key = transaction_key(message)
        transaction = self._transactions.server(key)
        if message.method == "ACK":
            self._ack(message, transaction, now)
        elif transaction is not None:
            transaction.feed("request", now)
        elif message.method == "CANCEL":
            self._cancel(message, key, flow, now)
        else:
            self._new_request(message, key, flow, now)

    def _ack(self, message: Request, transaction: ServerTransaction | None, now: float) -> None:
        if transaction is not None and transaction.state in {"completed", "confirmed"}:
            transaction.feed("ack", now)
            return
        session = self._sessions.get(dialog_key(message))
        if session is None:
            self._context.count("unmatched_acks")
        else:
            session.acknowledged(message, now)

    def _cancel(self, message: Request, key: TransactionKey, flow: Flow, now: float) -> None:
        """Section 9.2. The INVITE is found by the CANCEL's own branch and sent-by."""
        invite = self._transactions.server((*key[:-1], "INVITE"))
        transaction = self._open(message, key, flow, known=invite is not None)
        if transaction is None:
            return
        if invite is None:
            self._refusals.refuse(message, transaction, Refusal(481, "no-transaction"), now)
            return
        transaction.to_tag = invite.to_tag
        transaction.reply(200, now, [("Server", self.settings.server)])
        if not invite.answered and isinstance(invite.owner, InviteSession):
            invite.owner.cancelled(message, now)

    def _new_request(self, message: Request, key: TransactionKey, flow: Flow, now: float) -> None:
        session = self._sessions.get(dialog_key(message)) if message.to.tag else None
        transaction = self._open(message, key, flow, known=session is not None)
        if transaction is None:
            return
        if message.method == "INVITE":
            transaction.trying(now, message.headers.get("timestamp"))
        refusal = self._misplaced(message, session, transaction)
        # Section 8.2 asks who calls before it looks at headers; a dialog vouches for itself.
        stranger = refusal is None and session is None and message.method == "INVITE"
        if stranger and not self._authentication.passes(message, transaction, flow, now):
            return
        refusal = refusal or check(message, self._context.profile)
        if refusal is not None:
            self._refusals.refuse(message, transaction, refusal, now)
        elif session is not None:
            self._inside(message, session, transaction, now)
        elif message.method == "INVITE":
            self._invite(message, transaction, flow, now)
        elif message.method == "OPTIONS":
            self._options(transaction, now)
        else:
            # BYE without a To-tag: no dialog can be meant.
            self._refusals.refuse(message, transaction, Refusal(481, "no-dialog"), now)

    def _misplaced(
        self, message: Request, session: InviteSession | None, transaction: ServerTransaction
    ) -> Refusal | None:
        """A method that is not offered, a dialog that does not fit, a loop."""
        refusal = check_method(message, self._context.profile)
        if refusal is not None:
            return refusal
        if message.to.tag:
            return _in_order(message, session)
        if self._transactions.merged(transaction):
            return Refusal(482, "merged-request")
        return None

    def _inside(
        self, message: Request, session: InviteSession, transaction: ServerTransaction, now: float
    ) -> None:
        if message.method == "BYE":
            session.remote_bye(message, transaction, now)
        elif message.method == "INVITE":
            transaction.owner = session
            session.reinvite(message, transaction, now)
        else:
            self._options(transaction, now)

    def _options(self, transaction: ServerTransaction, now: float) -> None:
        # Section 11.2
        headers = [
            ("Allow", self._context.profile.allow),
            ("Accept", "application/sdp"),
            ("Server", self.settings.server),
        ]
        transaction.reply(200, now, headers)

    def _invite(
        self, message: Request, transaction: ServerTransaction, flow: Flow, now: float
    ) -> None:
        if len(self._sessions) >= self.settings.limits.dialogs:
            self._refusals.refuse(message, transaction, Refusal(486, "too-many-calls"), now)
            return
        tag = message.to.tag or self._context.tokens.hex(8)
        transaction.to_tag = tag
        try:
            dialog = Dialog(message, tag, flow)
        except RemoteProtocolError:
            self._refusals.refuse(
                message, transaction, Refusal(400, "no-usable-contact-or-route"), now
            )
            return
        session = InviteSession(self._context, self, message, transaction, dialog)
        transaction.owner = session
        self._sessions[dialog.key] = session
        self._context.count("calls")
        self._context.report(IncomingCall(session))

    # --- transactions, and what the sessions need ------------------------------------------------

    def _open(
        self, message: Request, key: TransactionKey, flow: Flow, *, known: bool
    ) -> ServerTransaction | None:
        """A server transaction, or a refusal without state; calls in progress find room."""
        transaction = self._transactions.open(message, key, flow, known=known)
        if transaction is None:
            self._refusals.overloaded(message, flow)
        return transaction

    def _in_use(self, transaction: ServerTransaction) -> bool:
        owner = transaction.owner
        return isinstance(owner, InviteSession) and owner.dialog.key in self._sessions

    def start_bye(
        self, dialog: Dialog, headers: list[tuple[str, str]], now: float, done: DoneCallback
    ) -> None:
        """A BYE of ours (section 15.1.1): own Via and branch, the dialog's identity and route."""
        outgoing = dialog.outgoing()
        branch = COOKIE + self._context.tokens.hex(10)
        flow = outgoing.flow
        host = bracketed(self.settings.host_for(flow.local[0]))
        via = f"SIP/2.0/{flow.transport.upper()} {host}:{flow.local[1]};branch={branch};rport"
        lines = [
            *(("Route", route) for route in outgoing.routes),
            ("Max-Forwards", "70"),
            ("From", dialog.local),
            ("To", dialog.remote),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{dialog.next_cseq()} BYE"),
            *headers,
        ]
        data = request_bytes("BYE", outgoing.uri, via, lines)
        forget = self._transactions.forget_client
        transaction = ClientTransaction(self._context, "BYE", branch, data, flow, done, forget)
        self._transactions.start(transaction, now)

    def forget_session(self, session: InviteSession) -> None:
        """The session is over: its dialog matches nothing any more."""
        self._sessions.pop(session.dialog.key, None)


def _in_order(message: Request, session: InviteSession | None) -> Refusal | None:
    """Section 12.2.2: the dialog must be known, and CSeq must not go back."""
    if session is None:
        # The section lets us take up a dialog that we do not know. A phone that rings for the
        # re-INVITE of a call from before a restart helps nobody, so only senders from before
        # RFC 3261 (no magic cookie), whose tags mean little, get that.
        old = message.method == "INVITE" and not has_cookie(message)
        return None if old else Refusal(481, "no-dialog")
    dialog = session.dialog
    if message.cseq.number < dialog.remote_cseq:
        return Refusal(500, "cseq-out-of-order")
    dialog.remote_cseq = message.cseq.number
    return None
