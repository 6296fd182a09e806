"""The 180 and 183 of an incoming call, each minute again, and the PRACKs for reliable ones.

And how long the phone may ring: as long as the invitation holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import RemoteProtocolError
from gateway.sip.extension_headers import parse_number
from gateway.sip.media import NotAcceptable
from gateway.sip.message import Request
from gateway.sip.negotiation import sdp_of
from gateway.sip.reliable import Provisional, ReliableProvisionals, wants_reliable
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.session_table import UNANSWERED

if TYPE_CHECKING:
    from gateway.sip.invite import InviteSession

# A proxy forgets a call after three minutes without a provisional (section 16.6, timer C), and
# section 13.3.1.1 asks for one each minute.
RINGING_AGAIN: Final = 60.0

# A caller that is gone sends no CANCEL, so no invitation holds for ever. Twilio's longest is 605 s
# (twilio.md 10).
LONGEST_RINGING: Final = 660.0

_SDP: Final = ("Content-Type", "application/sdp")


class Provisionals:
    """Tells the caller that the phone rings, reliably where it wants that (RFC 3262)."""

    __slots__ = ("_call", "_limited", "_reliable", "_said", "_status", "_transaction")

    def __init__(self, call: InviteSession, transaction: ServerTransaction) -> None:
        self._call = call
        self._transaction = transaction
        self._status = 180  # what is said again each minute
        self._limited = False  # the end of ringing is set
        self._said = False  # our SDP is in a reliable one
        self._reliable: ReliableProvisionals | None = None
        if call.profile.offers("100rel") and wants_reliable(call.request):
            self._reliable = ReliableProvisionals(call.context, transaction, call.no_prack)

    @property
    def holds_up(self) -> bool:
        """Whether a 200 has to wait for a PRACK."""
        return self._reliable is not None and self._reliable.holds_up

    @property
    def settled(self) -> bool:
        """Whether our SDP has certainly arrived: then the 200 does not say it again (section 5)."""
        return self._reliable is not None and self._reliable.settled

    def ring(self, now: float) -> None:
        """180."""
        self._send(180, now)

    def progress(self, now: float) -> None:
        """183 with our SDP."""
        self._send(183, now)

    def timer(self, name: str, now: float) -> None:
        """A minute of ringing has passed, or the invitation does not hold any more."""
        if name == "expire":
            self._call.feed("expire", now)
        else:
            self._send(self._status, now)

    def stop_ringing(self) -> None:
        """The phone was taken: only what is out still waits for its PRACK."""
        for name in ("ring", "expire"):
            self._call.context.deadlines.cancel((name, self))

    def stop(self) -> None:
        """The INVITE has its final answer."""
        self.stop_ringing()
        if self._reliable is not None:
            self._reliable.stop()

    def _send(self, status: int, now: float) -> None:
        self._status = status
        call = self._call
        body, offered = self._sdp(status)
        lines = call.headers.ringing(call.request, call.dialog.flow)
        lines += [_SDP] if body else []
        if self._reliable is None:
            self._transaction.reply(status, now, lines, body)
        else:
            self._reliable.send(Provisional(status, lines, body, offered), now)
        call.context.deadlines.set(("ring", self), now + RINGING_AGAIN)
        if not self._limited:
            self._limited = True
            call.context.deadlines.set(("expire", self), now + _holds_for(call.request))

    def _sdp(self, status: int) -> tuple[bytes, bool]:
        """The SDP that goes with it, and whether that is an offer.

        RFC 3262 section 5: reliably, it is said once; else again and again, as in the 200. An offer
        of ours must not be lost, and goes into the first answer that is not (RFC 3261 section
        13.2.1), be it a 180.
        """
        call = self._call
        asked = sdp_of(call.request) is not None
        if self._reliable is None:
            says = status == 183 and asked
        else:
            says = not self._said and call.negotiation.prepared and (status == 183 or not asked)
        if not says:
            return b"", False
        self._said = True
        return call.negotiation.first_answer()

    # --- PRACK ----------------------------------------------------------------------------------

    def prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A PRACK of the peer."""
        call, reliable = self._call, self._reliable
        number = call.request.cseq.number
        arrived = reliable.take(request, number) if reliable is not None else None
        if reliable is None or arrived is None:
            transaction.reply(481, now, call.headers.plain())
            return
        if arrived.offered:
            self._settle(request, transaction, now)
        else:
            self._answer(request, transaction, now)
        if call.state == "accepting":
            call.feed("answer", now)
        elif call.state == "ringing":
            reliable.go_on(now)

    def _settle(self, prack: Request, transaction: ServerTransaction, now: float) -> None:
        """Our offer has its answer here, or the call cannot be."""
        call = self._call
        transaction.reply(200, now, call.headers.plain())
        try:
            call.change_media(call.negotiation.answered(prack))
        except NotAcceptable as error:
            call.refuse(error.status, error.warning, "negotiation", now)

    def _answer(self, prack: Request, transaction: ServerTransaction, now: float) -> None:
        """A PRACK may make an offer of its own, once the INVITE's has its answer.

        One that crossed our 200 comes too late for that: the INVITE's exchange ends with its ACK.
        """
        call = self._call
        lines = call.headers.plain()
        if sdp_of(prack) is None:
            transaction.reply(200, now, lines)
            return
        if not self.settled or call.state not in UNANSWERED:
            transaction.reply(500, now, lines)
            return
        try:
            body, _, media = call.negotiation.again(prack)
        except NotAcceptable as error:
            transaction.reply(error.status, now, [*lines, ("Warning", error.warning)])
            return
        transaction.reply(200, now, [*lines, _SDP], body)
        if media is not None:
            call.change_media(media)


def _holds_for(invite: Request) -> float:
    """How long an invitation holds (RFC 3261 section 13.3.1): Expires, if it makes sense."""
    try:
        return min(parse_number(invite.headers.get("expires") or "", "Expires"), LONGEST_RINGING)
    except RemoteProtocolError:
        return LONGEST_RINGING
