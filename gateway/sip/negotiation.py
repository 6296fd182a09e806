"""The media side of one session: what was offered, what we said, what holds now (RFC 3264)."""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import LocalProtocolError
from gateway.sip import offer_answer, sdes, sdp
from gateway.sip.description import Description
from gateway.sip.media import LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message
from gateway.sip.offering import Layout, accept_answer, layout_of, offer_lines
from gateway.sip.settings import Tokens


class Negotiation:
    """Offer and answer over the life of a session; our session id and version go with it.

    `holding`: our side has put the peer on hold, and every offer and answer of ours says so.
    `secure`: nobody on the way can read it, not even SRTP keys.
    """

    __slots__ = (
        "_description", "_first", "_keys", "_layout", "_local", "_offered_crypto", "_offered_hold",
        "holding", "media", "secure",
    )  # fmt: skip

    def __init__(self, tokens: Tokens) -> None:
        self._description = Description()
        self._first: list[str] | None = None
        self._layout = Layout()
        self._local: LocalMedia | None = None
        self._keys = sdes.OurKeys(tokens)
        self._offered_crypto: sdes.Crypto | None = None
        self._offered_hold = False
        self.holding = False
        self.secure = False
        self.media: NegotiatedMedia | None = None

    @property
    def prepared(self) -> bool:
        """Whether our side of the media is known."""
        return self._local is not None

    def prepare(self, invite: Message, local: LocalMedia) -> None:
        """Settle the INVITE's offer, if it has one. Raises NotAcceptable."""
        self._first, self.media = self._settle(invite, local)
        self._local = local

    def place(self, local: LocalMedia) -> None:
        """Our side of a call that we place."""
        self._local = local

    def move(self, host: str) -> bool:
        """Our media are reached at another address from now on; whether that is a change."""
        local = self._ours()
        if local.host == host or (":" in local.host) != (":" in host):
            return False
        self._local = replace(local, host=host)
        self._keys.renew()
        return True

    def first_answer(self) -> tuple[bytes, bool]:
        """The SDP of our first answer to the INVITE, and whether it is an offer."""
        return self._body(self._first)

    def offer(self) -> bytes:
        """An offer of ours, as full as the last one (section 8)."""
        local = self._ours()
        self._offered_hold = self.holding
        crypto = sdes.to_offer(local, self.media, self._keys, secure=self.secure)
        self._offered_crypto = crypto
        lines = offer_lines(local, self._layout, self.media, crypto, holding=self.holding)
        return self._description.body(local, lines)

    def unchanged(self) -> bytes:
        """What we said last, word for word: for a re-INVITE that only refreshes the session."""
        self._offered_hold = self.media is not None and self.media.holding
        srtp = None if self.media is None else self.media.srtp
        self._offered_crypto = srtp and sdes.Crypto("", srtp.suite, srtp.send)
        return self._description.last()

    def refused(self) -> None:
        """Our offer was refused: the session is as it was (RFC 3261 section 14.1)."""
        self._description.revert()

    def again(self, request: Message) -> tuple[bytes, bool, NegotiatedMedia | None]:
        """Our SDP for a re-INVITE or UPDATE, whether it is an offer, and the media from now on.

        Media are None where the answer to our offer is still to come. Raises NotAcceptable, with
        everything as it was.
        """
        lines, media = self._settle(request, self._ours())
        return (*self._body(lines), media)

    def late_answer(self, message: Message) -> tuple[bytes, NegotiatedMedia | None]:
        """Our answer to the offer that a response brings, and the media from now on.

        Of an offer that we cannot use every stream is refused (RFC 3261 section 13.2.2.4), and
        there are no media; nor is there an answer where no offer can be read.
        """
        if sdp_of(message) is None:
            return b"", None
        try:
            body, _, media = self.again(message)
        except NotAcceptable:
            return declining(message, self._ours(), self._description), None
        return body, media

    def answered(self, message: Message) -> NegotiatedMedia:
        """What the answer to our offer settles (RFC 3261 section 13.2.1). Raises NotAcceptable."""
        body = sdp_of(message)
        if body is None:
            raise NotAcceptable("There is no answer to our offer")
        answer = offer_answer.read(body)
        media = accept_answer(
            answer, self._ours(), self._layout, self._offered_crypto, holding=self._offered_hold
        )
        self._description.agree()
        return media

    def _settle(
        self, request: Message, local: LocalMedia
    ) -> tuple[list[str] | None, NegotiatedMedia | None]:
        body = sdp_of(request)
        if body is None:
            return None, None
        offer = offer_answer.read(body)
        settled = offer_answer.settle(offer, local, self._keys, holding=self.holding)
        self._layout = layout_of(offer, settled)
        return offer_answer.answer_lines(offer, settled, local), settled.media

    def _body(self, lines: list[str] | None) -> tuple[bytes, bool]:
        # Section 14.2: without an offer of theirs, a full one of ours.
        if lines is None:
            return self.offer(), True
        body = self._description.body(self._ours(), lines)
        self._description.agree()
        return body, False

    def _ours(self) -> LocalMedia:
        if self._local is None:
            raise LocalProtocolError("answer before prepare")
        return self._local


def declining(message: Message, local: LocalMedia, description: Description) -> bytes:
    """The answer that refuses every stream of an offer; b"" where no offer can be read."""
    try:
        offer = offer_answer.read(sdp_of(message) or b"")
    except NotAcceptable:
        return b""
    return description.body(local, [offer_answer.refused(section) for section in offer.media])


def sdp_of(message: Message) -> bytes | None:
    """The SDP of a message, alone or inside a multipart body; None when there is none."""
    if not message.body:
        return None
    kind = message.headers.get("content-type")
    if kind is None:
        return message.body if message.body.startswith(b"v=") else None
    return sdp.sdp_part(kind, message.body)
