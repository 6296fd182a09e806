"""The user agent: messages and time in, messages and events out. It opens and waits for nothing."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import RegistrationStatus
from gateway.sip.client_transaction import ClientTransaction, InviteClient
from gateway.sip.context import Context, Resolvable
from gateway.sip.dialog import DialogKey
from gateway.sip.dialog_requests import Acknowledgement
from gateway.sip.digest_client import Credentials
from gateway.sip.dispatch import Dispatch
from gateway.sip.events import Event
from gateway.sip.invite import InviteSession
from gateway.sip.matching import dialog_key, transaction_key
from gateway.sip.media import LocalMedia
from gateway.sip.message import Request, Response
from gateway.sip.outgoing_call import OutgoingCall
from gateway.sip.parser import parse
from gateway.sip.placing import Wish, plan_call
from gateway.sip.providers import Providers
from gateway.sip.refusals import Refusals
from gateway.sip.reroute import Reroute
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session import Session
from gateway.sip.sessions import Sessions
from gateway.sip.settings import StackSettings, Tokens
from gateway.sip.stray import Stray
from gateway.sip.transactions import Transactions
from gateway.sip.wire import Datagram, Flow, Lookup


class Stack:
    """A SIP user agent without sockets, clock or randomness."""

    def __init__(self, settings: StackSettings, tokens: Tokens) -> None:
        self._context = Context(settings, tokens)
        self._sessions = Sessions()
        self._transactions = Transactions(self._context, self._sessions.in_use)
        self._refusals = Refusals(self._context, tokens.hex(16))
        self._providers = Providers(self._context, self)
        self._dispatch = Dispatch(
            self._context, self, self._transactions, self._sessions, self._providers, self._refusals
        )

    # --- the sans-IO interface ----------------------------------------------------------------

    @property
    def settings(self) -> StackSettings:
        """What is configured; a new value holds from the next message on, but for the accounts."""
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
        """Whether a process that stops should wait for a peer's word."""
        return bool(self._sessions) or self._transactions.busy or self._providers.busy

    @property
    def registrations(self) -> list[RegistrationStatus]:
        """How each account's registration fares."""
        return self._providers.registrations

    def start(self, now: float) -> None:
        """Begin to register; before this, nothing is ever sent unasked."""
        self._providers.start(now)

    def unregister(self, now: float) -> None:
        """Take all registrations back."""
        self._providers.unregister(now)

    def finish(self, now: float) -> None:
        """We are leaving: BYE at once where it still waits for an ACK.

        Section 15 gives the ACK 64*T1, which a process that stops does not have; without the BYE
        the peer would keep a call to nowhere.
        """
        for session in self._sessions.all():
            session.give_up_waiting(now)

    def receive(self, data: bytes, flow: Flow, now: float, *, known: bool = True) -> None:
        """Take one message. Never raises, whatever the bytes are.

        `known`: the source is in the allow-list. Of others, only answers to what we asked count,
        what belongs to a call that is up, and requests of whom we vouch for: registrars and trunks.
        """
        context = self._context
        context.count("received")
        if not data.strip(b"\r\n\0 "):
            # RFC 5626 section 3.5.1 and older habits: a keep-alive, which UDP does not answer.
            context.count("keepalives")
            return
        allowed = known or context.trust.may_ask(flow.remote[0])
        limits = context.settings.limits
        try:
            message = parse(data, max_bytes=limits.message_bytes, max_headers=limits.headers)
            if flow.reliable and "content-length" not in message.headers:
                # Section 20.14: without it, a stream cannot be divided into messages.
                raise RemoteProtocolError("no Content-Length on a stream")
        except RemoteProtocolError as error:
            if allowed:
                self._refusals.malformed(data, flow, error)
            return
        if isinstance(message, Response):
            self._response(message, flow, now)
        elif allowed or self._expected(message, flow):
            self._dispatch.request(message, flow, now)
        else:
            context.count("unwanted_requests")

    def _expected(self, request: Request, flow: Flow) -> bool:
        """Whether a request belongs to something that is going on: a call, or a repetition."""
        if not self.admits(flow.remote[0]):
            return False
        if request.to.tag and self._sessions.get(dialog_key(request)) is not None:
            return True
        key = transaction_key(request)
        if request.method == "CANCEL":
            key = (*key[:-1], "INVITE")
        return self._transactions.server(key) is not None

    def next_event(self) -> Event | None:
        """The next event, or None."""
        events = self._context.events
        return events.popleft() if events else None

    def to_send(self) -> list[Datagram]:
        """Everything that is to be sent now, in order; the queue is empty afterwards."""
        datagrams = self._context.datagrams
        self._context.datagrams = []
        return datagrams

    def to_resolve(self) -> list[Lookup]:
        """Every question that is to be answered by `resolved`; the queue is empty afterwards."""
        lookups = self._context.lookups
        self._context.lookups = []
        return lookups

    def resolved(self, key: object, flows: list[Flow], now: float, reason: str = "") -> None:
        """The answer to a look-up: flows, best first, or none and a reason in words."""
        asker: Resolvable = key  # type: ignore[assignment]
        asker.resolved(flows, now, reason)

    def next_deadline(self) -> float | None:
        """When `handle_deadline` wants to be called, or None."""
        return self._context.deadlines.next()

    def handle_deadline(self, now: float) -> None:
        """Run every timer that is due, and none that an earlier one has cancelled."""
        while (due := self._context.deadlines.pop(now)) is not None:
            name, owner = due
            owner.timer(name, now)

    def transport_failed(self, key: object, reason: str, now: float) -> None:
        """A message could not be sent; `key` is the one it carried."""
        self._context.count("transport_failed")
        if isinstance(key, ServerTransaction):
            if isinstance(key.owner, InviteSession):
                key.owner.problem = reason
            key.unreachable(reason, now)
        elif isinstance(key, ClientTransaction):
            key.feed("transport", now, reason)
        elif isinstance(key, Acknowledgement):
            key.unsent()

    def connection_lost(self, flow: Flow, now: float) -> None:
        """A connection that was up is gone."""
        self._transactions.connection_lost(flow, now)
        self._providers.connection_lost(flow, now)

    def addresses_changed(self, now: float) -> None:
        """Our own addresses are others, or others see us elsewhere (STUN, a new name)."""
        self._providers.network_changed(now)
        self.public_address_changed(now)
        for session in self._sessions.all():
            Reroute(self._context, session).start()

    def learned(self, flow: Flow, host: str, port: int, now: float) -> None:
        """A STUN server saw us at `host:port` on that flow's listener."""
        if self._context.public.learn(self.settings, flow, host, port, stun=True):
            self.public_address_changed(now)

    # --- who is let in, and what is kept open ---------------------------------------------------

    def admits(self, host: str) -> bool:
        """Whether messages of a host outside the allow-list are worth reading."""
        return self._context.trust.admits(host)

    def uses(self, flow: Flow) -> bool:
        """Whether a call, a registration or a request lives on that connection."""
        return (
            flow in self._providers.flows
            or self._sessions.use(flow)
            or self._transactions.uses(flow)
        )

    def live_flows(self) -> list[Flow]:
        """The paths that registrations and calls live on: our address on them must stay ours."""
        return list(dict.fromkeys([*self._providers.flows, *self._sessions.flows]))

    def keepalive_flows(self) -> list[Flow]:
        """The paths that a NAT in between must not forget."""
        calls = self._sessions.kept_open(self._providers.keeps)
        return list(dict.fromkeys([*self._providers.kept_open, *calls]))

    def host_for(self, local: str, remote: str = "") -> str:
        """What SDP says for our address `local` to a peer at `remote`."""
        return self._context.public.host(self.settings, local, remote)

    # --- calls of ours --------------------------------------------------------------------------

    def local_address(self, account: str | None) -> str | None:
        """The address that calls of an account leave from; None where that is not known yet."""
        flow = self._providers[account].flow if account is not None else None
        return flow.local[0] if flow is not None else None

    def place_call(
        self,
        to: str,
        account: str | None,
        local: LocalMedia,
        now: float,
        *,
        private: bool = False,
        replaces: str = "",
        referred_by: str = "",
    ) -> OutgoingCall:
        """Call a number or a URI. Raises ConfigError for an account that does not exist, and
        LocalProtocolError for what cannot be called."""
        provider = self._providers[account] if account is not None else None
        wish = Wish(to, private, replaces, referred_by)
        plan = plan_call(self._context, provider, wish)
        credentials = provider.credentials if provider is not None else None
        call = OutgoingCall(self._context, self, plan, local, credentials)
        self._context.count("calls_placed")
        call.start(now)
        return call

    # --- messages ---------------------------------------------------------------------------

    def _response(self, message: Response, flow: Flow, now: float) -> None:
        transaction = self._transactions.client(message)
        # By the address that we asked, too: a branch is no secret on the way.
        if transaction is None or transaction.flow.remote[0] != flow.remote[0]:
            self._context.count("unmatched_responses")
        else:
            transaction.received(message, now)

    # --- what sessions, registrations and requests need -----------------------------------------

    def start_transaction(self, transaction: ClientTransaction, now: float) -> None:
        """A request of ours leaves."""
        self._transactions.start(transaction, now)

    def forget_client(self, transaction: ClientTransaction) -> None:
        """A request of ours is over."""
        self._transactions.forget_client(transaction)

    def leave_behind(self, transaction: InviteClient, credentials: Credentials | None) -> None:
        """An INVITE that nobody waits for any more: whatever answers it is ended."""
        transaction.hand_over(Stray(self._context, self, transaction, credentials))

    def public_address_changed(self, now: float) -> None:
        """Registrars, and peers of calls that are up, hear of our new address."""
        self._context.count("address_changes")
        self._providers.readdress(now)
        for session in self._sessions.all():
            session.readdress(now)

    def know_session(self, session: Session, key: DialogKey | None) -> None:
        """Requests of this dialog are the session's; None: it has none yet."""
        self._sessions.know(session, key)

    def forget_session(self, session: Session) -> None:
        """The session is over: its dialogs match nothing any more."""
        self._sessions.forget(session)
