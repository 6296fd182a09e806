"""INFO inside a call: digits and hook flash, received and, where the owner wants it, sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.events import DigitReceived, EndCause, FlashReceived
from gateway.sip.info import (
    ACCEPT,
    BROADSOFT,
    FLASH,
    RELAY,
    digit_body,
    flash_body,
    is_digit,
    read_info,
)
from gateway.sip.message import Request
from gateway.sip.one_by_one import OneByOne
from gateway.sip.server_transaction import ServerTransaction

if TYPE_CHECKING:
    from gateway.sip.session import Session


class SessionInfo:
    """The INFO of one call."""

    __slots__ = ("_call", "_sent")

    def __init__(self, call: Session) -> None:
        self._call = call
        self._sent = OneByOne(call, self._gone)

    def received(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """Report what it asks for; 415 for a kind of body we do not know, 400 for a bad one."""
        call = self._call
        if "info-package" in request.headers:
            # RFC 6086 section 4.2.2: we have said that we want no packages.
            transaction.reply(469, now, [*call.headers.plain(), ("Recv-Info", "")])
            return
        if request.body:
            try:
                signal = read_info(request.headers.get("content-type") or "", request.body)
            except RemoteProtocolError as error:
                accept = [("Accept", ACCEPT)] if error.status_hint == 415 else []
                transaction.reply(error.status_hint, now, [*call.headers.plain(), *accept])
                return
            if signal.what == FLASH:
                call.context.report(FlashReceived(call))
            else:
                call.context.report(DigitReceived(call, signal.what, signal.duration_ms))
        # An empty INFO keeps a call alive and asks for nothing (RFC 6086 section 3).
        transaction.reply(200, now, call.headers.plain())

    def send_digit(self, digit: str, duration_ms: int, now: float) -> None:
        """One digit as application/dtmf-relay. Raises LocalProtocolError for what is none."""
        if not is_digit(digit):
            raise LocalProtocolError(f"{digit!r} is no digit")
        self._send(RELAY, digit_body(digit, duration_ms), now)

    def send_flash(self, now: float) -> None:
        """A hook flash as application/broadsoft."""
        self._send(BROADSOFT, flash_body(), now)

    def _send(self, kind: str, body: bytes, now: float) -> None:
        call = self._call
        if call.finished:
            return
        if not call.is_up:
            raise LocalProtocolError(f"INFO while {call.state}")
        lines = [*call.headers.request(), ("Content-Type", kind)]
        self._sent.send("INFO", lambda _: lines, body, now)

    def _gone(self, now: float) -> None:
        """RFC 3261 section 12.2.1.2: the peer knows nothing of the call, so there is none."""
        self._call.finish(EndCause.NO_RESPONSE, now)

    def stop(self) -> None:
        """The call is over."""
        self._sent.stop()
