"""aiosipua: SipUAS on a transport that keeps what is sent; it answers 100 by itself."""

from __future__ import annotations

from aiosipua.message import SipRequest, SipResponse
from aiosipua.transport import SipTransport
from aiosipua.uas import SipUAS

from tests.bench.libraries.trying import LOCAL, SOURCE, Agent


class _Transport(SipTransport):  # type: ignore[misc]
    """What UdpSipTransport does, up to the socket."""

    def __init__(self) -> None:
        super().__init__(local_addr=LOCAL)
        self.sent: list[bytes] = []

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        self.sent.append(bytes(message))


class _Calls:
    def __init__(self) -> None:
        self._transport = _Transport()
        self._uas = SipUAS(self._transport)
        self._transport.on_message = self._uas._on_message

    def answer(self, data: bytes) -> bytes:
        sent = self._transport.sent
        self._transport._dispatch(data, SOURCE)
        return sent.pop()

    def end(self) -> None:
        uas = self._uas
        for call_id, call in uas.active_calls.items():
            call.reject(486)
            uas._calls.pop(call_id)
            uas._remove_invite_transaction(call.invite)
        self._transport.sent.clear()


def agent() -> Agent:
    """A new one."""
    calls = _Calls()
    return Agent("aiosipua", "call, dialog, transaction to match", calls.answer, calls.end)
