"""One request of ours through all its tries: where to, over what, with which password.

The next hop is looked up (RFC 3263), each try is a transaction of its own with its own branch, a
hop that fails or stays silent loses the request to the next one (section 4.3 there), and a
challenge is answered once for each nonce that makes sense (RFC 3261 section 22.2). What is left
over, the user hears.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gateway.errors import RemoteProtocolError
from gateway.sip.client_transaction import (
    ClientTransaction,
    InviteClient,
    Nobody,
    NonInviteClient,
)
from gateway.sip.context import Context
from gateway.sip.extension_headers import parse_retry_after
from gateway.sip.headers import Via
from gateway.sip.message import Response
from gateway.sip.request_text import Lines, RequestText
from gateway.sip.resting import REST_S
from gateway.sip.serializer import bracketed
from gateway.sip.wire import Flow, Target

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

# RFC 3261 section 18.1.1: a request within 200 bytes of an unknown path MTU goes by TCP.
UDP_MOST: Final = 1300


class Plan(NamedTuple):
    """A request before it is known where it goes.

    `headers(flow)` gives all lines but Via, Max-Forwards, Route and CSeq; `body(flow)` what stands
    behind them. `fallback` is looked up when `path` is a connection that is gone. `seen` is told
    the top Via of each response, which says where we were seen from.
    """

    method: str
    uri: str
    path: Flow | Target
    next_cseq: Callable[[], int]
    headers: Callable[[Flow], Lines]
    routes: list[str] = []  # noqa: RUF012 (never written to)
    body: Callable[[Flow], bytes] | None = None
    credentials: Credentials | None = None
    fallback: Target | None = None
    seen: Callable[[Flow, Via, float], None] | None = None


class RequestUser(Protocol):
    """Who wanted the request."""

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """A response that no further try can better, provisional ones included."""

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No next hop is left; `why` in words."""


class RequestHost(Protocol):
    """What a request needs of its stack."""

    def start_transaction(self, transaction: ClientTransaction, now: float) -> None: ...
    def forget_client(self, transaction: ClientTransaction) -> None: ...
    def leave_behind(self, transaction: InviteClient) -> None:
        """An INVITE that nobody waits for any more: whatever answers it must be ended."""

    def public_address_changed(self, now: float) -> None:
        """Others see us at another address than before."""


class ClientRequest:
    """Sends `plan` and tells `user` what becomes of it.

    `flow` is the path of the present try, `text` what was sent over it, `problem` why a challenge
    was not answered, in words.
    """

    __slots__ = (
        "_cancel", "_context", "_hops", "_host", "_insisted", "_number", "_transaction", "_user",
        "_why", "flow", "plan", "problem", "text",
    )  # fmt: skip

    def __init__(self, context: Context, host: RequestHost, plan: Plan, user: RequestUser) -> None:
        self._context = context
        self._host = host
        self._user = user
        self._hops: list[Flow] = []
        self._number = 0
        self._transaction: ClientTransaction | None = None
        self._cancel = False
        self._why = ""
        self._insisted: Flow | None = None
        self.plan = plan
        self.flow: Flow | None = None
        self.text: RequestText | None = None
        self.problem = ""

    @property
    def invite(self) -> InviteClient:
        """The transaction of the present try, where the request is an INVITE."""
        assert isinstance(self._transaction, InviteClient)
        return self._transaction

    # --- what the user does -------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Look up the next hop and send."""
        self._number = self.plan.next_cseq()
        path = self.plan.path
        if isinstance(path, Flow):
            self._hops = [path]
            self._next(now)
        else:
            self._context.ask(path, self)

    def again(self, now: float) -> None:
        """The same request to the same hop, changed as its headers say by now, under a new CSeq."""
        assert self.flow is not None
        self._number = self.plan.next_cseq()
        self._send(self.flow, now)

    def cancel(self, now: float) -> None:
        """Section 9.1: CANCEL, but not before the first provisional; without one, it waits."""
        if self._cancel:
            return
        self._cancel = True
        self._hops = []
        if isinstance(self._transaction, InviteClient):
            send_cancel(self._context, self._host, self._transaction, now)
        else:
            self._user.failed(self, "cancelled", now)

    # --- what the stack reports ---------------------------------------------------------------

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The answer to our look-up."""
        if self._cancel:
            return
        if not flows:
            self._user.failed(self, reason or "no address found", now)
            return
        self._hops = self._context.resting.order(flows, now)
        self._next(now)

    def response(self, response: Response, now: float) -> None:
        """From our transaction."""
        assert self.flow is not None
        self._context.deadlines.cancel(("failover", self))
        if self.plan.seen is not None:
            self.plan.seen(self.flow, response.vias[0], now)
        if response.status < 200:
            if self._cancel and isinstance(self._transaction, InviteClient):
                send_cancel(self._context, self._host, self._transaction, now)
            self._user.response(self, response, now)
        elif response.status == 503 and self._hops:
            self._context.resting.rest(self.flow, now + _retry_after(response))
            self._next(now)
        elif response.status not in {401, 407} or not self._log_in(response, now):
            self._context.resting.works(self.flow)
            if response.status < 300 and self.plan.credentials is not None:
                self.plan.credentials.answered(response)
            self._user.response(self, response, now)

    def failed(self, why: str, now: float) -> None:
        """From our transaction: silence for 64*T1, or the network refused."""
        assert self.flow is not None
        self._context.deadlines.cancel(("failover", self))
        self._context.resting.rest(self.flow, now + REST_S)
        self._why = why
        if not self._hops and self.plan.fallback is not None and not self._cancel:
            target, self.plan = self.plan.fallback, self.plan._replace(fallback=None)
            self._context.ask(target, self)
            return
        self._next(now)

    def timer(self, name: str, now: float) -> None:
        """Nothing was heard from this hop for `failover_s`."""
        transaction = self._transaction
        if not self._hops or transaction is None or self.flow is None:
            return
        self._context.resting.rest(self.flow, now + REST_S)
        if isinstance(transaction, InviteClient):
            self._host.leave_behind(transaction)
        else:
            transaction.abandon()
        self._why = "no response"
        self._next(now)

    # --- tries --------------------------------------------------------------------------------

    def _next(self, now: float) -> None:
        if not self._hops or self._cancel:
            self._user.failed(self, self._why or "cancelled", now)
            return
        self._send(self._hops.pop(0), now)

    def _send(self, flow: Flow, now: float) -> None:
        branch = self._context.branch()
        text = self._text(flow, branch)
        if flow.transport == "udp" and len(text.data()) > UDP_MOST and flow != self._insisted:
            # By TCP first; by UDP after all where nobody listens there (section 18.1.1).
            self._insisted = flow
            self._hops.insert(0, flow)
            flow = flow._replace(transport="tcp")
            text = self._text(flow, branch)
        self.flow = flow
        self.text = text
        kind = InviteClient if text.method == "INVITE" else NonInviteClient
        transaction = kind(self._context, text, branch, flow, self, self._host.forget_client)
        self._transaction = transaction
        if self._hops:
            wait = self._context.settings.failover_s
            self._context.deadlines.set(("failover", self), now + wait)
        self._host.start_transaction(transaction, now)

    def _text(self, flow: Flow, branch: str) -> RequestText:
        plan, context = self.plan, self._context
        address = f"{bracketed(context.host_for(flow))}:{context.port_for(flow)}"
        via = f"SIP/2.0/{flow.transport.upper()} {address};branch={branch};rport"
        body = plan.body(flow) if plan.body is not None else b""
        credentials = plan.credentials
        lines = [
            *(("Route", route) for route in plan.routes),
            ("Max-Forwards", "70"),
            *plan.headers(flow),
            ("CSeq", f"{self._number} {plan.method}"),
            *(credentials.authorize(plan.method, plan.uri, body) if credentials else ()),
        ]
        return RequestText(plan.method, plan.uri, via, lines, self._number, body)

    def _log_in(self, response: Response, now: float) -> bool:
        """Answer a challenge; False when that makes no sense, for the reason in `problem`."""
        credentials = self.plan.credentials
        if credentials is None or self._cancel:
            self.problem = self.problem or "a password is asked for, and none is configured"
            return False
        self.problem = credentials.challenged(response, now)
        if self.problem:
            return False
        self.again(now)
        return True


def send_cancel(context: Context, host: RequestHost, invite: InviteClient, now: float) -> None:
    """CANCEL an INVITE that had a provisional answer: same hop, same branch (section 9.1)."""
    if invite.state != "proceeding":
        return
    invite.cancelled(now)
    branch, _ = invite.key
    cancel = NonInviteClient(
        context, invite.text.cancel(), branch, invite.flow, Nobody(), host.forget_client
    )
    host.start_transaction(cancel, now)


def _retry_after(response: Response) -> float:
    """How long a hop that answered 503 is left in peace, in seconds."""
    try:
        return parse_retry_after(response.headers.get("retry-after") or "")
    except RemoteProtocolError:
        return REST_S
