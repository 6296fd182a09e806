"""One request of ours through all its tries: where to, over what, with which password.

The next hop is looked up (RFC 3263), each try is a transaction of its own with its own branch, a
hop that fails or stays silent loses the request to the next one (section 4.3 there), and a
challenge is answered once for each nonce that makes sense (RFC 3261 section 22.2). What is left
over, the user hears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from gateway.errors import RemoteProtocolError
from gateway.sip.client_transaction import (
    NO_RESPONSE,
    ClientTransaction,
    InviteClient,
    NonInviteClient,
)
from gateway.sip.context import Context
from gateway.sip.extension_headers import parse_retry_after
from gateway.sip.hops import Hops
from gateway.sip.message import Response
from gateway.sip.request_plan import Plan
from gateway.sip.request_text import RequestText
from gateway.sip.resting import LONGEST_REST_S, REST_S
from gateway.sip.serializer import reason_phrase
from gateway.sip.wire import Flow, Target

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

__all__ = ["ClientRequest", "Plan", "RequestHost", "RequestUser", "send_cancel"]

_WHYS: Final = 7  # failures that are remembered beside the last one
# RFC 3261 section 18.1.1: a request within 200 bytes of an unknown path MTU goes by TCP.
UDP_MOST: Final = 1300


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
    def leave_behind(self, transaction: InviteClient, credentials: Credentials | None) -> None:
        """An INVITE that nobody waits for any more: whatever answers it must be ended."""

    def public_address_changed(self, now: float) -> None:
        """Others see us at another address: tell the peers of calls."""


class ClientRequest:
    """Sends `plan` and tells `user` what becomes of it.

    `flow` is the path of the present try, `text` what was sent over it, `problem` why a challenge
    was not answered, in words.
    """

    __slots__ = (
        "_answered", "_cancelled", "_context", "_hop", "_hops", "_host", "_looking", "_number",
        "_refusal", "_silent", "_transaction", "_user", "_whys", "flow", "plan", "problem", "text",
    )  # fmt: skip

    def __init__(self, context: Context, host: RequestHost, plan: Plan, user: RequestUser) -> None:
        self._context = context
        self._host = host
        self._user = user
        self._number = 0
        self._transaction: ClientTransaction | None = None  # the present try, while there is one
        self._hop: Flow | None = None  # what it was made for, before a long request went by TCP
        self._hops = Hops(context.resting)  # where else it may go
        self._looking = False  # a look-up is under way
        self._silent = False  # the present try has had `failover_s` without any response
        self._answered = False
        self._cancelled = False
        self._refusal: Response | None = None
        self._whys: list[str] = []
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
        self._seek(self.plan.path, now)

    def again(self, now: float) -> None:
        """The same request to the same hop, changed as its headers say by now, under a new CSeq."""
        assert self._hop is not None
        self._number = self.plan.next_cseq()
        self._answered = False
        self._send(self._hop, now)

    def cancel(self, now: float) -> None:
        """Section 9.1: CANCEL, but not before the first provisional; without one, it waits."""
        if self._cancelled:
            return
        self._cancelled = True
        self._stay()
        if isinstance(self._transaction, InviteClient):
            send_cancel(self._host, self._transaction, now)
        else:
            self._failed_for("cancelled")
            self._give_up(now)

    @property
    def troubles(self) -> str:
        """What became of all hops, in words: the last one alone may hide the cause."""
        return "; ".join(dict.fromkeys(self._whys)) or "cancelled"

    def refusal(self, response: Response) -> str:
        """A final answer that is no success, in words for the owner."""
        status = response.status
        said = f"{status} {response.reason or reason_phrase(status)}"
        why = "redirected, and not followed" if status < 400 else ""
        if status in {401, 407}:
            why = self.problem
        return f"{said}: {why}" if why else said

    # --- what the stack reports ---------------------------------------------------------------

    def resolved(self, flows: list[Flow], now: float, reason: str) -> None:
        """The answer to our look-up."""
        self._looking = False
        if self._answered:
            return
        if not self._cancelled:
            self._hops.found(flows, now)
        if not flows:
            self._failed_for(reason or "no address found")
        if self._transaction is None:
            self._go_on(now)
        elif self._silent and self._hops:
            self._leave()
            self._go_on(now)

    def response(self, response: Response, now: float) -> None:
        """From our transaction; of a 2xx to an INVITE each repetition comes, too."""
        assert self.flow is not None
        self._context.deadlines.cancel(("failover", self))
        self._silent = False
        if self.plan.seen is not None:
            self.plan.seen(self.flow, response.vias[0], now)
        if response.status < 200:
            self._provisional(response, now)
        elif self._answered:
            self._user.response(self, response, now)
        elif response.status == 503:
            self._unavailable(response, now)
        elif response.status not in {401, 407} or not self._log_in(response, now):
            self._final(response, now)

    def failed(self, why: str, now: float) -> None:
        """From our transaction: silence for 64*T1, or the network refused."""
        assert self.flow is not None
        self._context.deadlines.cancel(("failover", self))
        if why == NO_RESPONSE:
            self._hops.mute(self.flow, now + REST_S)
        else:
            self._hops.broken(self.flow, now + REST_S)
        self._failed_for(why)
        self._transaction = None
        self._go_on(now)

    def timer(self, name: str, now: float) -> None:
        """Nothing was heard from this hop for `failover_s`."""
        if self._cancelled or self.flow is None or self._transaction is None:
            return
        self._silent = True
        self._failed_for(NO_RESPONSE)
        self._hops.mute(self.flow, now + REST_S)
        if self._hops:
            self._leave()
            self._go_on(now)
        else:
            self._fall_back(now)

    # --- responses ----------------------------------------------------------------------------

    def _provisional(self, response: Response, now: float) -> None:
        if isinstance(self._transaction, InviteClient):
            if self._cancelled:
                send_cancel(self._host, self._transaction, now)
            if response.status > 100:
                self._stay()  # somebody's phone rings
        self._user.response(self, response, now)

    def _unavailable(self, response: Response, now: float) -> None:
        """503: this host wants to be left alone (RFC 3263 section 4.3)."""
        assert self.flow is not None
        self._hops.unavailable(self.flow, now + _retry_after(response))
        self._refusal = response
        self._transaction = None
        self._go_on(now)

    def _final(self, response: Response, now: float) -> None:
        assert self.flow is not None
        self._answered = True
        self._hops.works(self.flow)
        credentials = self.plan.credentials_for(self.flow)
        if credentials is not None and response.status not in {401, 407}:
            credentials.answered(response)
        self._user.response(self, response, now)

    def _log_in(self, response: Response, now: float) -> bool:
        """Answer a challenge; False when that makes no sense, for the reason in `problem`."""
        if self._cancelled or self.flow is None:
            return False
        credentials = self.plan.credentials_for(self.flow)
        if credentials is None:
            self.problem = "a password is asked for, and none is configured"
            return False
        self.problem = credentials.challenged(response, now)
        if self.problem:
            return False
        self.again(now)
        return True

    # --- tries --------------------------------------------------------------------------------

    def _seek(self, way: Flow | Target, now: float) -> None:
        if isinstance(way, Flow):
            self.resolved([way], now, "")
        else:
            self._looking = True
            self._context.ask(way, self)

    def _fall_back(self, now: float) -> bool:
        """Look for another way than those that were found; whether there may be one."""
        way = self.plan.fallback
        if way is None:
            return self._looking
        self.plan = self.plan._replace(fallback=None)
        self._seek(way, now)
        return True

    def _stay(self) -> None:
        """Nobody else is asked."""
        self._hops.clear()
        self.plan = self.plan._replace(fallback=None)

    def _failed_for(self, why: str) -> None:
        self._whys = [*self._whys[-_WHYS:], why]

    def _leave(self) -> None:
        """Nobody waits for the present try any more."""
        transaction = self._transaction
        self._transaction = None
        if isinstance(transaction, InviteClient):
            self._host.leave_behind(transaction, self.plan.credentials)
        elif transaction is not None:
            transaction.abandon()

    def _go_on(self, now: float) -> None:
        """The present try is over: the next one, or the end."""
        hop = self._hops.take()
        if hop is not None:
            self._send(hop, now)
        elif not self._fall_back(now):
            self._give_up(now)

    def _give_up(self, now: float) -> None:
        self._answered = True
        if self._refusal is not None:
            self._user.response(self, self._refusal, now)
        else:
            self._user.failed(self, self._whys[-1] if self._whys else "cancelled", now)

    def _send(self, hop: Flow, now: float) -> None:
        self._hop = hop
        self._silent = False
        self._refusal = None
        self.flow, self.text = self._fitting(hop, now)
        kind = InviteClient if self.plan.method == "INVITE" else NonInviteClient
        self._transaction = kind(
            self._context, self.text, self.flow, self, self._host.forget_client
        )
        # A connection that the peer opened is a way that nothing found in DNS can better.
        if self._hops or (self.plan.fallback is not None and not hop.accepted):
            wait = self._context.settings.failover_s
            self._context.deadlines.set(("failover", self), now + wait)
        self._host.start_transaction(self._transaction, now)

    def _fitting(self, hop: Flow, now: float) -> tuple[Flow, RequestText]:
        """What is too long for UDP goes by TCP first (section 18.1.1), and by UDP after all where
        nobody listens there. Contact says UDP all the same: that is where we surely listen."""
        text = self.plan.text(self._context, hop, self._number)
        tcp = hop._replace(transport="tcp")
        long = hop.transport == "udp" and len(text.data()) > UDP_MOST
        if not long or self._context.resting.rests(tcp, now):
            return hop, text
        self._hops.keep(hop)
        return tcp, text._replace(via=self._context.via(tcp, text.branch))


def send_cancel(host: RequestHost, invite: InviteClient, now: float) -> None:
    """CANCEL an INVITE, if it is time for that."""
    cancel = invite.cancel(now)
    if cancel is not None:
        host.start_transaction(cancel, now)


def _retry_after(response: Response) -> float:
    """How long a hop that answered 503 is left in peace, in seconds."""
    try:
        return min(parse_retry_after(response.headers.get("retry-after") or ""), LONGEST_REST_S)
    except RemoteProtocolError:
        return REST_S
