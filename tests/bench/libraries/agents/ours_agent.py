"""gateway.sip: the whole stack. The allow-list is net's and not part of this."""

from __future__ import annotations

from itertools import count

from gateway.sip import Flow, IncomingCall, Limits, Stack, StackSettings
from tests.bench.libraries.trying import LOCAL, SIZE, SOURCE, Agent

_FLOW = Flow("udp", LOCAL, SOURCE)


class _Tokens:
    """No randomness is timed in any of the libraries' transports; ours is injected anyway."""

    def __init__(self) -> None:
        self._next = count(1)

    def hex(self, nbytes: int) -> str:
        return f"{next(self._next):0{2 * nbytes}x}"


class _Calls:
    """A stack and its clock."""

    def __init__(self) -> None:
        limits = Limits(transactions=4 * SIZE, dialogs=2 * SIZE)
        self._stack = Stack(StackSettings(limits=limits), _Tokens())
        self._now = 1000.0

    def answer(self, data: bytes) -> bytes:
        stack = self._stack
        stack.receive(data, _FLOW, self._now)
        return stack.to_send()[0].data

    def end(self) -> None:
        """Refuse every call, and let the minute pass that its transaction stays."""
        stack = self._stack
        while (event := stack.next_event()) is not None:
            if isinstance(event, IncomingCall):
                event.session.reject(486, self._now)
        while (at := stack.next_deadline()) is not None:
            self._now = max(self._now, at)
            stack.handle_deadline(self._now)
        stack.to_send()


def agent() -> Agent:
    """A new one."""
    calls = _Calls()
    return Agent("ours", "transaction, dialog and session", calls.answer, calls.end)
