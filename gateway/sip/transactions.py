"""Every transaction of one stack: found by key, bounded in number, forgotten when over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.sip.client_transaction import ClientTransaction
from gateway.sip.context import Context
from gateway.sip.matching import MergeKey, TransactionKey, reply_flow
from gateway.sip.message import Request, Response
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.wire import Flow

# How many of the oldest are forgotten for one that is large: bounded work a packet.
_EVICTIONS: Final = 32
# What the header of a request may weigh before it counts for more than one, in bytes: 64 KB in one
# datagram are allowed, a thousand of them would be too many.
_USUAL_BYTES: Final = 4096


class Transactions:
    """Server and client transactions. `in_use` says which finished ones must stay all the same."""

    def __init__(self, context: Context, in_use: Callable[[ServerTransaction], bool]) -> None:
        self._context = context
        self._in_use = in_use
        self._bytes = 0
        self._server: dict[TransactionKey, ServerTransaction] = {}
        self._client: dict[tuple[str, str], ClientTransaction] = {}
        self._by_merge: dict[MergeKey, ServerTransaction] = {}

    def __len__(self) -> int:
        return len(self._server) + len(self._client)

    @property
    def busy(self) -> bool:
        """Whether an answer of ours is unacknowledged or a request of ours unanswered."""
        if any(transaction.unacknowledged for transaction in self._server.values()):
            return True
        return any(transaction.waiting for transaction in self._client.values())

    def server(self, key: TransactionKey) -> ServerTransaction | None:
        """The server transaction under `key`."""
        return self._server.get(key)

    def client(self, message: Response) -> ClientTransaction | None:
        """The client transaction that a response belongs to (RFC 3261 section 17.1.3).

        By the branch of the top Via and the method in CSeq; and a response with more than our one
        Via was not meant for us (section 8.1.3.3).
        """
        if len(message.vias) != 1:
            return None
        return self._client.get((message.vias[0].branch, message.cseq.method))

    def open(
        self, message: Request, key: TransactionKey, flow: Flow, *, known: bool
    ) -> ServerTransaction | None:
        """A server transaction; None when there is no room. Calls that are up (`known`) find some
        that newcomers do not."""
        transaction = ServerTransaction(
            self._context, message, flow, reply_flow(message, flow), self._forget_server, key
        )
        if not self._room_for(transaction.size, 2 if known else 1):
            transaction.abandon()
            return None
        self._server[key] = transaction
        self._bytes += transaction.size
        return transaction

    def merged(self, transaction: ServerTransaction) -> bool:
        """Whether the same request is already here by another way (section 8.2.2.2)."""
        return self._by_merge.setdefault(transaction.merge_key, transaction) is not transaction

    def unmerge(self, transaction: ServerTransaction) -> None:
        """Let the same request come again, as after a challenge by clients that keep their CSeq."""
        if self._by_merge.get(transaction.merge_key) is transaction:
            del self._by_merge[transaction.merge_key]

    def start(self, transaction: ClientTransaction, now: float) -> None:
        """Take in a client transaction and send its request."""
        self._client[transaction.key] = transaction
        transaction.start(now)

    def forget_client(self, transaction: ClientTransaction) -> None:
        """A client transaction is over."""
        self._client.pop(transaction.key, None)

    def connection_lost(self, flow: Flow, now: float) -> None:
        """Requests that wait for an answer on that connection have failed (section 18.4)."""
        for transaction in [one for one in self._client.values() if one.flow == flow]:
            transaction.disconnected("the connection was closed", now)

    def uses(self, flow: Flow) -> bool:
        """Whether a request of ours waits for an answer on that connection."""
        return any(one.flow == flow and one.waiting for one in self._client.values())

    def _forget_server(self, transaction: ServerTransaction) -> None:
        if self._server.pop(transaction.key, None) is not None:
            self._bytes -= transaction.size
        self.unmerge(transaction)

    def _room_for(self, size: int, share: int) -> bool:
        """Whether one more fits, the oldest that are over making room for it."""
        limit = self._context.settings.limits.transactions
        for _ in range(_EVICTIONS):
            fits = self._bytes + size <= limit * _USUAL_BYTES
            if (len(self._server) < limit and fits) or not self._evict():
                break
        most = share * limit
        return len(self._server) < most and self._bytes + size <= most * _USUAL_BYTES

    def _evict(self) -> bool:
        """Forget the oldest transaction that has its final answer and no call that waits for it."""
        in_use = 2 * self._context.settings.limits.dialogs  # at most: those that calls wait for
        for _ in range(min(in_use + 1, len(self._server))):
            key, transaction = next(iter(self._server.items()))
            if transaction.dispensable and not self._in_use(transaction):
                transaction.abandon()
                self._context.count("evicted")
                return True
            # In use: it comes to its turn again after all others.
            self._server[key] = self._server.pop(key)
        return False
