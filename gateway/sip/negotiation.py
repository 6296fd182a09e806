"""The media side of one session: what was offered, what we said, what holds now."""

from __future__ import annotations

from gateway.errors import LocalProtocolError
from gateway.sip import offer_answer, sdp
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Request


class Negotiation:
    """Offer and answer over the life of a session; our session id and version go with it."""

    __slots__ = ("_description", "_first", "_local", "media")

    def __init__(self) -> None:
        self._description = offer_answer.Description()
        self._first: list[str] | None = None
        self._local: LocalMedia | None = None
        self.media: NegotiatedMedia | None = None

    @property
    def prepared(self) -> bool:
        """Whether our side of the media is known."""
        return self._local is not None

    def prepare(self, invite: Request, local: LocalMedia) -> None:
        """Settle the INVITE's offer, if it has one. Raises NotAcceptable."""
        self._first, self.media = self._settle(invite, local)
        self._local = local

    def first_answer(self) -> tuple[bytes, bool]:
        """The SDP of our 200 to the INVITE, and whether it is an offer."""
        return self._body(self._first)

    def again(self, reinvite: Request) -> tuple[bytes, bool, NegotiatedMedia | None]:
        """The same for a re-INVITE, with the media that hold from now on (None: wait for the ACK).

        Raises NotAcceptable, with everything as it was.
        """
        lines, media = self._settle(reinvite, self._ours())
        return (*self._body(lines), media)

    def answered(self, ack: Request) -> NegotiatedMedia:
        """What the answer in an ACK settles (RFC 3261 section 13.2.1). Raises NotAcceptable."""
        body = sdp_of(ack)
        if body is None:
            raise NotAcceptable("The ACK has no answer")
        return offer_answer.accept_answer(offer_answer.read(body), self._ours())

    def _settle(
        self, invite: Request, local: LocalMedia
    ) -> tuple[list[str] | None, NegotiatedMedia | None]:
        body = sdp_of(invite)
        if body is None:
            return None, None
        offer = offer_answer.read(body)
        settled = offer_answer.settle(offer, local)
        return offer_answer.answer_lines(offer, settled, local), settled.media

    def _body(self, lines: list[str] | None) -> tuple[bytes, bool]:
        # Section 14.2: without an offer of theirs, a full one of ours.
        local = self._ours()
        said = offer_answer.offer_lines(local) if lines is None else lines
        return self._description.body(local, said), lines is None

    def _ours(self) -> LocalMedia:
        if self._local is None:
            raise LocalProtocolError("answer before prepare")
        return self._local


def sdp_of(request: Request) -> bytes | None:
    """The SDP of a message, alone or inside a multipart body; None when there is none."""
    if not request.body:
        return None
    kind = request.headers.get("content-type")
    if kind is None:
        return request.body if request.body.startswith(b"v=") else None
    return sdp.sdp_part(kind, request.body)
