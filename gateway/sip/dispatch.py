"""Requests of peers: what each belongs to, and who acts on it.

In this order: a transaction (a retransmission ends there), a dialog, who asks, the checks of
`admission`, the method's own handler.
"""

from __future__ import annotations

from gateway.errors import RemoteProtocolError
from gateway.sip.admission import Refusal, check, check_method
from gateway.sip.authentication import Authentication
from gateway.sip.call_headers import abilities
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.events import IncomingCall
from gateway.sip.invite import InviteSession
from gateway.sip.matching import TransactionKey, dialog_key, has_cookie, transaction_key
from gateway.sip.message import Request
from gateway.sip.message_waiting import PACKAGE
from gateway.sip.providers import Providers
from gateway.sip.refusals import Refusals
from gateway.sip.replaces import find_replaced
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session, SessionHost
from gateway.sip.sessions import Sessions
from gateway.sip.settings import PROFILES, Profile
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Flow


class Dispatch:
    """Takes requests to where they belong; new calls are reported as IncomingCall."""

    def __init__(
        self,
        context: Context,
        host: SessionHost,
        transactions: Transactions,
        sessions: Sessions,
        providers: Providers,
        refusals: Refusals,
    ) -> None:
        self._context = context
        self._host = host
        self._transactions = transactions
        self._sessions = sessions
        self._providers = providers
        self._refusals = refusals
        self._authentication = Authentication(context, refusals)

    def request(self, message: Request, flow: Flow, now: float) -> None:
        """A request of a peer that may ask. What is wrong with it is answered."""
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
        transaction.reply(200, now, [("Server", self._context.settings.server)])
        if not invite.answered and isinstance(invite.owner, InviteSession):
            invite.owner.cancelled(message, now)

    def _new_request(self, message: Request, key: TransactionKey, flow: Flow, now: float) -> None:
        session = self._sessions.get(dialog_key(message)) if message.to.tag else None
        # Section 8.2 asks who calls before it looks at headers; a dialog vouches for itself, and a
        # registrar for what it sends to the user that is registered there.
        stranger = session is None and message.method == "INVITE" and _begins_a_call(message)
        asked = stranger and not self._providers.vouches(message, flow)
        if asked and not self._authentication.passes(message, flow, now):
            return
        transaction = self._open(message, key, flow, known=session is not None)
        if transaction is None:
            return
        if message.method == "INVITE":
            transaction.trying(now, message.headers.get("timestamp"))
        profile = self._profile(message, session, flow)
        refusal = self._misplaced(message, session, transaction, profile, flow, now)
        if transaction.answered:
            return
        refusal = refusal or check(message, profile)
        if refusal is not None:
            self._refusals.refuse(message, transaction, refusal, now)
        elif session is not None:
            session.came_by(flow)
            session.inside(message, transaction, now)
        elif message.method == "INVITE":
            self._invite(message, transaction, flow, profile, now)
        elif message.method == "OPTIONS":
            self._options(transaction, profile, now)
        else:
            # BYE and the like without a To-tag: no dialog can be meant.
            self._refusals.refuse(message, transaction, Refusal(481, "no-dialog"), now)

    def _misplaced(
        self,
        message: Request,
        session: Session | None,
        transaction: ServerTransaction,
        profile: Profile,
        flow: Flow,
        now: float,
    ) -> Refusal | None:
        """A method that is not offered, a dialog that does not fit, a loop."""
        method = message.method
        if method == "NOTIFY" and session is None:
            status = self._providers.notified(message, flow, now)
            if status is not None:
                # RFC 6665 section 8.2.2: a 489 says which packages there are.
                known = [("Allow-Events", PACKAGE)] if status == 489 else []
                server = ("Server", self._context.settings.server)
                transaction.reply(status, now, [server, *known])
                return None
        refusal = check_method(message, profile)
        if refusal is not None and (session is None or not session.takes(method)):
            return refusal
        if message.to.tag:
            return _in_order(message, session)
        if self._transactions.merged(transaction):
            return Refusal(482, "merged-request")
        return None

    def _profile(self, message: Request, session: Session | None, flow: Flow) -> Profile:
        """What is offered to whom: by the call, by the account that it is for, by the source."""
        if session is not None:
            return session.profile
        named = self._providers.profile(message, flow)
        return PROFILES[named] if named else self._context.profile_for(flow.remote[0])

    def _options(self, transaction: ServerTransaction, profile: Profile, now: float) -> None:
        server = ("Server", self._context.settings.server)
        transaction.reply(200, now, [*abilities(profile), server])

    def _invite(
        self,
        message: Request,
        transaction: ServerTransaction,
        flow: Flow,
        profile: Profile,
        now: float,
    ) -> None:
        if len(self._sessions) >= self._context.settings.limits.dialogs:
            self._context.count("too_many_calls")
            self._refusals.refuse(message, transaction, Refusal(486, "too-many-calls"), now)
            return
        tag = message.to.tag or self._context.tokens.hex(8)
        transaction.to_tag = tag
        replaced: Session | None = None
        try:
            dialog = Dialog(message, tag, flow)
            if profile.offers("replaces"):
                replaced = find_replaced(message, self._sessions)
        except RemoteProtocolError as error:
            why = Refusal(error.status_hint, str(error).replace(" ", "-")[:60])
            self._refusals.refuse(message, transaction, why, now)
            return
        session = InviteSession(self._context, self._host, message, transaction, dialog, profile)
        if session.expiry.too_small_for_us(message):
            session.refuse_early(422, session.expiry.least, now)
            return
        session.account = self._providers.brings(message, flow)
        session.replaces = replaced
        session.login_info = self._authentication.info_headers(message, now)
        transaction.owner = session
        self._context.count("calls")
        self._context.report(IncomingCall(session))

    def _open(
        self, message: Request, key: TransactionKey, flow: Flow, *, known: bool
    ) -> ServerTransaction | None:
        """A server transaction, or a refusal without state; calls in progress find room."""
        transaction = self._transactions.open(message, key, flow, known=known)
        if transaction is None:
            self._refusals.overloaded(message, flow)
        return transaction


def _begins_a_call(invite: Request) -> bool:
    """Whether an INVITE without a dialog of ours may make a phone ring."""
    return not invite.to.tag or not has_cookie(invite)


def _in_order(message: Request, session: Session | None) -> Refusal | None:
    """Section 12.2.2: the dialog must be known, and CSeq must not go back."""
    if session is None:
        # The section lets us take up a dialog that we do not know. A phone that rings for the
        # re-INVITE of a call from before a restart helps nobody, so only senders from before
        # RFC 3261 (no magic cookie), whose tags mean little, get that.
        begins = message.method == "INVITE" and _begins_a_call(message)
        return None if begins else Refusal(481, "no-dialog")
    if not session.in_order(message):
        return Refusal(500, "cseq-out-of-order")
    return None
