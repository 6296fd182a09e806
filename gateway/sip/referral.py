"""A REFER of the peer inside a call: whom to call instead, and word of how that goes (RFC 3515)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import LocalProtocolError, RemoteProtocolError
from gateway.sip.extension_headers import parse_refer_to, replaces_in
from gateway.sip.message import Request
from gateway.sip.one_by_one import OneByOne
from gateway.sip.request_text import Lines
from gateway.sip.server_transaction import ServerTransaction
from gateway.sip.sipfrag import CONTENT_TYPE, sipfrag
from gateway.sip.wire import Flow

if TYPE_CHECKING:
    from gateway.sip.session import Session

# How long the peer's subscription lasts: longer than a phone rings.
SUBSCRIBED_S: Final = 180


class Referral:
    """Waits for the owner's word, then is the source of the NOTIFYs.

    `target` is the URI to call, `replaces` the value of a Replaces header for that call ("" when
    there is none), `referred_by` who asks. The subscription outlives the call: who refers and hangs
    up still hears what came of it.
    """

    __slots__ = (
        "_call", "_expires", "_id", "_news", "_silent", "_transaction", "answered", "open",
        "referred_by", "replaces", "target",
    )  # fmt: skip

    answered: bool
    """Whether the REFER has its answer."""
    open: bool
    """Whether the peer still waits for the outcome."""

    def __init__(
        self, call: Session, request: Request, transaction: ServerTransaction, first: bool
    ) -> None:
        """Raises RemoteProtocolError for a Refer-To that cannot be called."""
        uri = parse_refer_to(request.headers.get_all("refer-to")).uri
        if not uri.is_sip:
            raise RemoteProtocolError("Refer-To is no SIP URI", 416)
        method = uri.params.get("method")
        if method and method.upper() != "INVITE":
            raise RemoteProtocolError(f"Refer-To asks for {method[:20]}", 405)
        found = replaces_in(uri)
        self.target = str(uri.without_headers())
        self.replaces = "" if found is None else str(found)
        self.referred_by = request.headers.get("referred-by") or ""
        self.answered = self.open = False
        self._call = call
        self._transaction = transaction
        self._news = OneByOne(call)
        self._expires = 0.0
        # Section 2.4.6: from the second REFER of a dialog on, an id tells their NOTIFYs apart.
        self._id = "" if first else f";id={request.cseq.number}"
        # RFC 4488: a peer that wants no NOTIFYs says so.
        self._silent = (request.headers.get("refer-sub") or "").strip().lower() == "false"

    def accept(self, now: float) -> None:
        """202, and the first NOTIFY: we try."""
        call = self._call
        if self.answered or call.finished:
            return
        self.answered = self.open = True
        self._expires = now + SUBSCRIBED_S
        lines = [*call.headers.plain(), *call.headers.offered(call.dialog.flow)]
        if self._silent:
            lines.append(("Refer-Sub", "false"))
        self._transaction.reply(202, now, lines)
        self.progress(100, "Trying", now)

    def reject(self, status: int, now: float) -> None:
        """Refuse: 603 where the owner wants no transfers. Raises LocalProtocolError."""
        if not 300 <= status <= 699:
            raise LocalProtocolError(f"{status} does not refuse a transfer")
        if not self.answered:
            self.answered = True
            self._transaction.reply(status, now, self._call.headers.plain())

    def progress(self, status: int, reason: str, now: float) -> None:
        """How the new call fares; a final status ends the subscription.

        Raises LocalProtocolError before `accept`; does nothing after the end.
        """
        if not self.answered and not self._call.finished:
            raise LocalProtocolError("progress of a transfer that is not accepted")
        if not self.open or self._news.lost:
            return
        self.open = status < 200
        if not self._silent:
            self._notify(status, reason, now)

    def _notify(self, status: int, reason: str, now: float) -> None:
        left = max(0, round(self._expires - now))
        state = f"active;expires={left}" if self.open else "terminated;reason=noresource"
        body = sipfrag(status, reason)
        call = self._call

        def headers(flow: Flow) -> Lines:
            return [
                *call.headers.request(),
                *call.headers.offered(flow),
                ("Event", f"refer{self._id}"),
                ("Subscription-State", state),
                ("Content-Type", CONTENT_TYPE),
            ]

        self._news.send("NOTIFY", headers, body, now)
