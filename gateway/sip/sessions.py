"""The calls of one stack, found by dialog. A call of ours may have several while it rings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.sip.addresses import is_private
from gateway.sip.dialog import DialogKey
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session


class Sessions:
    """Calls by the keys of their dialogs."""

    def __init__(self) -> None:
        self._by_key: dict[DialogKey, Session] = {}
        self._keys: dict[Session, list[DialogKey]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def all(self) -> list[Session]:
        """Every call, oldest first."""
        return list(self._keys)

    def get(self, key: DialogKey) -> Session | None:
        """The call that a request belongs to."""
        return self._by_key.get(key)

    def know(self, session: Session, key: DialogKey | None) -> None:
        """Requests of this dialog are the session's; None: it has none yet."""
        keys = self._keys.setdefault(session, [])
        if key is not None:
            self._by_key[key] = session
            keys.append(key)

    def forget(self, session: Session) -> None:
        """The call is over."""
        for key in self._keys.pop(session, ()):
            self._by_key.pop(key, None)

    def use(self, flow: Flow) -> bool:
        """Whether a call lives on that connection."""
        return any(session.flow == flow for session in self._keys)

    @property
    def flows(self) -> list[Flow]:
        """The paths of all calls, but for those that have none yet."""
        return [session.flow for session in self._keys if session.flow.remote[1]]

    def kept_open(self, wanted: Callable[[str | None], bool]) -> list[Flow]:
        """The paths of calls that nothing else keeps open: media go another way. `wanted` says by
        account whether the owner wants it."""
        flows = [session.flow for session in self._keys if wanted(session.account)]
        return [flow for flow in flows if _needs_keeping(flow)]

    def in_use(self, transaction: ServerTransaction) -> bool:
        """Whether a call that is not over began with this transaction."""
        owner = transaction.owner
        return owner in self._keys and owner.began_with(transaction)


def _needs_keeping(flow: Flow) -> bool:
    """Connections that we opened, and UDP out of a NAT. Who opened a connection keeps it."""
    if flow.reliable:
        return not flow.accepted
    return is_private(flow.local[0]) and not is_private(flow.remote[0])
