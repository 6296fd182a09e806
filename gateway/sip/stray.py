"""Answers to an INVITE of ours that nobody waits for any more: each is brought to an end.

That is an INVITE that went on to another hop or was given up (RFC 3261 section 9.1), and the second
2xx of an INVITE that a proxy forked (section 13.2.2.4): an unwanted call gets ACK and BYE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.sip.client_request import ClientRequest, RequestHost, send_cancel
from gateway.sip.client_transaction import InviteClient
from gateway.sip.context import Context
from gateway.sip.description import Description
from gateway.sip.dialog import Dialog
from gateway.sip.dialog_requests import Acknowledgement, DialogRequests
from gateway.sip.media import LocalMedia
from gateway.sip.message import Response
from gateway.sip.negotiation import declining
from gateway.sip.request_text import Lines
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.digest_client import Credentials

_MOST: Final = 16
"""Forks of one INVITE that are ended; a peer must not make us send for ever."""


class Stray:
    """The user of such an INVITE from now on; `credentials` answer a challenge to the BYE."""

    __slots__ = ("_acks", "_context", "_credentials", "_host", "_invite")

    def __init__(
        self,
        context: Context,
        host: RequestHost,
        invite: InviteClient,
        credentials: Credentials | None = None,
    ) -> None:
        self._context = context
        self._host = host
        self._invite = invite
        self._credentials = credentials
        self._acks: dict[str, Acknowledgement] = {}

    def response(self, response: Response, now: float) -> None:
        """A late provisional gets CANCEL, a late 2xx ACK and BYE."""
        if response.status < 200:
            send_cancel(self._host, self._invite, now)
        elif response.status < 300:
            self.unwanted(response, now)

    def failed(self, why: str, now: float) -> None:
        """It stayed silent for good."""

    def unwanted(self, success: Response, now: float, used_cseq: int = 0) -> None:
        """ACK a 2xx and end its dialog; repetitions of it get the ACK again.

        `used_cseq` is the number of our last request there, a PRACK while it was early.
        """
        ack = self._acks.get(success.to.tag)
        if ack is not None:
            ack.repeat()
            return
        self._context.count("unwanted_answers")
        if len(self._acks) >= _MOST:
            return
        text = self._invite.text
        dialog = Dialog.placed(text, success, self._invite.flow)
        dialog.local_cseq = max(dialog.local_cseq, used_cseq)
        requests = DialogRequests(self._context, self._host, dialog, self._credentials)
        answer = self._answer(success)
        self._acks[success.to.tag] = requests.acknowledge(
            text.cseq, text.credentials(), answer, now
        )
        requests.send("BYE", Unheard(), now, self._headers)

    def _answer(self, success: Response) -> bytes:
        """An offer of theirs is answered all the same (section 13.2.2.4): we want none of it."""
        if self._invite.text.body:
            return b""
        context = self._context
        host = context.host_for(self._invite.flow)
        local = LocalMedia(host, 0, session_id=int(context.tokens.hex(4), 16))
        return declining(success, local, Description())

    def _headers(self, flow: Flow) -> Lines:
        return [("User-Agent", self._context.settings.server)]


class Unheard:
    """The user of a request whose answer changes nothing."""

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """Nothing follows."""

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nothing follows."""
