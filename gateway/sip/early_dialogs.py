"""The early dialogs of a call that we place: one for each phone that a proxy rings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.client_request import ClientRequest
from gateway.sip.dialog import Dialog
from gateway.sip.dialog_requests import DialogRequests
from gateway.sip.extension_headers import parse_number
from gateway.sip.grammar import split_list
from gateway.sip.media import NegotiatedMedia
from gateway.sip.message import Response
from gateway.sip.request_text import Lines

MOST: Final = 16
"""Forks of one call that are told apart; a proxy that rings more is answered by the final alone."""
_PRACKS: Final = 4
"""Of one dialog, that wait for their answers: a peer must not fill our memory."""


class Early:
    """One of them: its dialog, what its media are, and how far its reliable provisionals are.

    `settled`: an UPDATE has changed the media, or our PRACK has answered the offer, so that what a
    2xx says of them is old.
    """

    __slots__ = ("_unanswered", "dialog", "media", "requests", "rseq", "settled")

    def __init__(self, dialog: Dialog, requests: DialogRequests) -> None:
        self.dialog = dialog
        self.requests = requests
        self.rseq: int | None = None
        self.media: NegotiatedMedia | None = None
        self.settled = False
        self._unanswered = 0

    def learn(self, response: Response) -> None:
        """A later provisional may bring another Contact."""
        with suppress(RemoteProtocolError):  # the one before still holds
            self.dialog.refresh(response)

    def acknowledge(
        self, response: Response, lines: Lines, answer: Callable[[], bytes], now: float
    ) -> bool:
        """PRACK a reliable provisional (RFC 3262 section 4); False for one that came before.

        `answer` is asked for the SDP to go with it.
        """
        number = _rseq(response)
        if number is None:
            return True
        if self.rseq is not None and number != self.rseq + 1:
            return False
        if self._unanswered >= _PRACKS:
            return False  # section 3: one at a time is all that a peer may send; it comes again
        self._unanswered += 1
        self.rseq = number
        cseq = response.cseq
        extra = [*lines, ("RAck", f"{number} {cseq.number} {cseq.method}")]
        body = answer()
        if body:
            extra.append(("Content-Type", "application/sdp"))
        self.requests.send("PRACK", self, now, lambda _: extra, lambda _: body)
        return True

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To a PRACK of ours: all that counts is that there is one."""
        if response.status >= 200:
            self._unanswered -= 1

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """A PRACK of ours that nobody answers."""
        self._unanswered -= 1


def _rseq(response: Response) -> int | None:
    """The RSeq of a provisional that has to be acknowledged, None for others."""
    wanted = (tag for value in response.headers.get_all("require") for tag in split_list(value))
    if "100rel" not in {tag.lower() for tag in wanted}:
        return None
    try:
        return parse_number(response.headers.get("rseq") or "", "RSeq")
    except RemoteProtocolError:
        return None
