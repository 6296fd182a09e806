"""Requests inside a call that must arrive in order: each leaves when the one before is answered.

Two at once may overtake each other, and the late one is refused for its CSeq (RFC 3261 section
12.2.2): a digit, or the news of a transfer, would be lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from gateway.sip.client_request import ClientRequest
from gateway.sip.client_transaction import NO_RESPONSE
from gateway.sip.message import Response
from gateway.sip.request_text import Lines
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session


class _Waiting(NamedTuple):
    method: str
    headers: Callable[[Flow], Lines]
    body: bytes


class OneByOne:
    """Sends the requests of one purpose.

    `lost`: the peer knows nothing of that purpose any more, or is gone; `gone(now)` is told of it.
    """

    __slots__ = ("_call", "_gone", "_out", "_queue", "lost")

    def __init__(self, call: Session, gone: Callable[[float], None] | None = None) -> None:
        self._call = call
        self._gone = gone
        self._queue: deque[_Waiting] = deque()
        self._out = False
        self.lost = False

    def send(self, method: str, headers: Callable[[Flow], Lines], body: bytes, now: float) -> None:
        """Send it, now or when its turn comes; nothing where the peer is lost."""
        if self.lost:
            return
        self._queue.append(_Waiting(method, headers, body))
        self._next(now)

    def stop(self) -> None:
        """What has not left does not leave any more."""
        self._queue.clear()

    def _next(self, now: float) -> None:
        if self._out or not self._queue:
            return
        self._out = True
        method, headers, body = self._queue.popleft()
        self._call.requests.send(method, self, now, headers, lambda _: body)

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """The answer to what is out."""
        if response.status < 200:
            return
        # RFC 6665 section 4.2.2, RFC 3261 section 12.2.1.2.
        if response.status in {408, 481}:
            self._lose(now)
        else:
            self._go_on(now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody is there any more; or our network is gone, which may be back for the next one."""
        if why == NO_RESPONSE:
            self._lose(now)
        else:
            self._go_on(now)

    def _go_on(self, now: float) -> None:
        self._out = False
        self._next(now)

    def _lose(self, now: float) -> None:
        self.lost = True
        self._queue.clear()
        if self._gone is not None:
            self._gone(now)
