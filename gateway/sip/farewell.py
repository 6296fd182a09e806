"""Our BYE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sip.client_request import ClientRequest
from gateway.sip.message import Response

if TYPE_CHECKING:
    from gateway.sip.session import Session


class Farewell:
    """Sends the BYE of a call; its answer ends what is left of it."""

    __slots__ = ("_call",)

    def __init__(self, call: Session) -> None:
        self._call = call

    def send(self, now: float) -> None:
        """Say goodbye, with the configured headers and the reason."""
        call = self._call
        lines = call.headers.bye(call.facts_at(200, now))
        call.requests.send("BYE", self, now, lambda _: lines)

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """The call is over, whatever the answer says."""
        if response.status >= 200:
            self._call.peer.learn_ids(response)
            self._call.over(response.status, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody is there any more."""
        self._call.over(None, now)
