"""Transfers that the far end asks for: the phone leaves one call for another, or comes back.

While the new call is on its way the old one stays up, without the phone. Whichever way it ends, the
far end that asked is told (RFC 3515 section 2.4.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.call import cause
from gateway.call.call import Call, CallState
from gateway.call.calls import Calls
from gateway.call.extension import Extension
from gateway.call.outgoing import NotPlaced, Outgoing
from gateway.call.ports import Observer, TransferRequest

# The far end that asked says BYE when it hears of the success; we do where it forgets.
BYE_S: Final = 1.0


@dataclass(slots=True, eq=False)
class _Transfer:
    """One that goes on. `old` is None once that call is over."""

    request: TransferRequest
    old: Call | None
    new: Call


class Transfers:
    """At most one transfer for each phone."""

    def __init__(
        self,
        calls: Calls,
        extensions: Mapping[str, Extension],
        outgoing: Outgoing,
        observer: Observer,
    ) -> None:
        self._calls = calls
        self._extensions = extensions
        self._outgoing = outgoing
        self._observer = observer
        self._by_line: dict[str, _Transfer] = {}
        calls.watch(self._call_ended)

    def requested(self, session: object, request: TransferRequest, now: float) -> None:
        """The far end of a call asks for it."""
        old = self._calls.of(session)
        if old is None or old.state is not CallState.TALKING or self._calls.at(old.line) is not old:
            request.reject(603, now)
            return
        if old.line in self._by_line:
            request.reject(491, now)
            return
        request.accept(now)
        self._observer.transfer(old, f"the far end transfers this call to {request.target}")
        self._begin(old, request, now)

    def _begin(self, old: Call, request: TransferRequest, now: float) -> None:
        new = self._outgoing.place_uri(
            old.line,
            request.target,
            old.account,
            now,
            replaces=request.replaces,
            referred_by=request.referred_by,
        )
        if isinstance(new, NotPlaced):
            self._observer.not_placed(old.line, request.target, new.text)
            request.progress(503, "", now)
            return
        if old.voice is not None:
            old.voice.detach()
        self._by_line[old.line] = _Transfer(request, old, new)
        # Nobody at this phone dialled: silence would be taken for a lost call.
        self._extensions[old.line].phone.tone("ringback", now)

    def progress(self, call: Call, status: int, now: float) -> None:
        """A provisional answer to any call we placed."""
        transfer = self._of_new(call)
        if transfer is not None:
            transfer.request.progress(status, "", now)

    def answered(self, call: Call, now: float) -> None:
        """Any call we placed was answered."""
        transfer = self._of_new(call)
        if transfer is None:
            return
        del self._by_line[call.line]
        transfer.request.progress(200, "", now)
        if transfer.old is not None:
            self._calls.end_at(transfer.old, now + BYE_S, cause.TRANSFERRED)

    def _of_new(self, call: Call) -> _Transfer | None:
        transfer = self._by_line.get(call.line)
        return transfer if transfer is not None and transfer.new is call else None

    def _call_ended(self, call: Call, now: float) -> None:
        transfer = self._by_line.get(call.line)
        if transfer is None:
            return
        if transfer.old is call:
            transfer.old = None  # it did not wait: the new call is all there is
        elif transfer.new is call:
            del self._by_line[call.line]
            self._failed(transfer, now)

    def _failed(self, transfer: _Transfer, now: float) -> None:
        old, new = transfer.old, transfer.new
        transfer.request.progress(new.sip_status or 487, "", now)
        extension = self._extensions[new.line]
        if (
            old is None
            or self._calls.at(new.line) is not new
            or extension.phone.state != "off-hook"
        ):
            return
        extension.rest(now)
        self._calls.give_phone(old)
        if old.voice is not None:
            old.voice.attach()
