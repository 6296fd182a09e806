"""The user agent: datagrams and time in, datagrams and events out. It opens and waits for nothing.

Order of a request: match a transaction (a retransmission ends there), then a dialog, then the
checks of `admission`, then the method's own handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gateway.errors import RemoteProtocolError
from gateway.sip.admission import Refusal, check, check_method
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog, DialogKey
from gateway.sip.events import AuthFailed, Event, IncomingCall, Malformed, Refused
from gateway.sip.invite import DoneCallback, InviteSession
from gateway.sip.message import Request, Response
from gateway.sip.parser import parse
from gateway.sip.salvage import salvage
from gateway.sip.serializer import custom_headers, reason_phrase, response
from gateway.sip.serializer import request as request_bytes
from gateway.sip.settings import HeaderFacts, StackSettings, Tokens
from gateway.sip.transaction import ClientTransaction, ServerTransaction
from gateway.sip.wire import Datagram, Flow

if TYPE_CHECKING:
    from gateway.sip.digest import Digest

TransactionKey = tuple[str, ...]
MergeKey = tuple[str, str, str]

_COOKIE: Final = "z9hG4bK"
# How many of the oldest transactions are looked at when room is needed: bounded work a packet.
_EVICTION_LOOK: Final = 32


class Stack:
    """A SIP user agent without sockets, clock or randomness."""

    def __init__(self, settings: StackSettings, tokens: Tokens) -> None:
        self._context = Context(settings, tokens)
        self._server: dict[TransactionKey, ServerTransaction] = {}
        self._client: dict[str, ClientTransaction] = {}
        self._merged: dict[MergeKey, ServerTransaction] = {}
        self._sessions: dict[DialogKey, InviteSession] = {}
        self._digest: Digest | None = None
        self._secret = tokens.hex(32)

    # --- the sans-IO interface -------------------------------------------------------------------

    @property
    def settings(self) -> StackSettings:
        """What is configured; a new value holds from the next message on."""
        return self._context.settings

    @settings.setter
    def settings(self, settings: StackSettings) -> None:
        if settings.auth != self._context.settings.auth:
            self._digest = None
        self._context.settings = settings

    @property
    def counters(self) -> Mapping[str, int]:
        """Totals since the start, and how many transactions and sessions there are now."""
        return {
            **self._context.counters,
            "transactions": len(self._server) + len(self._client),
            "dialogs": len(self._sessions),
        }

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
            self._malformed(data, flow, error)
            return
        if isinstance(message, Response):
            self._response(message, now)
        elif isinstance(message, Request):
            self._request(message, flow, now)

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
        for name, owner in self._context.deadlines.pop_due(now):
            owner.timer(name, now)

    def transport_failed(self, key: object, reason: str, now: float) -> None:
        """A datagram could not be sent; `key` is the one it carried."""
        self._context.count("transport_failed")
        if isinstance(key, ServerTransaction):
            if isinstance(key.owner, InviteSession):
                key.owner.transport_problem = reason
            key.feed("transport", now)
        elif isinstance(key, ClientTransaction):
            key.feed("transport", now)

    # --- responses -----------------------------------------------------------------------------

    def _response(self, message: Response, now: float) -> None:
        # Section 17.1.3: by the branch of the top Via and the method in CSeq; and section 18.1.2:
        # a response with more than our one Via was not meant for us.
        transaction = self._client.get(message.vias[0].branch)
        if (
            transaction is None
            or len(message.vias) != 1
            or message.cseq.method != transaction.method
        ):
            self._context.count("unmatched_responses")
            return
        transaction.received(message, now)

    # --- requests ------------------------------------------------------------------------------

    def _request(self, message: Request, flow: Flow, now: float) -> None:
        key = transaction_key(message)
        transaction = self._server.get(key)
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
        invite = self._server.get((*key[:-1], "INVITE"))
        transaction = self._open(message, key, flow, now)
        if transaction is None:
            return
        if invite is None:
            self._refuse(transaction, Refusal(481, "no-transaction"), now)
            return
        transaction.to_tag = invite.to_tag
        transaction.reply(200, now, [("Server", self.settings.server)])
        if not invite.answered and isinstance(invite.owner, InviteSession):
            invite.owner.cancelled(message, now)

    def _new_request(self, message: Request, key: TransactionKey, flow: Flow, now: float) -> None:
        session = self._sessions.get(dialog_key(message)) if message.to.tag else None
        transaction = self._open(message, key, flow, now, known=session is not None)
        if transaction is None:
            return
        if message.method == "INVITE":
            transaction.reply(100, now, _timestamp(message))
        refusal = check_method(message, self._context.profile)
        if refusal is None and message.to.tag:
            refusal = self._in_dialog(message, session)
        elif refusal is None:
            refusal = self._merge(message, transaction, now)
        if refusal is None:
            refusal = check(message, self._context.profile)
        if refusal is not None:
            self._refuse(transaction, refusal, now)
        elif session is not None:
            self._dispatch_in_dialog(session, transaction, now)
        elif message.method == "INVITE":
            self._invite(message, transaction, flow, now)
        elif message.method == "OPTIONS":
            self._options(transaction, now)
        else:
            # BYE without a To-tag: no dialog can be meant.
            self._refuse(transaction, Refusal(481, "no-dialog"), now)

    def _in_dialog(self, message: Request, session: InviteSession | None) -> Refusal | None:
        if session is None:
            # Section 12.2.2 lets us take up a dialog that we do not know. A phone that rings for
            # the re-INVITE of a call from before a restart helps nobody, so only senders from
            # before RFC 3261 (no magic cookie), whose tags mean little, get that.
            old = message.method == "INVITE" and not has_cookie(message)
            return None if old else Refusal(481, "no-dialog")
        dialog = session.dialog
        # Section 12.2.2: a lower number is out of order.
        if message.cseq.number < dialog.remote_cseq:
            return Refusal(500, "cseq-out-of-order")
        dialog.remote_cseq = message.cseq.number
        return None

    def _dispatch_in_dialog(
        self, session: InviteSession, transaction: ServerTransaction, now: float
    ) -> None:
        method = transaction.request.method
        transaction.owner = session
        if method == "BYE":
            session.remote_bye(transaction, now)
        elif method == "INVITE":
            session.reinvite(transaction, now)
        else:
            self._options(transaction, now)

    def _merge(
        self, message: Request, transaction: ServerTransaction, now: float
    ) -> Refusal | None:
        """Section 8.2.2.2: the same request by another way (another branch) is a loop."""
        key = merge_key(message)
        if self._merged.setdefault(key, transaction) is not transaction:
            return Refusal(482, "merged-request")
        return None

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
        if not self._authenticated(message, transaction, flow, now):
            return
        if len(self._sessions) >= self.settings.limits.dialogs:
            self._refuse(transaction, Refusal(486, "too-many-calls"), now)
            return
        tag = message.to.tag or self._context.tokens.hex(8)
        transaction.to_tag = tag
        try:
            dialog = Dialog(message, tag, flow)
        except RemoteProtocolError:
            self._refuse(transaction, Refusal(400, "malformed-route"), now)
            return
        session = InviteSession(self._context, self, transaction, dialog, flow)
        transaction.owner = session
        self._sessions[dialog.key] = session
        self._context.count("calls")
        self._context.report(IncomingCall(session))

    # --- authentication ------------------------------------------------------------------------

    def _authenticated(
        self, message: Request, transaction: ServerTransaction, flow: Flow, now: float
    ) -> bool:
        auth = self.settings.auth
        if auth is None:
            return True
        if self._digest is None:
            from gateway.sip.digest import Digest  # noqa: PLC0415 (hashlib only where it is used)

            self._digest = Digest(auth, self._secret, self._context.tokens)
        verdict = self._digest.check(message, now)
        if verdict.why:
            self._context.count("auth_failed")
            self._context.report(AuthFailed(flow, verdict.username, verdict.why))
        if verdict.accepted:
            return True
        if verdict.challenge is None:
            self._refuse(transaction, Refusal(403, "wrong-credentials"), now)
        else:
            self._context.count("challenged")
            headers = [verdict.challenge, ("Server", self.settings.server)]
            transaction.reply(self._digest.status, now, headers)
        return False

    # --- refusing ------------------------------------------------------------------------------

    def _refuse(self, transaction: ServerTransaction, refusal: Refusal, now: float) -> None:
        facts = HeaderFacts(status=str(refusal.status), reason=refusal.why)
        headers = [
            *refusal.headers,
            ("Server", self.settings.server),
            *custom_headers(self.settings.final_headers(facts)),
        ]
        transaction.reply(refusal.status, now, headers)
        request = transaction.request
        self._report_refused(transaction.flow, request.method, refusal, request.call_id)

    def _report_refused(self, flow: Flow, method: str, refusal: Refusal, call_id: str) -> None:
        self._context.count("refused")
        self._context.report(Refused(flow, method, refusal.status, refusal.why, call_id))

    def _malformed(self, data: bytes, flow: Flow, error: RemoteProtocolError) -> None:
        """Answer a bad request once, without state (section 8.2.7), or drop what has no answer."""
        self._context.count("malformed")
        self._context.report(Malformed(flow, error, len(data)))
        saved = salvage(data, flow.remote)
        if saved is None:
            return
        self._stateless(
            flow._replace(remote=(flow.remote[0], saved.port)),
            error.status_hint,
            saved.head,
            _tagged(saved.to, self._context.tokens),
        )

    def _stateless(self, flow: Flow, status: int, head: str, to: str) -> None:
        facts = HeaderFacts(status=str(status), reason=reason_phrase(status).lower())
        headers = [
            ("Server", self.settings.server),
            *custom_headers(self.settings.final_headers(facts)),
        ]
        data = response(status, reason_phrase(status), head, to, headers)
        self._context.send(data, flow)

    # --- transactions and what the sessions need -------------------------------------------------

    def _open(
        self,
        message: Request,
        key: TransactionKey,
        flow: Flow,
        now: float,
        *,
        known: bool = False,
    ) -> ServerTransaction | None:
        """A server transaction, or None when there is no room. Calls in progress go first."""
        if (
            len(self._server) >= self.settings.limits.transactions
            and not self._evict()
            and not known
        ):
            self._overloaded(message, flow)
            return None
        merged = merge_key(message)

        def forget() -> None:
            self._server.pop(key, None)
            if self._merged.get(merged) is transaction:
                del self._merged[merged]

        transaction = ServerTransaction(
            self._context, message, flow, reply_flow(message, flow), forget
        )
        self._server[key] = transaction
        return transaction

    def _evict(self) -> bool:
        """Forget the oldest transaction that has its final answer and no call behind it."""
        for _, transaction in zip(range(_EVICTION_LOOK), self._server.values(), strict=False):
            owner = transaction.owner
            live = isinstance(owner, InviteSession) and owner.dialog.key in self._sessions
            if transaction.answered and not live:
                transaction.abandon()
                self._context.count("evicted")
                return True
        return False

    def _overloaded(self, message: Request, flow: Flow) -> None:
        """Section 21.5.4: without state, so that a flood costs nothing that lasts."""
        self._context.count("overloaded")
        if message.method != "INVITE":
            return
        from gateway.sip.serializer import reply_head  # noqa: PLC0415

        to = message.headers.get("to") or ""
        head = reply_head(message, flow.remote) + "Retry-After: 5\r\n"
        if not message.to.tag:
            to = _tagged(to, self._context.tokens)
        self._stateless(reply_flow(message, flow), 503, head, to)

    def start_bye(
        self, dialog: Dialog, headers: list[tuple[str, str]], now: float, done: DoneCallback
    ) -> None:
        """A BYE of ours (section 15.1.1): own Via and branch, the dialog's identity and route."""
        outgoing = dialog.outgoing()
        branch = _COOKIE + self._context.tokens.hex(10)
        host, port = outgoing.flow.local
        host = self.settings.public_host or host
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        via = f"SIP/2.0/{outgoing.flow.transport.upper()} {host}:{port};branch={branch};rport"
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

        def forget() -> None:
            self._client.pop(branch, None)

        transaction = ClientTransaction(
            self._context, "BYE", branch, data, outgoing.flow, done,
            forget,
        )  # fmt: skip
        self._client[branch] = transaction
        transaction.start(now)

    def forget_session(self, session: InviteSession) -> None:
        """The session is over: its dialog matches nothing any more."""
        self._sessions.pop(session.dialog.key, None)


def transaction_key(message: Request) -> TransactionKey:
    """What a request matches a server transaction by (section 17.2.3).

    An ACK shares the key of its INVITE. Without the magic cookie (RFC 2543) the Request-URI, the
    From-tag, Call-ID, CSeq number and the whole top Via stand in for the branch.
    """
    via = message.vias[0]
    method = "INVITE" if message.method == "ACK" else message.method
    if has_cookie(message):
        return (via.branch, via.sent_by, method)
    identity = (str(message.uri), message.from_.tag, message.call_id, str(message.cseq.number))
    return ("", *identity, str(via), method)


def has_cookie(message: Request) -> bool:
    """Whether the top branch is one of RFC 3261, with something after the magic cookie."""
    branch = message.vias[0].branch
    return branch.startswith(_COOKIE) and len(branch) > len(_COOKIE)


def dialog_key(message: Request) -> DialogKey:
    """The dialog that a request of the peer names: Call-ID, our tag, their tag."""
    return (message.call_id, message.to.tag, message.from_.tag)


def merge_key(message: Request) -> MergeKey:
    """What makes two requests the same whatever way they came."""
    cseq = message.cseq
    return (message.call_id, message.from_.tag, f"{cseq.number} {cseq.method}")


def reply_flow(message: Request, flow: Flow) -> Flow:
    """Where responses go (section 18.2.2, RFC 3581 section 4): always to the host they came from.

    maddr is not obeyed: it would let a stranger aim our answers at someone else.
    """
    via = message.vias[0]
    if flow.reliable or via.wants_rport:
        return flow
    port = via.port or 5060
    return flow if port == flow.remote[1] else flow._replace(remote=(flow.remote[0], port))


def _tagged(to: str, tokens: Tokens) -> str:
    return to if ";tag=" in to.replace(" ", "").lower() else f"{to};tag={tokens.hex(8)}"


def _timestamp(message: Request) -> list[tuple[str, str]]:
    # Section 8.2.6.1: 100 gives a Timestamp back.
    value = message.headers.get("timestamp")
    return [] if value is None else [("Timestamp", value)]
