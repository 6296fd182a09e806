"""A subscription to an account's message-summary (RFC 3842, RFC 6665), and what it tells."""

from __future__ import annotations

from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import Account
from gateway.sip.call_plan import account_uri, hop_of
from gateway.sip.client_request import ClientRequest, Plan, RequestHost
from gateway.sip.context import Context
from gateway.sip.dialog import Dialog
from gateway.sip.dialog_requests import DialogRequests
from gateway.sip.digest_client import Credentials
from gateway.sip.events import MessagesWaiting
from gateway.sip.extension_headers import parse_number, parse_subscription_state
from gateway.sip.message import Request, Response
from gateway.sip.message_summary import CONTENT_TYPE, parse_message_summary
from gateway.sip.presentation import from_header
from gateway.sip.registration import Registration
from gateway.sip.request_text import Lines
from gateway.sip.serializer import bracketed
from gateway.sip.transaction import Table
from gateway.sip.wire import Flow

EXPIRES_S: Final = 3600
AGAIN_S: Final = 300.0

SUBSCRIPTION: Final[Table] = {
    "off": {"start": ("subscribe", "asking"), "stop": ("nothing", "off")},
    "asking": {
        "accepted": ("keep", "up"),
        "failed": ("wait", "waiting"),
        "terminated": ("wait", "waiting"),
        "stop": ("forget", "off"),
    },
    "up": {
        "due": ("subscribe", "asking"),
        "terminated": ("wait", "waiting"),
        "stop": ("unsubscribe", "off"),
    },
    "waiting": {"due": ("subscribe", "asking"), "stop": ("forget", "off")},
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
        self._expires = EXPIRES_S
        self._granted = EXPIRES_S
        self._tag = ""
        self.call_id = ""
        self.account = account
        self.state = "off"

    def start(self, now: float) -> None:
        """The registration is up."""
        self._feed("start", now)

    def stop(self, now: float) -> None:
        """We leave."""
        self._feed("stop", now)

    def timer(self, name: str, now: float) -> None:
        """A refresh or a new try is due."""
        self._feed("due", now)

    def notified(self, request: Request, now: float) -> int:
        """A NOTIFY of this subscription; the status to answer with."""
        if self.state == "off" or request.to.tag != self._tag:
            return 481
        try:
            state = parse_subscription_state(request.headers.get("subscription-state") or "").state
        except RemoteProtocolError as error:
            return error.status_hint
        report_summary(self._context, self.account.name, request)
        if state == "terminated":
            self._feed("terminated", now)
        return 200

    # --- the table at work ------------------------------------------------------------------------

    def _feed(self, event: str, now: float) -> None:
        entry = SUBSCRIPTION[self.state].get(event)
        if entry is not None:
            action, self.state = entry
            getattr(self, "_do_" + action)(now)

    def _do_nothing(self, now: float) -> None:
        pass

    def _do_subscribe(self, now: float) -> None:
        self._expires = EXPIRES_S
        self._send(now)

    def _do_unsubscribe(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._expires = 0
        self._send(now)
        self._do_forget(now)

    def _do_keep(self, now: float) -> None:
        self._context.deadlines.set(("due", self), now + self._granted / 2)

    def _do_wait(self, now: float) -> None:
        self._do_forget(now)
        self._context.deadlines.set(("due", self), now + AGAIN_S)

    def _do_forget(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._requests = None

    # --- SUBSCRIBE --------------------------------------------------------------------------------

    def _send(self, now: float) -> None:
        if self._requests is not None:
            self._request = self._requests.send("SUBSCRIBE", self, now, self._headers)
            return
        account = self.account
        self.call_id = self._context.tokens.hex(12)
        self._tag = self._context.tokens.hex(8)
        path = self._registration.flow or hop_of(account.registrars[0], account)
        plan = Plan(
            "SUBSCRIBE",
            str(account_uri(account)),
            path,
            self._next_cseq,
            lambda flow: [*self._identity(), *self._headers(flow)],
            self._registration.service_route,
            None,
            self._credentials,
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
        address = f"{bracketed(context.host_for(flow))}:{context.port_for(flow)}"
        user = account_uri(self.account).user
        return [
            ("Contact", f"<sip:{user}@{address};transport={flow.transport}>"),
            ("Event", "message-summary"),
            ("Accept", CONTENT_TYPE),
            ("Expires", str(self._expires)),
            ("User-Agent", context.settings.server),
        ]

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our SUBSCRIBE."""
        if response.status < 200 or request is not self._request:
            return
        if response.status >= 300:
            self._feed("failed", now)
            return
        self._granted = _granted(response)
        if self._requests is None and request.flow is not None and request.text is not None:
            dialog = Dialog.placed(request.text, response, request.flow)
            self._requests = DialogRequests(self._context, self._host, dialog, self._credentials)
        self._feed("accepted", now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """Nobody answered."""
        if request is self._request:
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
    return max(60, min(granted, EXPIRES_S))
