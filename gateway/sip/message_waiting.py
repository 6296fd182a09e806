"""A subscription to an account's message-summary (RFC 3842, RFC 6665), and what it tells."""

from __future__ import annotations

from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import Account
from gateway.sip.backoff import Backoff
from gateway.sip.call_plan import account_uri, begins_with_sips
from gateway.sip.client_request import ClientRequest, Plan, RequestHost
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.dialog_requests import DialogRequests
from gateway.sip.digest_client import Credentials
from gateway.sip.events import MessagesWaiting
from gateway.sip.extension_headers import (
    SubscriptionState,
    parse_event,
    parse_number,
    parse_retry_after,
    parse_subscription_state,
)
from gateway.sip.message import Request, Response
from gateway.sip.message_summary import CONTENT_TYPE, parse_message_summary
from gateway.sip.presentation import from_header
from gateway.sip.registration import Registration
from gateway.sip.request_text import Lines
from gateway.sip.transaction import Table
from gateway.sip.way_out import way_out
from gateway.sip.wire import Flow

PACKAGE: Final = "message-summary"
EXPIRES_S: Final = 3600
SHORTEST_S: Final = 5.0
AGAIN_S: Final = 300.0
# Who has no mailbox for us will not have one in five minutes.
NEVER_S: Final = 3600.0
_NEVER: Final = frozenset({403, 404, 405, 489, 501})
# RFC 6665 section 4.1.3: these ask for a new subscription at once, and these for none.
_AT_ONCE: Final = frozenset({"deactivated", "timeout"})
_NO_MORE: Final = frozenset({"rejected", "noresource", "invariant"})

# start: the registration is up; anew: by another path or Contact than before; stop: we leave; due:
# a refresh or a new try. The notifier's: accepted, failed, gone (it knows no such subscription),
# terminated (by a NOTIFY).
SUBSCRIPTION: Final[Table] = {
    "off": {"start": ("subscribe_anew", "asking"), "anew": ("subscribe_anew", "asking")},
    "asking": {
        "accepted": ("keep", "up"),
        "failed": ("wait", "waiting"),
        "gone": ("subscribe_anew", "asking"),
        "terminated": ("wait", "waiting"),
        "anew": ("subscribe_anew", "asking"),
        "stop": ("nothing", "giving-up"),
    },
    "up": {
        "due": ("subscribe", "asking"),
        "terminated": ("wait", "waiting"),
        # What the old Contact is told nobody hears. The old subscription runs out by itself.
        "anew": ("subscribe_anew", "asking"),
        "stop": ("unsubscribe", "leaving"),
    },
    "waiting": {
        "due": ("subscribe_anew", "asking"),
        "anew": ("subscribe_anew", "asking"),
        "stop": ("forget", "off"),
    },
    "giving-up": {
        "accepted": ("unsubscribe", "leaving"),
        "failed": ("forget", "off"),
        "gone": ("forget", "off"),
        "terminated": ("forget", "off"),
    },
    "leaving": {
        "accepted": ("forget", "off"),
        "failed": ("forget", "off"),
        "gone": ("forget", "off"),
        "terminated": ("forget", "off"),
    },
}


class MessageWaiting:
    """One account's subscription. It lives as long as the registration does."""

    def __init__(
        self,
        context: Context,
        host: RequestHost,
        account: Account,
        credentials: Credentials,
        registration: Registration,
    ) -> None:
        self._context = context
        self._host = host
        self._credentials = credentials
        self._registration = registration
        self._requests: DialogRequests | None = None
        self._request: ClientRequest | None = None
        self._cseq = 0
        self._notified = 0  # CSeq of the newest NOTIFY
        self._expires = EXPIRES_S
        self._granted = EXPIRES_S
        self._wait = AGAIN_S
        self._ended = Backoff(context.tokens, 8.0, NEVER_S)
        self._tag = ""
        self._sips = False  # so that our Contact has to be one (RFC 3261 section 8.1.1.8)
        self.call_id = ""
        self.account = account
        self.state = "off"

    def start(self, now: float, *, anew: bool) -> None:
        """The registration is up, perhaps by another path than before."""
        self._feed("anew" if anew else "start", now)

    def stop(self, now: float) -> None:
        """We leave."""
        self._feed("stop", now)

    def timer(self, name: str, now: float) -> None:
        """A refresh or a new try is due."""
        self._feed("due", now)

    def notified(self, request: Request, now: float) -> int:
        """A NOTIFY of this subscription; the status to answer with (RFC 6665 section 4.1.3).

        It may overtake the 200 to our SUBSCRIBE.
        """
        if not self._tag or request.to.tag != self._tag:
            return 481
        try:
            if parse_event(request.headers.get("event") or "").package != PACKAGE:
                return 481  # section 4.4.1: the event is a part of what must match
            if request.cseq.number < self._notified:
                return 500  # RFC 3261 section 12.2.2: an older state than the one we know
            state = parse_subscription_state(request.headers.get("subscription-state") or "")
            left = state.expires
            self._wait = self._wait_after(state)
        except RemoteProtocolError as error:
            return error.status_hint
        self._notified = request.cseq.number
        report_summary(self._context, self.account.name, request)
        if state.state == "terminated":
            self._forget_dialog()
            self._feed("terminated", now)
        elif left is not None and left < self._granted:
            self._granted = left
            if self.state == "up":
                self._do_keep(now)
        return 200

    def _wait_after(self, state: SubscriptionState) -> float:
        if state.state != "terminated":
            return AGAIN_S
        if state.reason in _NO_MORE:
            return NEVER_S
        if state.reason in _AT_ONCE:
            return self._ended.failed()  # a notifier that ends what it accepts is no reason to race
        return min(max(state.retry_after or AGAIN_S, self._ended.failed()), NEVER_S)

    # --- the table at work ------------------------------------------------------------------------

    def _feed(self, event: str, now: float) -> None:
        entry = SUBSCRIPTION[self.state].get(event)
        if entry is not None:
            action, self.state = entry
            getattr(self, "_do_" + action)(now)

    def _do_nothing(self, now: float) -> None:
        pass

    def _do_subscribe(self, now: float) -> None:
        self._send(EXPIRES_S, now)

    def _do_subscribe_anew(self, now: float) -> None:
        self._do_forget(now)
        self._send(EXPIRES_S, now)

    def _do_unsubscribe(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._send(0, now)

    def _do_keep(self, now: float) -> None:
        self._context.deadlines.set(("due", self), now + max(self._granted / 2, SHORTEST_S))

    def _do_wait(self, now: float) -> None:
        # A refusal leaves the subscription as it is until it runs out (RFC 6665 section 4.1.2.2):
        # what it still tells is heard.
        self._request = None
        self._context.deadlines.set(("due", self), now + self._wait)

    def _do_forget(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._request = None
        self._forget_dialog()

    def _forget_dialog(self) -> None:
        self._requests = None
        self._tag = ""
        self._notified = 0

    # --- SUBSCRIBE --------------------------------------------------------------------------------

    def _send(self, expires: int, now: float) -> None:
        self._expires = expires
        if self._requests is not None:
            self._request = self._requests.send("SUBSCRIBE", self, now, self._headers)
            return
        account = self.account
        self.call_id = self._context.tokens.hex(12)
        self._tag = self._context.tokens.hex(8)
        self._cseq = 0
        way = way_out(account, self._registration)
        self._sips = begins_with_sips(way.routes)
        plan = Plan(
            "SUBSCRIBE",
            str(account_uri(account)),
            way.path,
            self._next_cseq,
            lambda flow: [*self._identity(), *self._headers(flow)],
            way.routes,
            None,
            self._credentials,
            way.fallback,
        )
        self._request = ClientRequest(self._context, self._host, plan, self)
        self._request.start(now)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _local(self) -> str:
        return from_header("", account_uri(self.account), self._tag)

    def _identity(self) -> Lines:
        to = f"<{account_uri(self.account)}>"
        return [("From", self._local()), ("To", to), ("Call-ID", self.call_id)]

    def _headers(self, flow: Flow) -> Lines:
        context = self._context
        contact = context.contact(account_uri(self.account).user or "", flow, sips=self._sips)
        return [
            ("Contact", f"<{contact}>"),
            ("Event", PACKAGE),
            ("Accept", CONTENT_TYPE),
            ("Expires", str(self._expires)),
            ("User-Agent", context.settings.server),
        ]

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our SUBSCRIBE."""
        status = response.status
        if status < 200 or request is not self._request:
            return
        if status < 300:
            self._accepted(request, response, now)
        elif status == 481 and self._requests is not None:
            self._feed("gone", now)
        else:
            self._wait = NEVER_S if status in _NEVER else _retry_after(response)
            self._feed("failed", now)

    def _accepted(self, request: ClientRequest, response: Response, now: float) -> None:
        self._granted = _granted(response)
        if self._requests is not None:
            self._ended.worked()
        elif request.flow is not None and request.text is not None:
            dialog = Dialog.placed(request.text, response, request.flow)
            self._requests = DialogRequests(self._context, self._host, dialog, self._credentials)
        self._feed("accepted", now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody answered."""
        if request is self._request:
            self._wait = AGAIN_S
            self._feed("failed", now)


def report_summary(context: Context, account: str, request: Request) -> None:
    """Tell the service what a NOTIFY says; one without a readable body says nothing."""
    try:
        summary = parse_message_summary(request.body)
    except RemoteProtocolError:
        return
    context.report(MessagesWaiting(account, summary.waiting, summary.new, summary.old))


def _granted(response: Response) -> int:
    try:
        granted = parse_number(response.headers.get("expires") or "", "Expires")
    except RemoteProtocolError:
        return EXPIRES_S
    return min(granted, EXPIRES_S) or EXPIRES_S


def _retry_after(response: Response) -> float:
    try:
        asked = parse_retry_after(response.headers.get("retry-after") or "")
    except RemoteProtocolError:
        return AGAIN_S
    return min(max(asked, AGAIN_S), NEVER_S)
