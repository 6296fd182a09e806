"""One account's registration (RFC 3261 section 10): its states as a table, and what drives it.

Refreshed at half of what was granted, tried again with growing patience, moved to the next
registrar when one fails and back to the first when that works again, removed at stop. Whatever goes
wrong is kept in words for the owner.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import Account, RegistrationStatus
from gateway.sip.bindings import granted_s, register_uri
from gateway.sip.call_plan import account_uri, hop_of, loose_routes
from gateway.sip.client_request import ClientRequest, Plan, RequestHost
from gateway.sip.context import Context
from gateway.sip.digest_client import Credentials
from gateway.sip.events import RegistrationChanged
from gateway.sip.extension_headers import parse_number, parse_retry_after
from gateway.sip.headers import Via, split_addresses
from gateway.sip.message import Response
from gateway.sip.presentation import from_header
from gateway.sip.request_text import Lines
from gateway.sip.serializer import bracketed, reason_phrase
from gateway.sip.transaction import Table
from gateway.sip.wire import Flow

# Local events: start, stop, due (a refresh or a new try). The registrar's: granted, moved (granted,
# but we were seen from another address than our Contact says), failed, and removed.
REGISTRATION: Final[Table] = {
    "off": {"start": ("register", "trying"), "stop": ("nothing", "ended")},
    "trying": {
        "granted": ("keep", "registered"),
        "moved": ("register", "trying"),
        "failed": ("wait", "waiting"),
        "stop": ("wait_for_the_answer", "ending"),
    },
    "registered": {
        "due": ("register", "refreshing"),
        "stop": ("remove", "ending"),
    },
    # Still registered, for all the registrar knows, while a refresh is under way.
    "refreshing": {
        "granted": ("keep", "registered"),
        "moved": ("register", "refreshing"),
        "failed": ("wait", "waiting"),
        "stop": ("wait_for_the_answer", "ending"),
    },
    "waiting": {
        "due": ("register", "trying"),
        "stop": ("remove_if_known", "ending"),
    },
    "ending": {
        "granted": ("remove", "ending"),
        "moved": ("remove", "ending"),
        "failed": ("say_ended", "ended"),
        "removed": ("say_ended", "ended"),
    },
    "ended": {"start": ("register", "trying")},
}

# RFC 5626 section 4.5 with a shorter start: a registrar that restarts is back within seconds.
FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 300.0
# A wrong password does not get better by asking often, and some registrars ban who tries.
REFUSED_WAIT_S: Final = 60.0
_REFUSALS: Final = frozenset({401, 403, 404, 407, 484, 604})
_PREFERRED_AGAIN_S: Final = 300.0

_ALLOW: Final = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY")


class Registration:
    """The registration of one account. `flow` is the path that works, None where none does."""

    def __init__(
        self, context: Context, host: RequestHost, account: Account, credentials: Credentials
    ) -> None:
        self._context = context
        self._host = host
        self._credentials = credentials
        self._request: ClientRequest | None = None
        self._call_id = context.tokens.hex(12)
        self._tag = context.tokens.hex(8)
        self._cseq = 0
        self._expires = account.expires_s
        self._asked = 0
        self._failures = 0
        self._asked_to_wait = 0.0
        self._place = 0  # which registrar of the list
        self._preferred_tried = 0.0
        self._next_try: float | None = None
        self._granted_until: float | None = None
        self._error = ""
        self._contact = ""
        self._stale = ""  # a Contact of ours that the registrar still has
        self.account = account
        self.on_up: Callable[[float], None] = _nobody
        self.state = "off"
        self.history: tuple[str, ...] = ("off",)
        self.flow: Flow | None = None
        self.service_route: list[str] = []

    # --- what others read -----------------------------------------------------------------------

    @property
    def status(self) -> RegistrationStatus:
        """How it fares, for the owner."""
        shown = {"refreshing": "registered", "ending": "ended"}.get(self.state, self.state)
        return RegistrationStatus(
            self.account.name,
            shown,
            account_registrar(self.account, self._place),
            self._error,
            self._next_try,
            self._granted_until,
            self._contact,
        )

    @property
    def up(self) -> bool:
        """Whether calls can be placed and may come."""
        return self.state in {"registered", "refreshing"}

    @property
    def busy(self) -> bool:
        """Whether a registrar still has to hear that we leave."""
        return self.state == "ending"

    # --- what the stack does --------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Begin to register."""
        self._feed("start", now)

    def stop(self, now: float) -> None:
        """Take our Contact away (section 10.2.2)."""
        self._feed("stop", now)

    def renew(self, now: float) -> None:
        """The network changed or the connection is gone: register at once, by a path found anew."""
        self.flow = None
        if self.state in {"registered", "waiting"}:
            self._failures = 0
            self._feed("due", now)

    def timer(self, name: str, now: float) -> None:
        """A refresh or a new try is due."""
        self._feed("due", now)

    # --- the table at work ------------------------------------------------------------------------

    def _feed(self, event: str, now: float) -> None:
        entry = REGISTRATION[self.state].get(event)
        if entry is None:
            return
        action, state = entry
        if state != self.state:
            self.history = (*self.history[-7:], state)
        self.state = state
        getattr(self, "_do_" + action)(now)

    def _do_nothing(self, now: float) -> None:
        pass

    def _do_register(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._next_try = None
        self._send(self._expires, now)

    def _do_keep(self, now: float) -> None:
        self._stale = ""
        granted = (self._granted_until or now) - now
        # twilio.md 20: at half of what was granted, early enough for two more tries.
        self._again(now, granted / 2)
        self._failures = 0
        self._error = ""
        self._report()
        self.on_up(now)

    def _do_wait(self, now: float) -> None:
        wait = min(FIRST_WAIT_S * 2 ** min(self._failures - 1, 10), LONGEST_WAIT_S)
        self._again(now, max(self._jittered(wait), self._asked_to_wait))
        self._report()

    def _do_wait_for_the_answer(self, now: float) -> None:
        """The REGISTER that is under way must be answered before its binding can be removed."""

    def _do_remove(self, now: float) -> None:
        self._context.deadlines.cancel(("due", self))
        self._send(0, now)

    def _do_remove_if_known(self, now: float) -> None:
        if self._granted_until is not None and self._granted_until > now:
            self._do_remove(now)
        else:
            self._context.deadlines.cancel(("due", self))
            self._feed("removed", now)

    def _do_say_ended(self, now: float) -> None:
        self._granted_until = None
        self._next_try = None
        self.flow = None
        self._report()

    def _report(self) -> None:
        self._context.report(RegistrationChanged(self.status))

    def _again(self, now: float, wait: float) -> None:
        self._next_try = now + wait
        self._context.deadlines.set(("due", self), self._next_try)

    def _jittered(self, wait: float) -> float:
        """Half to all of it (RFC 5626 section 4.5): many clients must not come back at once."""
        return wait * (0.5 + int(self._context.tokens.hex(2), 16) / 0x1FFFE)

    # --- the REGISTER -----------------------------------------------------------------------------

    def _send(self, expires: int, now: float) -> None:
        account = self.account
        if self._place and now - self._preferred_tried > _PREFERRED_AGAIN_S and expires:
            self._place = 0
        if not self._place:
            self._preferred_tried = now
        self._asked = expires
        registrar = account_registrar(account, self._place)
        first = hop_of((*account.proxies, registrar)[0], account)
        plan = Plan(
            "REGISTER",
            register_uri(registrar),
            self.flow or first,
            self._next_cseq,
            self._headers,
            loose_routes(account.proxies),
            None,
            self._credentials,
            first if self.flow is not None else None,
            self._seen,
        )
        self._request = ClientRequest(self._context, self._host, plan, self)
        self._request.start(now)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _headers(self, flow: Flow) -> Lines:
        identity = account_uri(self.account)
        contact = self._contact_on(flow)
        if self._contact and self._contact != contact:
            self._stale = self._contact
        self._contact = contact
        contacts = f"<{contact}>;expires={self._asked}"
        if self._stale and self._stale != contact:
            # twilio.md 20: what nobody can reach any more must not ring.
            contacts += f", <{self._stale}>;expires=0"
        return [
            ("From", from_header(self.account.display_name, identity, self._tag)),
            ("To", f"<{identity}>"),
            ("Call-ID", self._call_id),
            ("Contact", contacts),
            ("Supported", "path"),
            _ALLOW,
            ("User-Agent", self._context.settings.server),
        ]

    def _contact_on(self, flow: Flow) -> str:
        user = account_uri(self.account).user
        host = bracketed(self._context.host_for(flow))
        return f"sip:{user}@{host}:{self._context.port_for(flow)};transport={flow.transport}"

    def _seen(self, flow: Flow, via: Via, now: float) -> None:
        """Where our request came from, as the registrar sees it (RFC 3581 section 4)."""
        host = (via.params.get("received") or "").strip("[]")
        port = via.params.get("rport") or ""
        if host and self._context.public.learn(
            self._context.settings, flow, host, int(port) if port.isdigit() else flow.local[1]
        ):
            self._host.public_address_changed(now)

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our REGISTER."""
        status = response.status
        if status < 200 or request is not self._request:
            return
        if status == 423 and self._take_min_expires(response):
            request.again(now)
        elif status >= 300:
            self._refused(request, response, now)
        elif not self._asked:
            self._feed("removed", now)
        else:
            self._granted(request, response, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No registrar answered, or none could be found."""
        if request is self._request:
            self._failed(f"{account_registrar(self.account, self._place)}: {why}", 0.0, now)

    def _granted(self, request: ClientRequest, response: Response, now: float) -> None:
        self.flow = request.flow
        assert self.flow is not None
        self._granted_until = now + granted_s(response, self._contact, self._asked)
        try:
            self.service_route = split_addresses(
                response.headers.get_all("service-route"), "Service-Route"
            )
        except RemoteProtocolError:
            self.service_route = []
        moved = self._contact_on(self.flow) != self._contact
        self._feed("moved" if moved else "granted", now)

    def _take_min_expires(self, response: Response) -> bool:
        """RFC 3261 section 10.2.8: the registrar wants longer intervals."""
        try:
            least = parse_number(response.headers.get("min-expires") or "", "Min-Expires")
        except RemoteProtocolError:
            return False
        if least <= self._asked or not self._asked:
            return False
        self._expires = self._asked = least
        return True

    def _refused(self, request: ClientRequest, response: Response, now: float) -> None:
        status = response.status
        text = f"{status} {response.reason or reason_phrase(status)}"
        if request.problem and status in {401, 407}:
            text = f"{text}: {request.problem}"
        wait = REFUSED_WAIT_S if status in _REFUSALS else 0.0
        with suppress(RemoteProtocolError):  # it is often not said
            wait = max(wait, parse_retry_after(response.headers.get("retry-after") or ""))
        self._failed(f"{account_registrar(self.account, self._place)}: {text}", wait, now)

    def _failed(self, why: str, wait: float, now: float) -> None:
        self.flow = None
        self._error = why
        self._asked_to_wait = wait
        others = len(self.account.registrars) - 1
        if self.state in {"trying", "refreshing"} and self._place < others:
            # The next one at once; after the last, a pause and the first again.
            self._place += 1
            self._send(self._expires, now)
            return
        self._place = 0
        self._failures += 1
        if self._granted_until is not None and self._granted_until <= now:
            self._granted_until = None
        self._feed("failed", now)


def _nobody(now: float) -> None:
    """Nobody waits for the registration to come up."""


def account_registrar(account: Account, place: int) -> str:
    """The registrar in use, as the owner wrote it."""
    return account.registrars[place] if account.registrars else ""
