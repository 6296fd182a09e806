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

# How many of the oldest transactions are looked at when room is needed: bounded work a packet.
_EVICTION_LOOK: Final = 32


class Transactions:
    """Server and client transactions. `in_use` says which finished ones must stay all the same."""

    def __init__(self, context: Context, in_use: Callable[[ServerTransaction], bool]) -> None:
        self._context = context
        self._in_use = in_use
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
        """A server transaction; None when there is no room and nobody known asks."""
        limit = self._context.settings.limits.transactions
        if len(self._server) >= limit and not self._evict() and not known:
            return None
        transaction = ServerTransaction(
            self._context, message, flow, reply_flow(message, flow), self._forget_server, key
        )
        self._server[key] = transaction
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
            transaction.feed("transport", now, "the connection was closed")

    def uses(self, flow: Flow) -> bool:
        """Whether a request of ours waits for an answer on that connection."""
        return any(one.flow == flow and one.waiting for one in self._client.values())

    def _forget_server(self, transaction: ServerTransaction) -> None:
        self._server.pop(transaction.key, None)
        self.unmerge(transaction)

    def _evict(self) -> bool:
        """Forget the oldest transaction that has its final answer and no call behind it."""
        for _, transaction in zip(range(_EVICTION_LOOK), self._server.values(), strict=False):
            if transaction.answered and not self._in_use(transaction):
                transaction.abandon()
                self._context.count("evicted")
                return True
        return False
